"""Prometheus over its HTTP API: every question bounded in time and size, every fault one error."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime

import httpx
from pydantic import BaseModel, ValidationError

from hcmp_monitor.adapters import promql
from hcmp_monitor.domain.figures import Figures, History, Point, PrometheusDownError, Window

ANSWER_SECONDS = 2.0
MAX_ANSWER_BYTES = 32 * 1024 * 1024
MAX_NAMED_MACHINES = 100
RATE_SECONDS = 30

Sample = tuple[float, str]


class Series(BaseModel):
    """One series of an answer: `value` of an instant query, `values` of a range query."""

    metric: dict[str, str]
    value: Sample | None = None
    values: list[Sample] = []


class Data(BaseModel):
    result: list[Series]


class Answer(BaseModel):
    data: Data


class Prometheus:
    """A FigureSource. `client` follows no redirect and knows no proxy: it asks the URL that it is given."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def now(self, url: str, vm_ids: Sequence[str] | None) -> dict[str, Figures]:
        # A question that names many machines is slower than one about all.
        named = vm_ids if vm_ids is not None and len(vm_ids) <= MAX_NAMED_MACHINES else None
        matchers = promql.selector(named)
        queries = [
            promql.reachable(matchers),
            promql.processor(matchers, rate_seconds=RATE_SECONDS),
            promql.space(matchers),
        ]
        found: dict[str, dict[str, float]] = defaultdict(dict)
        for series in await self._ask_all(url, "query", [{"query": query} for query in queries]):
            if series.value is not None:
                found[series.metric.get("vm_id", "")][series.metric.get("figure", "")] = float(series.value[1])
        return {vm_id: _figures(values) for vm_id, values in found.items()}

    async def history(self, url: str, vm_id: str, asked: Window) -> History:
        matchers = promql.selector([vm_id])
        step = int(asked.step.total_seconds())
        bounds = {"start": str(asked.start.timestamp()), "end": str(asked.end.timestamp()), "step": str(step)}
        queries = [
            promql.processor(matchers, rate_seconds=int(asked.rate.total_seconds())),
            promql.space(matchers),
        ]
        found: dict[str, list[Point]] = {}
        for series in await self._ask_all(url, "query_range", [{"query": query, **bounds} for query in queries]):
            found[series.metric.get("figure", "")] = [
                (datetime.fromtimestamp(time, UTC), percent)
                for time, value in series.values
                if (percent := _percent(float(value))) is not None
            ]
        return History(
            cpu_percent=found.get("cpu_percent", ()),
            memory_percent=found.get("memory_percent", ()),
            disk_percent=found.get("disk_percent", ()),
        )

    async def _ask_all(self, url: str, path: str, questions: Sequence[dict[str, str]]) -> list[Series]:
        """All questions at once, within ANSWER_SECONDS together."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answers = await asyncio.gather(*(self._ask(url, path, question) for question in questions))
        except TimeoutError:
            raise PrometheusDownError(f"no answer within {ANSWER_SECONDS} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise PrometheusDownError(f"{type(error).__name__}: {error}") from error
        return [series for answer in answers for series in answer]

    async def _ask(self, url: str, path: str, question: dict[str, str]) -> list[Series]:
        body = bytearray()
        async with self._client.stream("POST", f"{url.rstrip('/')}/api/v1/{path}", data=question) as response:
            response.raise_for_status()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    raise ValueError(f"the answer is larger than {MAX_ANSWER_BYTES} bytes")
        try:
            return Answer.model_validate_json(bytes(body)).data.result
        except ValidationError as error:
            raise ValueError(f"not an answer of Prometheus: {error.error_count()} faults") from error


def _figures(values: dict[str, float]) -> Figures:
    """A machine that does not answer has no load, even where its last minute still stands in Prometheus."""
    up = values.get("up") == 1
    sampled_at = values.get("sampled_at")
    return Figures(
        up=up if "up" in values else None,
        cpu_percent=_percent(values.get("cpu_percent")) if up else None,
        memory_percent=_percent(values.get("memory_percent")) if up else None,
        disk_percent=_percent(values.get("disk_percent")) if up else None,
        sampled_at=datetime.fromtimestamp(sampled_at, UTC) if sampled_at is not None else None,
    )


def _percent(value: float | None) -> float | None:
    """Between 0 and 100 with two decimals; NaN (nothing divided by nothing) is no figure."""
    if value is None or value != value:  # noqa: PLR0124 - only NaN differs from itself
        return None
    return round(min(max(value, 0.0), 100.0), 2)
