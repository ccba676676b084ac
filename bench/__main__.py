"""Measure everything and print the table; `python -m bench appends` measures only what is named."""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable

import structlog
from rich.console import Console
from rich.table import Table

from bench import appends, provisioning, reservations
from bench.figures import Figure

MEASURES: dict[str, Callable[[], Awaitable[list[Figure]]]] = {
    "appends": appends.measure,
    "reservations": reservations.measure,
    "provisioning": provisioning.measure,
}


async def main(names: list[str]) -> None:
    table = Table("figure", "ours", "against", "ratio", "aim", title="H-CMP, measured in one run")
    for name in names or MEASURES:
        for figure in await MEASURES[name]():
            table.add_row(figure.name, figure.ours, figure.peer, f"{figure.ratio:.2f}", figure.aim)
    Console(width=120).print(table)


structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
asyncio.run(main(sys.argv[1:]))
