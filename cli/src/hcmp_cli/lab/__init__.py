"""The lab on this computer: its container engine, its images, its Prometheus and the life of its containers.

The machines themselves are made by the inventory service; what is made here and there is found again by
the label `hcmp.installation`.
"""

from hcmp_cli.lab.containers import remove_all, start_machines, stop_all
from hcmp_cli.lab.engine import ensure_engine
from hcmp_cli.lab.errors import EngineUnavailable, ImageBuildFailed, LabError, PackagesNotInstalled
from hcmp_cli.lab.images import Images, ensure_images
from hcmp_cli.lab.prometheus import start_prometheus

__all__ = [
    "EngineUnavailable",
    "ImageBuildFailed",
    "Images",
    "LabError",
    "PackagesNotInstalled",
    "ensure_engine",
    "ensure_images",
    "remove_all",
    "start_machines",
    "start_prometheus",
    "stop_all",
]
