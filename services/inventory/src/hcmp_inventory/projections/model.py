"""The inventory's read model. A change of its tables raises the version: it is then built anew from the log."""

from hcmp_eventstore.projection import ReadModel
from hcmp_inventory.projections.maintenance import MaintenanceProjection
from hcmp_inventory.projections.policies import PoliciesProjection
from hcmp_inventory.projections.pool import PoolProjection
from hcmp_inventory.projections.projects import ProjectsProjection
from hcmp_inventory.projections.queue import QueueProjection

MODEL = ReadModel(
    name="inventory",
    version=7,
    projections=(
        PoolProjection(),
        ProjectsProjection(),
        QueueProjection(),
        MaintenanceProjection(),
        PoliciesProjection(),
    ),
)
