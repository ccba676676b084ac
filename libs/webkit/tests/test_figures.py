"""Figures that are asked of a read model: they are the present ones, or none."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from math import isnan
from typing import Any, cast

import psycopg
from prometheus_client import CollectorRegistry, Gauge

from hcmp_webkit.figures import Figures


class Database:
    """A pool of connections that gives them out until it is down."""

    up = True

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        if not self.up:
            raise psycopg.OperationalError("the connection is lost")
        yield None


async def test_figures_of_a_database_that_is_gone_are_not_those_from_before_and_come_back_with_it() -> None:
    registry = CollectorRegistry()
    gauge = Gauge("hcmp_things", "Things", registry=registry)
    database = Database()

    async def ask(_: Any) -> Mapping[Gauge, float]:
        return {gauge: 3}

    def shown() -> float:
        value = registry.get_sample_value("hcmp_things")
        assert value is not None
        return value

    figures = Figures(cast("Any", database), ask)
    await figures.refresh()
    assert shown() == 3
    database.up = False
    await figures.refresh()
    assert isnan(shown())
    database.up = True
    await figures.refresh()
    assert shown() == 3
