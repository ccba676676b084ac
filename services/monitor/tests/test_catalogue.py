"""The catalogue of events, as a program outside reads it: without signing in."""

from httpx import ASGITransport, AsyncClient

from hcmp_contracts.asyncapi import document
from hcmp_monitor.api.application import application


async def test_anybody_reads_the_catalogue_of_events() -> None:
    transport = ASGITransport(application())
    async with AsyncClient(transport=transport, base_url="http://hcmp.test") as http:
        answer = await http.get("/asyncapi.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == document()
