"""Measure everything and print the table; `python -m bench appends` measures only what is named."""

import argparse
import asyncio
import gc
import logging
from collections.abc import Awaitable, Callable

import structlog
from rich.console import Console
from rich.table import Table

from bench import appends, health, live_log, pool, provisioning, rebuild, reservations
from bench.figures import Figure

MEASURES: dict[str, Callable[[], Awaitable[list[Figure]]]] = {
    "appends": appends.measure,
    "reservations": reservations.measure,
    "pool": pool.measure,
    "health": health.measure,
    "rebuild": rebuild.measure,
    "live-log": live_log.measure,
    "provisioning": provisioning.measure,
}


async def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("figures", nargs="*", help=f"some of {', '.join(MEASURES)}; all when none is named")
    parser.add_argument("--events", type=int, default=rebuild.events, help="how long the rebuilt log is")
    chosen = parser.parse_args()
    rebuild.events = chosen.events
    gc.freeze()  # as a service does when it starts, for ours and the peers alike
    table = Table("figure", "ours", "against", "ratio", "aim", title="H-CMP, measured in one run")
    for name in chosen.figures or MEASURES:
        for figure in await MEASURES[name]():
            table.add_row(figure.name, figure.ours, figure.peer, f"{figure.ratio:.2f}", figure.aim)
    Console(width=120).print(table)


structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
asyncio.run(main())
