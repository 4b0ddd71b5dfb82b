"""Capacity Blocks for ML: paid once up front, run in a window of instance-hours. The fee is a Purchase; each hour of an
instance in the block is Used and carries its share of the fee, what no instance used is Unused.

A month's share is the fee by the window's hours that lie in it, so that over the block used + unused is the fee. Where
window or hours are not known the fee stays where it was billed, and is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import polars as pl

from connectors.aws.charges import BilledBasis, billed, identity, plain_charges, with_unit_prices
from connectors.aws.line_item_types import LINE_ITEM_TYPES
from connectors.aws.options import CapacityBlockOption
from connectors.aws.slices import OpenFile
from connectors.protocol import Finding
from models.ledger.money import parse_money, split
from models.table import MONEY

_ARN = "capacity_reservation_capacity_reservation_arn"
_TYPE = "capacity_reservation_capacity_reservation_type"
_ZERO = pl.lit(Decimal(0), dtype=MONEY)
_SHORTEST = timedelta(hours=23)
_COMMITTED = ("SkuId", "SkuMeter", "SkuPriceDetails", "x_InstanceType", "RegionId", "RegionName", "x_VendorColumns")
_NOT_LOOKED_AT = (
    *("reservation_effective", "reservation_end", "reservation_net", "reservation_reservation", "reservation_start"),
    *("reservation_total", "reservation_unused", "savings_plan_", "split_line_item_", "product_", "not_understood"),
)
_SERVICE = ("ServiceName", "ServiceCategory", "ServiceSubcategory", "ServiceProviderName", "PublisherName")


@dataclass(frozen=True)
class Block:
    """One block: its window, the instance-hours that it reserves and what was paid."""

    id: str
    start: datetime
    end: datetime
    hours: Decimal
    fee: Decimal

    def within(self, start: datetime, end: datetime) -> tuple[Decimal, Decimal]:
        """Instance-hours and money of the block in `[start, end)`; over all stretches the money sums to the fee."""
        before, through = (self._paid_by(moment) for moment in (start, end))
        share = self._elapsed(end) - self._elapsed(start)
        return parse_money(self.hours * share)[0], through - before

    def _elapsed(self, moment: datetime) -> Decimal:
        whole = int((self.end - self.start).total_seconds())
        passed = int((min(max(moment, self.start), self.end) - self.start).total_seconds())
        return Decimal(passed) / Decimal(whole)

    def _paid_by(self, moment: datetime) -> Decimal:
        return self.fee if moment >= self.end else parse_money(self.fee * self._elapsed(moment))[0]


@dataclass(frozen=True)
class Settled:
    """What a month's held rows became, the rows themselves, and what a person should know."""

    charges: pl.DataFrame | None
    rows: pl.DataFrame | None
    findings: tuple[Finding, ...]


def is_of_an_unknown_kind() -> pl.Expr:
    """Hours in a reservation of which the bill does not say whether it is a block."""
    return (pl.col("role") == "usage") & pl.col(_ARN).is_not_null() & pl.col(_TYPE).is_null()


def is_of_a_block(known: Iterable[str]) -> pl.Expr:
    """Fees of blocks, and hours in a reservation that the bill calls a block, or that is one of the `known`."""
    kind = pl.col(_TYPE).str.to_lowercase().str.contains("block", literal=True).fill_null(value=False)
    return (pl.col("role") == "capacity_block") | (
        (pl.col("role") == "usage") & pl.col(_ARN).is_not_null() & (kind | pl.col(_ARN).is_in(list(known)))
    )


def reservations_of_fees(files: Iterable[OpenFile], usage_types: re.Pattern[str]) -> frozenset[str]:
    """Blocks whose fee the files hold, found ahead of their hours: a few columns of every row are read for it."""
    kinds = [name for name, kind in LINE_ITEM_TYPES.items() if kind.role in {"usage", "fee"}]
    found: set[str] = set()
    for file in files:
        for frame in file.texts(("line_item_line_item_type", "line_item_usage_type", "line_item_resource_id", _ARN)):
            fees = [text for text in frame["line_item_usage_type"].unique().drop_nulls() if usage_types.search(text)]
            rows = frame.filter(
                pl.col("line_item_usage_type").is_in(fees) & pl.col("line_item_line_item_type").is_in(kinds)
            )
            found.update(rows.select(pl.coalesce(_ARN, "line_item_resource_id")).to_series().drop_nulls())
        # the next file is opened when nobody holds this one
        del file
    return frozenset(found)


class HeldBlocks:
    """Rows of blocks, held until the whole month was read: hours may come before the fee."""

    def __init__(self, declared: Sequence[CapacityBlockOption], basis: BilledBasis) -> None:
        self._declared = {option.id: _declared_block(option) for option in declared}
        self._basis: BilledBasis = basis
        self._held: list[pl.DataFrame] = []

    @property
    def ids(self) -> list[str]:
        return list(self._declared)

    def add(self, frame: pl.DataFrame) -> None:
        """Rows of blocks; of their columns only those are kept that are looked at again."""
        if not frame.is_empty():
            self._held.append(frame.drop(name for name in frame.columns if name.startswith(_NOT_LOOKED_AT)))

    def charges(self, month: str, start: datetime, end: datetime) -> Settled:
        """Charges of the held rows, those rows themselves, and what was not known of blocks."""
        if not self._held:
            return Settled(None, None, ())
        rows = pl.concat(self._held).with_columns(
            block_id=pl.coalesce(_ARN, pl.when(pl.col("role") == "capacity_block").then("line_item_resource_id"))
        )
        fees, usage = rows.filter(pl.col("role") == "capacity_block"), rows.filter(pl.col("role") != "capacity_block")
        blocks, findings = self._blocks(fees)
        known = pl.col("block_id").is_in(list(blocks)).fill_null(value=False)
        frames = [
            plain_charges(frame.filter(~known), month=month, basis=self._basis).collect() for frame in (fees, usage)
        ]
        frames.append(_purchases(fees.filter(known), blocks, month, self._basis))
        frames += _run(rows.filter(known), blocks, month, (start, end), self._basis)
        unknown = usage.filter(~known & (pl.col(_TYPE).str.to_lowercase().str.contains("block", literal=True)))
        if unknown.height:
            detail = "hours in Capacity Blocks whose fee is of another month and not declared in capacity_blocks"
            findings = (*findings, Finding("capacity_block_unknown", detail, unknown.height))
        return Settled(pl.concat(frames, how="diagonal"), rows, findings)

    def _blocks(self, fees: pl.DataFrame) -> tuple[dict[str, Block], tuple[Finding, ...]]:
        """Declared blocks, and those whose fee rows say window and hours."""
        blocks, findings = dict(self._declared), list[Finding]()
        told = fees.group_by("block_id", maintain_order=True).agg(
            fee=billed(self._basis).sum(),
            hours=pl.col("line_item_usage_amount").sum(),
            in_hours=(pl.col("PricingUnit") == "Hours").all(),
            start=pl.col("line_item_usage_start_date").min(),
            end=pl.col("line_item_usage_end_date").max(),
        )
        for name, fee, hours, in_hours, start, end in told.iter_rows():
            if name in blocks:
                continue
            if name and in_hours and hours > 0 and fee > 0 and end - start >= _SHORTEST:
                blocks[name] = Block(name, start, end, hours, fee)
            else:
                detail = (
                    f"{name or 'a fee without reservation'}: the bill tells no window and hours; {fee} stays at the fee"
                )
                findings.append(Finding("capacity_block_not_amortised", detail))
        return blocks, tuple(findings)


def _declared_block(option: CapacityBlockOption) -> Block:
    hours = Decimal(int((option.end - option.start).total_seconds())) / Decimal(3600) * option.instances
    return Block(option.id, option.start, option.end, parse_money(hours)[0], parse_money(option.fee)[0])


def _commitment(name: pl.Expr, quantity: pl.Expr, status: str | None) -> dict[str, pl.Expr]:
    return {
        "CommitmentDiscountId": name,
        "CommitmentDiscountCategory": pl.lit("Usage"),
        "CommitmentDiscountType": pl.lit("Capacity Block"),
        "CommitmentDiscountStatus": pl.lit(status, dtype=pl.String),
        "CommitmentDiscountQuantity": quantity,
        "CommitmentDiscountUnit": pl.lit("Hours"),
        "CapacityReservationId": name,
        "CapacityReservationStatus": pl.lit(status, dtype=pl.String),
    }


def _purchases(fees: pl.DataFrame, blocks: dict[str, Block], month: str, basis: BilledBasis) -> pl.DataFrame:
    cost, name = billed(basis), pl.col("block_id")
    windows = pl.DataFrame(
        [(block.id, block.start, block.end, block.hours) for block in blocks.values()],
        schema={"block_id": pl.String, "from": pl.Datetime("us", "UTC"), "to": pl.Datetime("us", "UTC"), "all": MONEY},
        orient="row",
    )
    charges = (
        fees.lazy()
        .join(windows.lazy(), on="block_id", how="left")
        .select(
            *_COMMITTED,
            *_SERVICE,
            "SkuPriceId",
            "PricingUnit",
            **{
                **identity(month),
                **_commitment(name, pl.col("all"), None),
                "ResourceId": name,
                "ResourceType": pl.lit("Capacity Block"),
                "ChargePeriodStart": pl.min_horizontal("from", "line_item_usage_start_date"),
                "ChargePeriodEnd": pl.col("to"),
            },
            ChargeCategory=pl.lit("Purchase"),
            ChargeFrequency=pl.lit("One-Time"),
            PricingCategory=pl.lit("Standard"),
            PricingQuantity=pl.when(pl.col("line_item_usage_amount") > 0)
            .then("line_item_usage_amount")
            .otherwise(1)
            .cast(MONEY),
            BilledCost=cost,
            EffectiveCost=_ZERO,
            ListCost=cost,
            ContractedCost=cost,
        )
    )
    return with_unit_prices(charges).collect()


def _run(
    held: pl.DataFrame,
    blocks: dict[str, Block],
    month: str,
    period: tuple[datetime, datetime],
    basis: BilledBasis,
) -> list[pl.DataFrame]:
    """Used and unused rows of every known block in the month, and what else its instances bill (operating systems)."""
    frames: list[pl.DataFrame] = []
    start, end = period
    for block in blocks.values():
        hours, share = block.within(start, end)
        of_block = held.filter(pl.col("block_id") == block.id)
        rows = of_block.filter(pl.col("role") != "capacity_block")
        machines = pl.col("x_InstanceType").is_not_null() & (pl.col("PricingUnit") == "Hours")
        frames.append(_beside(rows, machines, month, basis))
        # rows of `UnusedBox` tell the idle hours, which are worked out here anyway
        inside = rows.filter(machines & pl.col("reservation_status").ne_missing(pl.lit("Unused")))
        worked: list[Decimal] = inside["line_item_usage_amount"].to_list()
        idle = max(hours - sum(worked, Decimal(0)), Decimal(0))
        if not share and not worked:
            continue
        parts = split(share, [*worked, idle]) if share else [Decimal(0)] * (len(worked) + 1)
        frames.append(_used(inside, block, parts[:-1], month))
        if idle and of_block.height:
            # an hour's SKU where there is one, else the fee's
            shown = rows.head(1) if rows.height else of_block.head(1)
            frames.append(_unused(shown, block, idle, parts[-1], month, (max(start, block.start), min(end, block.end))))
    return frames


def _beside(rows: pl.DataFrame, machines: pl.Expr, month: str, basis: BilledBasis) -> pl.DataFrame:
    """What instances of a block bill by themselves: money of theirs, hours of none."""
    paid = rows.filter(~machines | (billed(basis) != 0))
    charges = plain_charges(paid, month=month, basis=basis).collect()
    return charges.with_columns(
        x_InstanceType=pl.lit(None, dtype=pl.String),
        SkuId=pl.col("SkuId") + "/software",
        SkuPriceId=pl.col("SkuPriceId") + "/software",
        SkuPriceDetails=pl.lit(None, dtype=pl.String),
        CapacityReservationId=pl.lit(None, dtype=pl.String),
        CapacityReservationStatus=pl.lit(None, dtype=pl.String),
    )


def _used(inside: pl.DataFrame, block: Block, parts: list[Decimal], month: str) -> pl.DataFrame:
    amount, name = pl.col("line_item_usage_amount"), pl.lit(block.id)
    cost = pl.col("share")
    listed = pl.max_horizontal(pl.col("pricing_public_on_demand_cost").fill_null(_ZERO), cost)
    charges = (
        inside.with_columns(share=pl.Series(parts, dtype=MONEY))
        .lazy()
        .select(
            *_COMMITTED,
            *_SERVICE,
            "SkuPriceId",
            "PricingUnit",
            "ConsumedUnit",
            **{**identity(month), **_commitment(name, amount, "Used")},
            ChargeCategory=pl.lit("Usage"),
            ChargeFrequency=pl.lit("Usage-Based"),
            PricingCategory=pl.lit("Committed"),
            PricingQuantity=amount,
            ConsumedQuantity=amount,
            BilledCost=_ZERO,
            EffectiveCost=cost,
            ListCost=listed,
            ContractedCost=listed,
        )
    )
    return with_unit_prices(charges).collect()


def _unused(
    row: pl.DataFrame, block: Block, idle: Decimal, money: Decimal, month: str, when: tuple[datetime, datetime]
) -> pl.DataFrame:
    name, cost, hours = pl.lit(block.id), pl.lit(money, dtype=MONEY), pl.lit(idle, dtype=MONEY)
    charges = row.lazy().select(
        *_COMMITTED,
        *_SERVICE,
        "SkuPriceId",
        "PricingUnit",
        **{
            **identity(month),
            **_commitment(name, hours, "Unused"),
            "ResourceId": name,
            "ResourceType": pl.lit("Capacity Block"),
            "ChargePeriodStart": pl.lit(when[0]).cast(pl.Datetime("us", "UTC")),
            "ChargePeriodEnd": pl.lit(when[1]).cast(pl.Datetime("us", "UTC")),
            "ChargeDescription": pl.lit("Hours of a Capacity Block that no instance used"),
        },
        ChargeCategory=pl.lit("Usage"),
        ChargeFrequency=pl.lit("Usage-Based"),
        PricingCategory=pl.lit("Committed"),
        PricingQuantity=hours,
        BilledCost=_ZERO,
        EffectiveCost=cost,
        ListCost=cost,
        ContractedCost=cost,
    )
    return with_unit_prices(charges).collect()
