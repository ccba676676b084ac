"""`python -m hcmp_archive.verify`: prove the log by the archive; one line of JSON on standard output."""

import asyncio
import json
import sys
from dataclasses import asdict

from hcmp_archive.adapters.entries import open_entries
from hcmp_archive.proof import Proof, prove
from hcmp_webkit import logs
from hcmp_webkit.platform import open_broker
from hcmp_webkit.settings import ServiceSettings


async def _proved(settings: ServiceSettings) -> Proof:
    async with (
        open_broker(settings, name="archive-verify") as client,
        open_entries(settings.database_url.get_secret_value()) as entries,
    ):
        return await prove(client, entries)


def main() -> None:
    logs.configure("archive", "WARNING")
    proof = asyncio.run(_proved(ServiceSettings()))
    sys.stdout.write(json.dumps(asdict(proof)) + "\n")


if __name__ == "__main__":
    main()
