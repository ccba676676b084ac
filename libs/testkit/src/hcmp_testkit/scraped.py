"""What Prometheus would see of a service."""

import httpx
from prometheus_client.parser import text_string_to_metric_families


async def scraped(http: httpx.AsyncClient) -> dict[str, float]:
    """Every figure of the service's /metrics as it is now, by its name and its labels' values: `up`, `up free`."""
    text = (await http.get("/metrics")).raise_for_status().text
    samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return {" ".join((sample.name, *sample.labels.values())): sample.value for sample in samples}
