"""What all simulated reports share on the wire: reading a query, refusing a bad one, buckets, pages and cursors.

How a vendor words its answers belongs to that vendor's wire module.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from connectors.simulator.draws import happens
from connectors.simulator.simulation import Simulation
from connectors.simulator.traffic import Usage

WIDTHS = {"1d": timedelta(days=1), "1h": timedelta(hours=1), "1m": timedelta(minutes=1)}
BUCKET_LIMITS = {"1d": (7, 31), "1h": (24, 168), "1m": (60, 1440)}
"""Default and maximum number of buckets of a page, by their width; the same at both vendors."""


class RefusalError(Exception):
    """A request that the vendor refuses: HTTP status, what it says, and the parameter that it complains of."""

    def __init__(self, status: int, message: str, *, kind: str = "invalid_request_error", parameter: str | None = None):
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind
        self.parameter = parameter


class Query:
    """The query of a request; array parameters with brackets and without are the same."""

    def __init__(self, text: str) -> None:
        self._values: dict[str, list[str]] = {}
        for name, values in parse_qs(text, keep_blank_values=True).items():
            self._values.setdefault(name.removesuffix("[]"), []).extend(values)

    def one(self, name: str) -> str | None:
        """The value of `name`, or None; refuses two of them."""
        values = self._values.get(name, [])
        if len(values) > 1:
            raise RefusalError(400, f"{name}: expected one value, got {len(values)}", parameter=name)
        return values[0] if values else None

    def required(self, name: str) -> str:
        value = self.one(name)
        if not value:
            raise RefusalError(400, f"Missing required parameter: '{name}'.", parameter=name)
        return value

    def many(self, name: str) -> tuple[str, ...]:
        return tuple(self._values.get(name, []))

    def choice(self, name: str, allowed: Sequence[str], default: str | None = None) -> str | None:
        """One of `allowed`; refuses any other value."""
        value = self.one(name)
        if value is not None and value not in allowed:
            raise RefusalError(400, f"{name}: must be one of {', '.join(allowed)}, got '{value}'.", parameter=name)
        return default if value is None else value

    def limit(self, default: int, maximum: int) -> int:
        """`limit` between 1 and `maximum`; refuses anything else."""
        value = self.one("limit") or str(default)
        if not value.isdigit() or not 1 <= int(value) <= maximum:
            raise RefusalError(400, f"limit: must be between 1 and {maximum}, got '{value}'.", parameter="limit")
        return int(value)

    def group_by(self, allowed: Sequence[str], *, at_most: int = 99, uncounted: Sequence[str] = ()) -> tuple[str, ...]:
        """The asked dimensions; refuses unknown ones and too many."""
        asked = tuple(dict.fromkeys(self.many("group_by")))
        for name in asked:
            if name not in allowed:
                raise RefusalError(
                    400, f"group_by: must be one of {', '.join(allowed)}, got '{name}'.", parameter="group_by"
                )
        if len([name for name in asked if name not in uncounted]) > at_most:
            raise RefusalError(400, f"group_by: at most {at_most} values are allowed.", parameter="group_by")
        return asked


def instant(value: str, parameter: str) -> datetime:
    """An RFC 3339 instant with a zone, or a whole day."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise RefusalError(400, f"{parameter}: not a valid RFC 3339 datetime.", parameter=parameter) from None
    if moment.tzinfo is None:
        if "T" in value or " " in value:
            raise RefusalError(400, f"{parameter}: must include a time zone.", parameter=parameter)
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)


def floor(moment: datetime, width: timedelta) -> datetime:
    """The start of the bucket that `moment` lies in, UTC."""
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (moment - midnight) // width * width


def bucket_starts(start: datetime, end: datetime, width: timedelta) -> list[datetime]:
    """The starts of all buckets from the one of `start` up to `end`."""
    first = floor(start, width)
    count = -((first - end) // width)
    return [first + position * width for position in range(max(count, 0))]


def usage_in(simulation: Simulation, source: str, start: datetime, width: timedelta) -> Sequence[Usage]:
    """What was used in the bucket that begins at `start`."""
    if width == WIDTHS["1d"]:
        return simulation.usage(source, start.date())
    if width == WIDTHS["1h"]:
        return simulation.usage_of_hour(source, start)
    return simulation.usage_of_minute(source, start)


@dataclass(frozen=True)
class Page:
    """Where a page begins, and whether it is one that the vendor sends twice."""

    position: int = 0
    again: bool = False

    def cursor(self) -> str:
        """An opaque cursor: nothing in it is meant to be read."""
        text = f"{self.position}.{int(self.again)}"
        check = hashlib.sha256(f"cursor {text}".encode()).hexdigest()[:12]
        return "page_" + base64.urlsafe_b64encode(f"{check}.{text}".encode()).decode()

    @classmethod
    def of(cls, query: Query) -> Page:
        cursor = query.one("page")
        if not cursor:
            return cls()
        try:
            _, position, again = base64.urlsafe_b64decode(cursor.removeprefix("page_")).decode().split(".")
            page = cls(int(position), again == "1")
        except (ValueError, binascii.Error):
            page = None
        if page is None or page.cursor() != cursor:
            raise RefusalError(400, "page: not a cursor that this endpoint gave out.", parameter="page")
        return page

    def next(self, size: int, total: int, *, twice: bool) -> str | None:
        """The cursor of what follows a page of `size` of `total` items; with `twice` this page comes again first."""
        if self.position + size >= total:
            return None
        if twice and not self.again:
            return Page(self.position, again=True).cursor()
        return Page(self.position + size).cursor()


def comes_twice(simulation: Simulation, *what: object) -> bool:
    """Whether the misbehaving vendor repeats this page or bucket."""
    return happens(150, simulation.seed, "twice", *what)


Dimensions = Callable[[Usage], Mapping[str, Any]]


def grouped(
    usages: Sequence[Usage], asked: Sequence[str], dimensions: Dimensions
) -> list[tuple[dict[str, Any], dict[str, int]]]:
    """Usage summed by the asked dimensions, in the order of first appearance: (dimensions, units by meter)."""
    groups: dict[tuple[Any, ...], tuple[dict[str, Any], dict[str, int]]] = {}
    for usage in usages:
        values = dimensions(usage)
        kept = {name: values[name] for name in asked}
        _, sums = groups.setdefault(tuple(kept.values()), (kept, {}))
        for meter, quantity in usage.quantities.items():
            sums[meter] = sums.get(meter, 0) + quantity
    return list(groups.values())
