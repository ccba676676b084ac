"""The monitor's read model: its questions share one schema and one checkpoint."""

from hcmp_eventstore.projection import ReadModel
from hcmp_monitor.projections.activity import Activity
from hcmp_monitor.projections.machines import Machines
from hcmp_monitor.projections.prometheus_url import PrometheusUrl

MODEL = ReadModel("monitor", 1, [Machines(), PrometheusUrl(), Activity()])
