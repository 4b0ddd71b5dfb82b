"""What a person should know of a month's bill, gathered slice by slice: words that are not understood with their money,
strangers among the payers, discounts that are not in what is billed, shares of split costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

import polars as pl

from connectors.aws.charges import billed
from connectors.aws.options import AwsOptions
from connectors.protocol import Finding

_CURRENCY = "line_item_currency_code"
_PARENT = pl.col("split_line_item_parent_resource_id")
_NET, _UNBLENDED = pl.col("line_item_net_unblended_cost"), pl.col("line_item_unblended_cost")


class Noticed:
    """Findings of one month; the same one of several slices is told once, with its sum."""

    def __init__(self, options: AwsOptions) -> None:
        self._options = options
        self._counts: Counter[tuple[str, str]] = Counter()
        self._money: dict[tuple[str, str, str], tuple[Decimal, int]] = {}
        self._has_discount_rows = False

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

    def without_effective(self, covered: pl.DataFrame, effective: pl.Expr) -> None:
        """Covered usage whose effective cost the bill does not tell."""
        is_covered = pl.col("role").is_in(["covered_reservation", "covered_savings_plan"])
        if lost := covered.filter(is_covered & effective.is_null()).height:
            self._counts["effective_cost_unknown", "covered usage without an effective cost, taken as 0"] += lost

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
