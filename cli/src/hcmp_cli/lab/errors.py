"""What can go wrong with the lab, each said in a sentence that a person can act on."""

from hcmp_cli.errors import LauncherError


class LabError(LauncherError):
    """The lab could not do what was asked."""


class EngineUnavailable(LabError):
    """No container engine answers, and none could be started."""


class PackagesNotInstalled(LabError):
    """Debian's packages that the lab needs could not be installed."""


class ImageBuildFailed(LabError):
    """An image of the lab could not be built."""
