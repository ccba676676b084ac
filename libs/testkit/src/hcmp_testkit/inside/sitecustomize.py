"""What Python reads first in every process of an installation that is tried by faults: its PYTHONPATH says so.

Only a service sets its traps; whatever else runs Python there, Ansible above all, is left alone.
"""

import os
import sys
from pathlib import Path

MODULES = {
    "hcmp_auth": "auth",
    "hcmp_inventory": "inventory",
    "hcmp_provisioner": "provisioner",
    "hcmp_provisioner.worker": "worker",
    "hcmp_monitor": "monitor",
    "hcmp_terminal": "terminal",
}

match sys.orig_argv:
    case [_, "-m", module] if module in MODULES and "HCMP_MOMENTS" in os.environ:
        from hcmp_testkit.traps import Trap, set_traps

        set_traps(Trap(Path(os.environ["HCMP_MOMENTS"]), MODULES[module]))
    case _:
        pass
