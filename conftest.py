"""Every test of the workspace may use the testkit's servers, and none has to be quick on a busy computer."""

from hypothesis import HealthCheck, settings

pytest_plugins = ["hcmp_testkit.plugin"]

settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")
