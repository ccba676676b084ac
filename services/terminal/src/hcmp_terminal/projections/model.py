"""The terminal's read model: its questions share one schema and one checkpoint."""

from hcmp_eventstore.projection import ReadModel
from hcmp_terminal.projections.machines import Machines
from hcmp_terminal.projections.sessions import Sessions

MODEL = ReadModel("terminal", 2, [Machines(), Sessions()])
