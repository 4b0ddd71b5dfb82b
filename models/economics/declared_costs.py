"""Declared costs by day: owned hardware, people, subscriptions and support, until an invoice says otherwise.

Rules of money, 4. What is declared comes from outlay.yaml; whose it is stands with it. Every amount is split exactly:
the days of a life sum to what is written off, those of a month or a year to that month's or year's amount. Charges do
not belong here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

import dataframely as dy
import polars as pl

from models.ledger.money import constant, product, quotient, split
from models.table import MONEY, Table, instant, money, text

DECLARED_KINDS = ("owned_accelerators", "people", "subscription", "support", "other")
PARTS = ("depreciation", "electricity", "colocation", "people", "fee")
STANDINGS = ("declared", "invoiced")
DECLARED_TAG = "outlay:declared_cost"
"""Tag of charges that take the place of a declared cost: they belong to whom that belongs, in its component."""

_ZERO = Decimal(0)
_HOURS = 24
Shares = Mapping[date, Decimal]
"""Amounts by day."""


@dataclass(frozen=True, kw_only=True)
class DeclaredCost(ABC):
    """What every declared cost says: its name, whose it is, and from when until the day before `valid_to` it holds."""

    name: str
    kind: str
    currency: str
    component: str
    vendor: str | None = None
    team: str | None = None
    cost_centre: str | None = None
    product: str | None = None
    use_case: str | None = None
    environment: str | None = None
    pool: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None

    @property
    def begins(self) -> date | None:
        """The first day of it; null where it does not say."""
        return self.valid_from

    @property
    def ends(self) -> date | None:
        """The first day after it; null where it does not say."""
        return self.valid_to

    @abstractmethod
    def parts(self, start: date, end: date) -> Iterator[tuple[str, Shares]]:
        """Each part with its amount by day, in [`start`, `end`); what nothing is paid for is no part."""


@dataclass(frozen=True, kw_only=True)
class OwnedAccelerators(DeclaredCost):
    """Accelerators of our own, all of them together: written off by the day of their life, with power and place.

    Power and place are paid from `in_service` until `valid_to`, or the end of the life where none is given. After
    its life the hardware costs nothing more but those.
    """

    accelerator: str
    count: int
    purchase_price: Decimal
    residual_value: Decimal
    in_service: date
    life_months: int
    power_kw: Decimal
    pue: Decimal
    electricity_price_per_kwh: Decimal
    colocation_per_month: Decimal

    @property
    def begins(self) -> date:
        return max(self.in_service, self.valid_from or self.in_service)

    @property
    def ends(self) -> date:
        return self.valid_to or self.written_off

    @property
    def written_off(self) -> date:
        """The first day after its life: so many calendar months after it went into service."""
        return months_later(self.in_service, self.life_months)

    @property
    def electricity_per_day(self) -> Decimal:
        """kW × PUE × 24 hours, at the price of a kWh; kWh and cost are each rounded once, to 12 places."""
        kilowatts = product(constant(self.power_kw), constant(self.pue))
        cost = product(product(kilowatts, constant(_HOURS)), constant(self.electricity_price_per_kwh))
        return pl.select(cost).item()

    def parts(self, start: date, end: date) -> Iterator[tuple[str, Shares]]:
        life = _days(self.in_service, self.written_off)
        shares = dict(
            zip(life, split(self.purchase_price - self.residual_value, [Decimal(1)] * len(life)), strict=True)
        )
        yield "depreciation", {day: shares.get(day, _ZERO) for day in _days(start, end)}
        if self.electricity_per_day:
            yield "electricity", dict.fromkeys(_days(start, end), self.electricity_per_day)
        if self.colocation_per_month:
            yield "colocation", _by_calendar(self.colocation_per_month, "month", start, end)


@dataclass(frozen=True, kw_only=True)
class People(DeclaredCost):
    """People who work on AI, all of them together, with the share of their time that it is."""

    annual_cost: Decimal
    share_pct: Decimal

    def parts(self, start: date, end: date) -> Iterator[tuple[str, Shares]]:
        annual = quotient(product(constant(self.annual_cost), constant(self.share_pct)), constant(100))
        yield "people", _by_calendar(pl.select(annual).item(), "year", start, end)


@dataclass(frozen=True, kw_only=True)
class Fee(DeclaredCost):
    """A fixed fee for all seats together, a calendar month or year."""

    amount: Decimal
    per: Literal["month", "year"]

    def parts(self, start: date, end: date) -> Iterator[tuple[str, Shares]]:
        yield "fee", _by_calendar(self.amount, self.per, start, end)


def months_later(day: date, months: int) -> date:
    """The same day so many calendar months later, or that month's last: 31 January and a month is 28 February."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _by_calendar(amount: Decimal, per: Literal["month", "year"], start: date, end: date) -> Shares:
    """`amount` of each calendar month or year over all of its days, exactly; those in [`start`, `end`)."""
    shares: dict[date, Decimal] = {}
    first = start.replace(day=1) if per == "month" else start.replace(month=1, day=1)
    while first < end:
        following = months_later(first, 1 if per == "month" else 12)
        days = _days(first, following)
        shares.update(zip(days, split(amount, [Decimal(1)] * len(days)), strict=True))
        first = following
    return {day: share for day, share in shares.items() if start <= day < end}


def _days(start: date, end: date) -> list[date]:
    return [start + timedelta(days=n) for n in range((end - start).days)]


class DeclaredCosts(dy.Schema):
    """One row per declared cost, part of it and UTC day; amounts in `currency`."""

    name = text("Name of the cost in outlay.yaml")
    kind = text("What it is", values=DECLARED_KINDS)
    part = text("What of it the amount is for", values=PARTS)
    day = instant("UTC day")
    vendor = text("Who is paid, as far as it is said", nullable=True)
    accelerator_type = text("Accelerator, for owned accelerators", nullable=True)
    accelerator_hours = money(
        "Accelerator-hours that were there on that day; on the depreciation row only", nullable=True
    )
    component = text("Component of the AI stack", nullable=True)
    layer = text("Layer of the stack", nullable=True)
    team = text("Team; null is unallocated, or in a pool", nullable=True)
    cost_centre = text("Cost centre", nullable=True)
    product = text("Product", nullable=True)
    use_case = text("Use case", nullable=True)
    environment = text("Environment", nullable=True)
    pool = text("Shared pool that it is split from", nullable=True)
    standing = text("declared: it counts; invoiced: an invoice took its place, and it counts 0", values=STANDINGS)
    invoice_id = text("Invoice that took its place", nullable=True)
    currency = text("ISO 4217 code of the amounts")
    declared_cost = money("What was declared for that day")
    effective_cost = money("What counts: declared_cost, or 0 where an invoice took its place")


DECLARED_COSTS = Table(
    name="declared_costs",
    schema="marts",
    kind="mart",
    grain="declared cost × part × day",
    meaning="Costs that no API bills, by day as outlay.yaml declares them, until an invoice is imported.",
    contract=DeclaredCosts,
)

INVOICED_DAYS_SCHEMA = pl.Schema({"name": pl.String, "part": pl.String, "day": pl.Date, "invoice_id": pl.String})
"""Days of declared costs that the ledger holds an invoice's charges of; without a part it is every part."""


def declared_costs(
    costs: Sequence[DeclaredCost],
    invoiced: pl.DataFrame,
    *,
    since: date,
    through: date,
    layers: Mapping[str, str],
) -> pl.DataFrame:
    """`marts.declared_costs` of `costs` through the day `through`, sorted by name, part and day.

    `since`: the first day of a cost that does not say from when it holds. `invoiced` (`INVOICED_DAYS_SCHEMA`): these
    days count 0, for their charges count already. `layers`: the layer of each component. Raises `MoneyError` for a
    figure that 12 places cannot hold.
    """
    until = through + timedelta(days=1)
    parts = [
        _part(cost, part, shares)
        for cost in costs
        for part, shares in cost.parts(cost.begins or since, min(until, cost.ends or until))
    ]
    rows = pl.concat([pl.DataFrame(schema=_DECLARED_SCHEMA), *parts])
    replaced = invoiced.group_by("name", "part", "day").agg(pl.col("invoice_id").min())
    of_part = replaced.drop_nulls("part")
    of_all = replaced.filter(pl.col("part").is_null()).select("name", "day", of_all="invoice_id")
    return DECLARED_COSTS.check(
        rows.join(of_part, on=["name", "part", "day"], how="left")
        .join(of_all, on=["name", "day"], how="left")
        .with_columns(
            invoice_id=pl.coalesce("invoice_id", "of_all"),
            day=pl.col("day").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
            layer=pl.col("component").replace_strict(layers, default=None, return_dtype=pl.String),
        )
        .with_columns(
            standing=pl.when(pl.col("invoice_id").is_null()).then(pl.lit("declared")).otherwise(pl.lit("invoiced")),
            effective_cost=pl.when(pl.col("invoice_id").is_null()).then("declared_cost").otherwise(constant(0)),
        )
        .sort("name", "part", "day")
        .select(list(DECLARED_COSTS.polars_schema))
    )


_SAID_OF_IT = (
    "name", "kind", "currency", "component", "vendor", "team", "cost_centre", "product", "use_case", "environment",
    "pool",
)  # fmt: skip
_DECLARED_SCHEMA = pl.Schema(
    {
        **dict.fromkeys(_SAID_OF_IT, pl.String()),
        "part": pl.String(),
        "accelerator_type": pl.String(),
        "accelerator_hours": MONEY,
        "day": pl.Date(),
        "declared_cost": MONEY,
    }
)


def _part(cost: DeclaredCost, part: str, shares: Shares) -> pl.DataFrame:
    """One part of a cost by day; accelerator-hours stand with the depreciation, so that they are counted once."""
    owned = cost if isinstance(cost, OwnedAccelerators) else None
    days = {"day": list(shares), "declared_cost": list(shares.values())}
    return pl.DataFrame(days, schema={"day": pl.Date, "declared_cost": MONEY}).select(
        *(pl.lit(getattr(cost, name), dtype=pl.String).alias(name) for name in _SAID_OF_IT),
        pl.lit(part).alias("part"),
        pl.lit(owned and owned.accelerator, dtype=pl.String).alias("accelerator_type"),
        pl.lit(owned.count * _HOURS if owned and part == "depreciation" else None, dtype=MONEY).alias(
            "accelerator_hours"
        ),
        "day",
        "declared_cost",
    )
