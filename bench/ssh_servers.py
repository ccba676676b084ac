"""Many machines in one process, as a prober sees them: `python -m bench.ssh_servers AUTHORITY` is an SSH server.

It lets in who brings a certificate of that authority, and says to every command how full its disk is and what time
it has. Its first line is its port and its host key. It costs less than OpenSSH does, which starts a process for
each connection: on one computer, what the machines take is taken from the prober.
"""

import asyncio
import sys
import time

import asyncssh

DISKS = "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda 100000000 1 90000000 1% /\n"


def _answer(process: asyncssh.SSHServerProcess[str]) -> None:
    process.stdout.write(f"{DISKS}{time.time()}\n")
    process.exit(0)


async def main(authority: str) -> None:
    host_key = asyncssh.generate_private_key("ssh-ed25519")
    trusted = asyncssh.import_authorized_keys(f"cert-authority {authority}\n")
    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[host_key],
        authorized_client_keys=trusted,
        process_factory=_answer,
        backlog=1000,
    )
    shown = " ".join(host_key.export_public_key().decode().split()[:2])
    sys.stdout.write(f"{server.get_port()} {shown}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
