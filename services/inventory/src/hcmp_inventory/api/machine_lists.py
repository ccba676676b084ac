"""Machines as CSV or YAML: a list that people made, whose every row is taken for itself.

Pitfalls that this file answers: spreadsheets write a byte order mark, semicolons, CRLF and empty last rows; a
private key is a cell of many lines; YAML's aliases grow without bound (they are refused, as deep nesting is) and
its bare words are truth values, which no field here takes. Nothing is ever evaluated, and no cell's content is
repeated in an answer.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import yaml
from pydantic import SecretStr, ValidationError

from hcmp_contracts.cause import Cause
from hcmp_inventory.api.models import NewMachineBody
from hcmp_webkit.problems import field_cause, field_name

ListFormat = Literal["csv", "yaml"]
MAX_ROWS = 200
MAX_DEPTH = 5
MAX_YAML_EVENTS = 50_000
COLUMNS = frozenset(
    (
        "name",
        "address",
        "ssh_host",
        "ssh_port",
        "ssh_user",
        "password",
        "private_key",
        "certificate",
        "exporter_port",
    )
)
LABEL = "labels."


class UnreadableListError(Exception):
    """The list as a whole cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Row:
    """`number` is the spreadsheet's (a CSV's title is row 1), or the place in a YAML list. Without a `machine`,
    `reason` says why, and so do the `causes`.
    """

    number: int
    name: str | None
    machine: NewMachineBody | None
    reason: str = ""
    causes: tuple[Cause, ...] = ()


class _UnreadableRowError(ValueError):
    """A row that no machine can be made of; the message says why, and the slug does."""

    def __init__(self, slug: str, sentence: str) -> None:
        super().__init__(sentence)
        self.slug = slug


def rows(content: str, form: ListFormat) -> list[Row]:
    """Every row of the list. Raises UnreadableListError."""
    text = content.removeprefix("\ufeff")
    if "\ufffd" in text or "\0" in text:
        raise UnreadableListError("It is not UTF-8 text.")
    given = list(_csv(text) if form == "csv" else _yaml(text))
    if len(given) > MAX_ROWS:
        raise UnreadableListError(f"It has {len(given)} rows; at most {MAX_ROWS} are taken at once.")
    seen: dict[str, int] = {}
    found = []
    for number, cells in given:
        row = _row(number, cells)
        if row.name is not None and row.machine is not None:
            first = seen.setdefault(row.name, number)
            if first != number:
                twice = Cause.of("row-name-twice", row=first)
                row = Row(number, row.name, None, f"The name stands in row {first} already.", (twice,))
        found.append(row)
    return found


def _csv(text: str) -> Iterator[tuple[int, Mapping[Any, Any]]]:
    title = text.partition("\n")[0]
    delimiter = max(",;\t", key=title.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        columns = [(column or "").strip() for column in reader.fieldnames or ()]
        _check(columns)
        reader.fieldnames = columns
        for number, cells in enumerate(reader, start=2):
            filled = {column: cell for column, cell in cells.items() if cell is not None and cell != ""}
            if filled:
                yield number, filled
    except csv.Error as error:
        raise UnreadableListError(f"It is not CSV: {error}.") from error


def _check(columns: list[str]) -> None:
    unknown = [column for column in columns if column not in COLUMNS and not column.startswith(LABEL)]
    if unknown or len(set(columns)) < len(columns) or not columns:
        known = ", ".join(sorted(COLUMNS))
        raise UnreadableListError(f"Its first row must name columns, each once, of these: {known}, labels.<name>.")


def _yaml(text: str) -> Iterator[tuple[int, Mapping[Any, Any]]]:
    try:
        _refuse_bombs(text)
        document = yaml.load(text, Loader=_LOADER)  # noqa: S506 - one of the safe loaders
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise UnreadableListError("It is not YAML, or uses more of it than a list of machines needs.") from error
    machines = document.get("machines") if isinstance(document, dict) else document
    if not isinstance(machines, list):
        raise UnreadableListError("It must be a list of machines, or have one under `machines`.")
    for number, cells in enumerate(machines, start=1):
        yield number, cells if isinstance(cells, dict) else {}


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _refuse_bombs(text: str) -> None:
    """Raises ValueError for aliases, deep nesting and endless documents, before anything is built of them."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=_LOADER)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if isinstance(event, yaml.AliasEvent) or depth > MAX_DEPTH or count > MAX_YAML_EVENTS:
            raise ValueError


def _row(number: int, cells: Mapping[Any, Any]) -> Row:
    name = cells.get("name")
    shown = name if isinstance(name, str) and len(name) <= 40 else None
    try:
        return Row(number, shown, _machine(cells))
    except ValidationError as error:
        faults = error.errors(include_input=False)[:5]
        reason = "; ".join(f"{field_name(fault['loc'])}: {fault['msg']}" for fault in faults)
        return Row(number, shown, None, reason, tuple(field_cause(fault, fault["loc"]) for fault in faults))
    except _UnreadableRowError as error:
        return Row(number, shown, None, str(error), (Cause.of(error.slug),))


def _machine(cells: Mapping[Any, Any]) -> NewMachineBody:
    if None in cells:
        raise _UnreadableRowError("row-too-long", "The row has more cells than the first row has columns.")
    if cells.get("password") and cells.get("private_key"):
        raise _UnreadableRowError("row-two-secrets", "A machine has a password or a private key, not both.")
    given: dict[str, Any] = {
        key: value
        for key, value in cells.items()
        if key not in ("password", "private_key") and not str(key).startswith(LABEL)
    }
    labels = {str(key)[len(LABEL) :]: value for key, value in cells.items() if str(key).startswith(LABEL)}
    secret = cells.get("password") or cells.get("private_key")
    if secret is not None:
        given["credential"] = SecretStr(secret) if isinstance(secret, str) else secret
    if labels:
        given["labels"] = labels | (given.get("labels") or {})
    return NewMachineBody.model_validate(given)
