"""`python -m hcmp_inventory.keys status|reencrypt`: secrets that are not sealed under the newest key, told or
rewritten.

The answer of both is one line of JSON on standard output: what is left. It may run beside the service, once that
one encrypts with the same key; it may be killed, and run again.
"""

import argparse
import asyncio
import json
import sys
from dataclasses import asdict

from uuid_utils.compat import uuid7

from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore
from hcmp_inventory.handlers.rotation import Outdated, Rotation
from hcmp_inventory.settings import KeySettings
from hcmp_webkit import logs
from hcmp_webkit.platform import open_broker
from hcmp_webkit.vault import Vault

SERVICE = "inventory"


async def _done(task: str, settings: KeySettings) -> Outdated:
    async with open_broker(settings, name=f"{SERVICE}-keys") as client:
        vault = Vault(settings.fernet_keys.get_secret_value())
        rotation = Rotation(EventStore(client, source=SERVICE), vault)
        if task == "reencrypt":
            await rotation.reencrypt(Context(actor=f"service/{SERVICE}", correlation_id=str(uuid7())))
        return await rotation.outdated()


def main() -> None:
    parser = argparse.ArgumentParser(description="Look after the keys that secrets are encrypted with.")
    parser.add_argument("task", choices=("status", "reencrypt"))
    task = parser.parse_args().task
    settings = KeySettings()
    logs.configure(SERVICE, "WARNING")
    sys.stdout.write(json.dumps(asdict(asyncio.run(_done(task, settings)))) + "\n")


if __name__ == "__main__":
    main()
