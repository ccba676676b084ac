"""Every test of the workspace may use the testkit's servers."""

pytest_plugins = ["hcmp_testkit.plugin"]
