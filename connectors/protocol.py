"""What a connector is: `pull(window)` yields a vendor's answers, `translate` turns answers into rows.

`pull` does all the I/O and no reading; `translate` does all the reading and no I/O, so that a mended parser can
re-read an archived year. A connector knows nothing of the lake, the orchestrator or prices.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, Protocol

import httpx
import polars as pl
from pydantic import BaseModel

from models.ledger.billing import BILL_LINES
from models.ledger.estimates import USAGE_ESTIMATES
from models.ledger.focus import INVOICE_DETAIL
from models.ledger.metering import METER_READINGS
from models.table import MONEY


@dataclass(frozen=True, order=True)
class Window:
    """`[start, end)` in UTC."""

    start: datetime
    end: datetime

    @classmethod
    def of_period(cls, billing_period: str) -> Window:
        """The whole month of `YYYY-MM`."""
        start = datetime.strptime(billing_period, "%Y-%m").replace(tzinfo=UTC)
        return cls(start, (start + timedelta(days=32)).replace(day=1))

    @property
    def days(self) -> list[datetime]:
        """The starts of the UTC days that the window touches."""
        first = self.start.replace(hour=0, minute=0, second=0, microsecond=0)
        return [first + timedelta(days=n) for n in range(max((self.end - first + timedelta(hours=23)).days, 0))]

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d} to {self.end:%Y-%m-%d}"


@dataclass(frozen=True)
class FileReference:
    """A large export file that is archived by reference: where it lies, how long it is and what it hashes to."""

    url: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Answer:
    """One answer of a vendor, verbatim.

    `request` says what was asked, without secrets (path and query). `sequence` orders the pages of a stream.
    `facts` are the few response headers that translation needs (organisation id).
    """

    source: str
    stream: str
    window: Window
    request: Mapping[str, str]
    sequence: int
    fetched_at: datetime
    body: bytes | FileReference
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, order=True)
class Claim:
    """A source says: I am the authority of this role for this issuer's account in this period."""

    issuer: str
    account_id: str
    role: Literal["money", "usage"]


@dataclass(frozen=True)
class Finding:
    """Something a person should know about an answer: an unknown field, an unknown enum, rows kept though odd."""

    kind: str
    detail: str
    count: int = 1


def added_up(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The same finding of several files or parts once, with its count; in the order in which they came."""
    counts: Counter[tuple[str, str]] = Counter()
    for finding in findings:
        counts[finding.kind, finding.detail] += finding.count
    return tuple(Finding(kind, detail, count) for (kind, detail), count in counts.items())


NAMES_SCHEMA = pl.Schema(
    {"kind": pl.String, "id": pl.String, "name": pl.String, "observed_at": pl.Datetime("us", "UTC")}
)
"""What a pull saw of names; kind is project, api_key, user or account."""


AS_READ_SCHEMA = pl.Schema({"currency": pl.String, "rows": pl.Int64, "billed_cost": MONEY})
"""A vendor's own charges of the window as its answers hold them: how many, and their billed cost, by currency."""


@dataclass(frozen=True)
class ChargesPart:
    """A stretch of a vendor's own charges, small enough to be worked on at once: a file, or some rows of one.

    `charges` are `focus.cost_and_usage`, `as_read` (`AS_READ_SCHEMA`) is what was read of them before anything was made
    of it, against which they are proven. `readings` (`usage.meter_readings`) is the usage that these charges themselves
    pay for, or that no bill pays: it is kept, and nothing is estimated for it. `claims`, `missing` and `findings` are
    what this part adds to the translation's.
    """

    charges: pl.DataFrame
    as_read: pl.DataFrame
    readings: pl.DataFrame | None = None
    claims: tuple[Claim, ...] = ()
    missing: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Translation:
    """What answers mean: rows in the contracts of `models.ledger`, each frame possibly without rows.

    Token vendors fill `meter_readings` and `bill_lines`; vendors that already give charges fill `parts`, which are gone
    through once, one at a time, so that memory follows the largest part. `estimates` are the vendor's own (never added
    to billed money). `missing` lists what the window lacks to be proven complete; where it (or that of a part) is not
    empty the load is held. `totals` are the vendor's own token totals per `TOKEN_TOTALS_SCHEMA`, against which disjoint
    kinds are proven. `invoices` are lines of imported invoices. Names stay out of the rows (ids only): the
    pipeline dates and fills them.
    """

    meter_readings: pl.DataFrame = field(default_factory=METER_READINGS.empty)
    bill_lines: pl.DataFrame = field(default_factory=BILL_LINES.empty)
    estimates: pl.DataFrame = field(default_factory=USAGE_ESTIMATES.empty)
    names: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=NAMES_SCHEMA))
    totals: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=TOKEN_TOTALS_SCHEMA))
    invoices: pl.DataFrame = field(default_factory=INVOICE_DETAIL.empty)
    parts: Iterable[ChargesPart] = ()
    claims: tuple[Claim, ...] = ()
    missing: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


TOKEN_TOTALS_SCHEMA = pl.Schema(
    {
        "stream": pl.String,
        "window_start": pl.Datetime("us", "UTC"),
        "direction": pl.String,
        "tokens": pl.Int64,
    }
)
"""The vendor's own totals: direction is Input or Output; audio and image tokens included."""


class Connector(Protocol):
    """One configured source. Two methods wide, and to stay so."""

    @property
    def source(self) -> str:
        """The name in `outlay.yaml`."""
        ...

    def pull(self, window: Window) -> Iterator[Answer]:
        """Talk to the vendor. Raises members of `connectors.errors`; yields nothing that it did not receive."""
        ...

    def translate(self, window: Window, answers: Iterable[Answer]) -> Translation:
        """Pure. Raises `AnswerError` for answers that cannot be read."""
        ...


@dataclass(frozen=True)
class Surroundings:
    """What a connector gets from outside: injected, so that tests never patch anything."""

    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep
    transport: httpx.BaseTransport | None = None
    home: Path | None = None


@dataclass(frozen=True)
class ConnectorKind:
    """An entry of the registry: the word after `connector:` in `outlay.yaml`, its options and its maker.

    `periods_in` tells the billing periods, YYYY-MM, that an export holds now; None where a vendor is asked, not read.
    """

    name: str
    title: str
    options: type[BaseModel]
    make: Callable[[str, BaseModel, Surroundings], Connector]
    periods_in: Callable[[Any, Surroundings], list[str]] | None = None
