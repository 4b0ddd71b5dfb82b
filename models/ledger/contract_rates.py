"""Our negotiated rates: what a contract makes of a list price, from which day on, for which models or SKUs.

The first rate that fits wins, in the order of `outlay.yaml`. What rates do to charges that a vendor gave as such is in
`sku_rates`. Public prices and bills do not belong here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from fnmatch import fnmatchcase

import polars as pl

from models.errors import OutlayError
from models.ledger.metering import PROCESSING_TIERS
from models.ledger.money import constant, product
from models.ledger.units import METERS
from models.table import MONEY

PRICE_CURRENCY = "USD"
"""What the price book, and so every price of a reading, is in."""


@dataclass(frozen=True)
class ContractRate:
    """One negotiated rate: a discount on list, or a price of its own per pricing unit.

    A rate that gives a `sku`, `service`, `region` or `instance_type` is for charges that a vendor gives as such, every
    other one for readings that we price. None means any. `model` is a shell pattern over the vendor's model name or the
    price book's, and so are `sku` (over SkuId, SkuPriceId and SkuMeter), `service`, `region`, `instance_type` and
    `issuer` over the charge's. From `valid_from` until the day before `valid_to`, UTC. A unit price stands as it is,
    whatever the tier's or geography's list price; of readings it is of one `meter`, in the price book's currency and
    unit, of charges it is in `currency` and, where `unit` is given, of that PricingUnit. `OutlayError` for a rate that
    cannot work.
    """

    name: str
    valid_from: date
    model: str = "*"
    provider: str | None = None
    source: str | None = None
    meter: str | None = None
    processing_tier: str | None = None
    discount_pct: Decimal | None = None
    unit_price: Decimal | None = None
    valid_to: date | None = None
    sku: str | None = None
    service: str | None = None
    region: str | None = None
    instance_type: str | None = None
    issuer: str | None = None
    unit: str | None = None
    currency: str = "USD"

    def __post_init__(self) -> None:
        for problem, remedy in self._problems():
            raise OutlayError(f"contract rate {self.name!r} {problem}", remedy=remedy)
        _ = [constant(value) for value in (self.part_of_list, self.unit_price) if value is not None]

    def _problems(self) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        if (self.discount_pct is None) == (self.unit_price is None):
            found.append(("names no price", "give either discount_pct or unit_price, not both"))
        elif self.unit_price is not None and self.unit_price < 0:
            found.append(("has a price below nothing", "a unit_price is not negative"))
        elif self.unit_price is not None and self.meter is None and not self.for_charges:
            found.append(("cannot be applied", "a unit_price needs a meter, for its unit, or a sku"))
        elif self.discount_pct is not None and not 0 <= self.discount_pct <= 100:
            found.append(("has a discount below 0 or above 100 %", "write 12.5 for a discount of 12.5 %"))
        if self.meter is not None and self.meter not in METERS:
            found.append((f"has an unknown meter {self.meter!r}", f"one of {', '.join(METERS)}"))
        if self.processing_tier is not None and self.processing_tier not in PROCESSING_TIERS:
            found.append((f"has an unknown tier {self.processing_tier!r}", f"one of {', '.join(PROCESSING_TIERS)}"))
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            found.append(("ends before it begins", "valid_to is the first day on which it no longer holds"))
        return found if self.for_charges else [*found, *self._problems_on_readings()]

    def _problems_on_readings(self) -> Iterator[tuple[str, str]]:
        """What readings do not tell: who bills them, and any currency and unit but those of the price book."""
        elsewhere = "or give a sku, service, region or instance_type, for charges that a vendor gives as such"
        if self.issuer is not None:
            yield (
                f"names the issuer {self.issuer!r}, which readings do not tell",
                f"name the contract's source, {elsewhere}",
            )
        if self.currency != PRICE_CURRENCY:
            yield f"is in {self.currency}, and readings are priced in {PRICE_CURRENCY}", f"write it so, {elsewhere}"
        meter = METERS.get(self.meter or "")
        priced = None if meter is None else meter.pricing_unit
        if self.unit is not None and self.unit != priced:
            told = "have units of many kinds" if priced is None else f"are priced per {priced!r}"
            yield f"is per {self.unit!r}, and readings {told}", f"leave the unit out, {elsewhere}"

    @property
    def for_charges(self) -> bool:
        """Whether it is for charges that a vendor gives as such."""
        return any(pattern is not None for pattern in (self.sku, self.service, self.region, self.instance_type))

    @property
    def starts(self) -> datetime:
        return datetime.combine(self.valid_from, time(), UTC)

    @property
    def ends(self) -> datetime | None:
        return None if self.valid_to is None else datetime.combine(self.valid_to, time(), UTC)

    def fits(self, keys: pl.DataFrame) -> pl.Series:
        """Which keys (source, provider, model, price_model, meter, processing_tier, at) this rate is for."""
        names = keys.select(pl.concat([pl.col("model"), pl.col("price_model")]).drop_nulls().unique()).to_series()
        chosen = [name for name in names if fnmatchcase(name, self.model)]
        fits = pl.col("at") >= self.starts
        if self.model != "*":
            fits &= pl.col("model").is_in(chosen) | pl.col("price_model").is_in(chosen)
        if self.ends is not None:
            fits &= pl.col("at") < self.ends
        for column, wanted in (
            ("source", self.source),
            ("provider", self.provider),
            ("meter", self.meter),
            ("processing_tier", self.processing_tier),
        ):
            if wanted is not None:
                fits &= pl.col(column) == wanted
        return keys.select(fits.fill_null(value=False)).to_series()

    @property
    def part_of_list(self) -> Decimal | None:
        """What of a list price a discount leaves; null for a price of its own."""
        return None if self.discount_pct is None else (100 - self.discount_pct) / 100

    def price(self) -> pl.Expr:
        """The contracted price per pricing unit, from `list_unit_price`."""
        if self.unit_price is not None:
            return constant(self.unit_price)
        return product(pl.col("list_unit_price"), constant(self.part_of_list or Decimal(0)))


def contracted_prices(keys: pl.DataFrame, contracts: Sequence[ContractRate]) -> pl.DataFrame:
    """The keys with `contracted_unit_price` (our rate, else list) and `contract` (its name, else null).

    Rates on SKUs fit no reading.
    """
    keys = keys.with_columns(contracted_unit_price=pl.col("list_unit_price"), contract=pl.lit(None, dtype=pl.String))
    for rate in _on_readings(contracts):
        applies = pl.lit(rate.fits(keys)) & pl.col("contract").is_null()
        keys = keys.with_columns(
            contracted_unit_price=pl.when(applies).then(rate.price()).otherwise("contracted_unit_price").cast(MONEY),
            contract=pl.when(applies).then(pl.lit(rate.name)).otherwise("contract"),
        )
    return keys


def change_instants(contracts: Sequence[ContractRate]) -> list[datetime]:
    """When contract prices of readings change."""
    return [instant for rate in _on_readings(contracts) for instant in (rate.starts, rate.ends) if instant is not None]


def _on_readings(contracts: Sequence[ContractRate]) -> list[ContractRate]:
    return [rate for rate in contracts if not rate.for_charges]
