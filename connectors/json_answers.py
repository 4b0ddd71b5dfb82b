"""Reading JSON answers: strict about types, lenient about what is new.

Here belong the parsing of a body, typed columns out of JSON objects, and the tally of what a person should know
(unknown fields, unknown words, clock skew). What a field means belongs to its vendor's connector.
"""

from __future__ import annotations

import email.utils
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from connectors.errors import AnswerError
from connectors.http import read_json
from connectors.protocol import Answer, Finding

Row = Mapping[str, Any]
_SKEW = timedelta(minutes=5)
_REMEDY = "nothing was loaded; if the vendor's format has changed, please report it with the archived answer"


def unreadable(answer: Answer, what: str) -> AnswerError:
    """The error of an answer that is not what the vendor promises."""
    return AnswerError(
        f"page {answer.sequence + 1} cannot be read: {what}",
        remedy=_REMEDY,
        source=answer.source,
        stream=answer.stream,
        window=str(answer.window),
    )


class Tally:
    """Counts what a person should know, by kind and detail, in order of first sight."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()

    def note(self, kind: str, detail: str, count: int = 1) -> None:
        if count:
            self._counts[kind, detail] += count

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(Finding(kind, detail, count) for (kind, detail), count in self._counts.items())


def read_object(answer: Answer) -> dict[str, Any]:
    """The JSON object of an answer, fractions as Decimal. Raises AnswerError."""
    if not isinstance(answer.body, bytes):
        raise unreadable(answer, "it is a file by reference")
    try:
        payload = read_json(answer.body)
    except (ValueError, RecursionError) as error:
        raise unreadable(answer, f"it is not JSON ({error})") from None
    if not isinstance(payload, dict):
        raise unreadable(answer, "it is not a JSON object")
    return payload


def read_rows(answer: Answer, holder: Mapping[str, Any], name: str) -> list[Row]:
    """The list of objects under `name`. Raises AnswerError."""
    rows = holder.get(name)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise unreadable(answer, f"`{name}` is no list of objects")
    return rows


def read_instant(answer: Answer, value: object) -> datetime:
    """A UTC instant from Unix seconds or RFC 3339. Raises AnswerError."""
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        if isinstance(value, str):
            instant = datetime.fromisoformat(value)
            if instant.tzinfo is not None:
                return instant.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise unreadable(answer, f"{value!r} is no instant in UTC")


def whole_numbers(answer: Answer, rows: Sequence[Row], name: str, *, required: bool = False) -> pl.Series:
    """A field of counts: Int64, null where absent. Raises AnswerError for fractions, text and negative counts."""
    values = [row.get(name) for row in rows]
    if not {type(value) for value in values} <= {int, type(None)}:
        values = [_as_int(answer, name, value) for value in values]
    try:
        column = pl.Series(name, values, dtype=pl.Int64, strict=True)
    except (TypeError, OverflowError, pl.exceptions.PolarsError):
        raise unreadable(answer, f"`{name}` holds a number beyond 64 bits") from None
    if (column < 0).any():
        raise unreadable(answer, f"`{name}` is negative")
    if required and column.null_count():
        raise unreadable(answer, f"`{name}` is missing")
    return column


def _as_int(answer: Answer, name: str, value: object) -> int | None:
    """Counts written as 12.0 are still counts; anything else is not."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, Decimal) and value == value.to_integral_value() and abs(value) < 2**63:
        return int(value)
    raise unreadable(answer, f"`{name}` holds {str(value)[:40]!r}, which is no whole number")


def words(answer: Answer, rows: Sequence[Row], name: str) -> pl.Series:
    """A field of text: String, null where absent; '' stays ''. Raises AnswerError for anything else."""
    values = [row.get(name) for row in rows]
    if not {type(value) for value in values} <= {str, type(None)}:
        raise unreadable(answer, f"`{name}` holds something that is no text")
    return pl.Series(name, values, dtype=pl.String, strict=True)


def truths(answer: Answer, rows: Sequence[Row], name: str) -> pl.Series:
    """A field of yes and no: Boolean, null where absent. Raises AnswerError for anything else."""
    values = [row.get(name) for row in rows]
    if not {type(value) for value in values} <= {bool, type(None)}:
        raise unreadable(answer, f"`{name}` holds something that is neither true nor false")
    return pl.Series(name, values, dtype=pl.Boolean, strict=True)


def note_unknown_fields(tally: Tally, stream: str, rows: Iterable[Row], known: frozenset[str]) -> None:
    """New fields are kept in the archive and told of, never an error."""
    counts = Counter(name for row in rows for name in row.keys() - known)
    for name, count in sorted(counts.items()):
        tally.note("unknown field", f"{stream}: {name}", count)


def note_clock_skew(tally: Tally, answer: Answer) -> None:
    """Days are cut by clocks: more than five minutes between the vendor's and ours is worth a look."""
    try:
        said = email.utils.parsedate_to_datetime(answer.facts["date"])
    except (KeyError, ValueError):
        return
    skew = answer.fetched_at - said.replace(tzinfo=said.tzinfo or UTC)
    if abs(skew) > _SKEW:
        side = "ahead of" if skew > timedelta() else "behind"
        tally.note("clock skew", f"our clock is more than 5 minutes {side} the vendor's; days may be cut wrongly")
