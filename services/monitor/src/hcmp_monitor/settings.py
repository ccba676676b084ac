"""The settings of the monitor."""

from hcmp_webkit.settings import ServiceSettings


class MonitorSettings(ServiceSettings):
    """`prometheus_url` is asked as long as the platform's settings name no other."""

    prometheus_url: str = "http://127.0.0.1:8190"
