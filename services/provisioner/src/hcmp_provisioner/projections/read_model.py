"""The one read model of this service: its projections share a checkpoint."""

from hcmp_eventstore.projection import ReadModel
from hcmp_provisioner.projections.accounts import Accounts
from hcmp_provisioner.projections.machines import Machines
from hcmp_provisioner.projections.maintenance import Maintenance
from hcmp_provisioner.projections.projects import Projects
from hcmp_provisioner.projections.steps import Steps

READ_MODEL = ReadModel("provisioner", 3, (Accounts(), Maintenance(), Projects(), Steps(), Machines()))
