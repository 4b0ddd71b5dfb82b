"""What a person should know of a month's bill, gathered slice by slice: words that are not understood with their money,
strangers among the payers, discounts that are not in what is billed, shares of split costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

import polars as pl

from connectors.aws.charges import billed
from connectors.aws.options import AwsOptions
from connectors.errors import AnswerError
from connectors.protocol import Finding

_CURRENCY = "line_item_currency_code"
_PARENT = pl.col("split_line_item_parent_resource_id")
_NET, _UNBLENDED = pl.col("line_item_net_unblended_cost"), pl.col("line_item_unblended_cost")

_EFFECTIVE = {
    "covered_reservation": ("DiscountedUsage", "reservation_effective_cost"),
    "covered_savings_plan": ("SavingsPlanCoveredUsage", "savings_plan_savings_plan_effective_cost"),
}
"""Covered usage → AWS's word for it, and the column that tells what it costs in effect."""
_UNUSED_IS_UNKNOWN = pl.any_horizontal(
    (pl.col("role") == role) & pl.all_horizontal(pl.col(name).is_null() for name in names)
    for role, *names in (
        ("savings_plan_fee", "savings_plan_used_commitment"),
        (
            "reservation_fee",
            "reservation_unused_amortized_upfront_fee_for_billing_period",
            "reservation_unused_recurring_fee",
        ),
    )
)


class Noticed:
    """Findings of one month; the same one of several slices is told once, with its sum."""

    def __init__(self, options: AwsOptions) -> None:
        self._options = options
        self._counts: Counter[tuple[str, str]] = Counter()
        self._money: dict[tuple[str, str, str], tuple[Decimal, int]] = {}
        self._has_discount_rows = False
        self._has_net_discounts = False
        self._rows_without_net: tuple[int, Decimal] = (0, Decimal(0))
        self._without_effective: Counter[str] = Counter()

    def add(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self._counts[finding.kind, finding.detail] += finding.count

    def look(self, rows: pl.DataFrame) -> None:
        """Rows with their facts: what of them is not understood, or not in what is billed."""
        if rows["not_understood"].null_count() < rows.height:
            told = rows.select(_CURRENCY, what="not_understood", money=billed(self._options.billed_cost))
            self._sum("not_understood", told.drop_nulls("what"))
        if rows["line_item_net_unblended_cost"].null_count() < rows.height:
            self._has_discount_rows = self._has_discount_rows or bool((rows["role"] == "discount").any())
            if self._options.billed_cost == "unblended":
                what = pl.lit("net cost less unblended cost, not in what is billed")
                apart = rows.select(_CURRENCY, what=what, money=_NET - _UNBLENDED).filter(pl.col("money") != 0)
                self._sum("discounts_outside_billed", apart)
        if self._options.billed_cost == "net":
            self._look_twice(rows)

    def _look_twice(self, rows: pl.DataFrame) -> None:
        """Raises `AnswerError` where discounts are in net costs and in rows of their own that have no net cost: what is
        billed would be less by them twice."""
        is_discount = pl.col("role") == "discount"
        apart = rows.filter(~is_discount & (_NET != _UNBLENDED))
        without = rows.filter(is_discount & _NET.is_null() & (_UNBLENDED != 0))["line_item_unblended_cost"]
        self._has_net_discounts = self._has_net_discounts or apart.height > 0
        count, money = self._rows_without_net
        self._rows_without_net = count + len(without), money + sum(without.to_list(), Decimal(0))
        count, money = self._rows_without_net
        if self._has_net_discounts and count:
            raise AnswerError(
                f"the report tells discounts twice: in line_item_net_unblended_cost, and in {count} rows of discounts "
                f"({money.normalize():f}) without a net cost",
                remedy="set `billed_cost: unblended`, which counts those rows, or ask AWS for one kind of discounts",
            )

    def without_effective(self, covered: pl.DataFrame, effective: pl.Expr) -> None:
        """Covered usage whose effective cost the bill does not tell, and fees whose unused part it does not."""
        lost = covered.filter(pl.col("role").is_in(list(_EFFECTIVE)) & effective.is_null())
        self._without_effective.update(lost["role"].to_list())

        fees = covered.filter(_UNUSED_IS_UNKNOWN).height
        if fees:
            detail = "fees of commitments whose unused part the report does not tell: taken as nothing"
            self._counts["unused_cost_unknown", detail] += fees

    def missing(self) -> tuple[str, ...]:
        """What the month cannot be loaded without: covered usage would cost nothing in effect, and its fees do not."""
        return tuple(
            f"{column} of {self._without_effective[role]} rows of {kind}: export the table with {column}"
            for role, (kind, column) in _EFFECTIVE.items()
            if self._without_effective[role]
        )

    def without_split(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows without the shares of split cost allocation, whose money their parents bill; a share that bills money of
        its own stays."""
        if rows["split_line_item_parent_resource_id"].null_count() == rows.height:
            return rows
        is_share = (_PARENT.is_not_null() & (_UNBLENDED.fill_null(0) == 0)).fill_null(value=False)
        shares = rows.filter(is_share)
        allocated = pl.col("split_line_item_split_cost").fill_null(0) + pl.col("split_line_item_unused_cost").fill_null(
            0
        )
        what = pl.lit("split cost of containers and pods, billed by their parents and not counted again")
        self._sum("split_cost_allocation", shares.with_columns(what=what, money=allocated))
        return rows.filter(~is_share)

    def findings(self) -> tuple[Finding, ...]:
        money = [
            Finding(kind, f"{what}: {amount.normalize():f} {currency}", rows)
            for (kind, what, currency), (amount, rows) in sorted(self._money.items())
            if kind != "discounts_outside_billed" or not self._has_discount_rows
        ]
        return (*(Finding(kind, detail, count) for (kind, detail), count in self._counts.items()), *money)

    def _sum(self, kind: str, rows: pl.DataFrame) -> None:
        if rows.is_empty():
            return
        sums = rows.group_by("what", _CURRENCY).agg(pl.col("money").sum(), count=pl.len())
        for what, currency, amount, count in sums.iter_rows():
            before, seen = self._money.get((kind, what, currency), (Decimal(0), 0))
            self._money[kind, what, currency] = before + amount, seen + count
