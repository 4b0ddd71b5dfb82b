"""A month's cost and usage report, slice by slice, as parts of charges: what `translate` does for CUR 2.0 and legacy.

What a row becomes stands in `charges`, `commitments` and `capacity_blocks`; here rows are dealt out to them, counted
and told of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import polars as pl

from connectors.aws.capacity_blocks import (
    HeldBlocks,
    Settled,
    is_of_a_block,
    is_of_an_unknown_kind,
    reservations_of_fees,
)
from connectors.aws.charges import plain_charges
from connectors.aws.columns import normalised
from connectors.aws.commitments import (
    COVERED,
    Residuals,
    charges_of_a_row,
    covered_charges,
    effective,
    is_committed,
    purchases,
    unused_charges,
)
from connectors.aws.noticed import Noticed
from connectors.aws.options import AwsOptions
from connectors.aws.parts import READ, as_made, charges_part, month_end
from connectors.aws.skus import KnownSkus, Vocabulary
from connectors.aws.slices import ROWS, OpenFile, Slice
from connectors.errors import AnswerError
from connectors.protocol import ChargesPart, Finding, Window


class BillReader:
    """Reads one month of one source; `parts` is gone through once, `files` again where hours are in reservations of an
    unknown kind. `is_listed`: a manifest says that the files are this month's, so that rows of another are an error and
    not another month's."""

    def __init__(
        self, source: str, options: AwsOptions, window: Window, files: Iterable[OpenFile], *, is_listed: bool
    ) -> None:
        self._source = source
        self._options = options
        self._window = window
        self._month = f"{window.start:%Y-%m}"
        self._is_listed = is_listed
        self._files = files
        self._fees = re.compile(options.capacity_block_usage_types)
        self._with_fees: frozenset[str] | None = None
        self._skus = KnownSkus(Vocabulary(self._fees))
        self._blocks = HeldBlocks(options.capacity_blocks, options.billed_cost)
        self._residuals = Residuals(options.billed_cost)
        self._noticed = Noticed(options)
        self._charges = 0

    def parts(self) -> Iterator[ChargesPart]:
        """Each slice's charges, then what only the whole month tells: blocks, residuals, findings."""
        for file in self._files:
            yield from self._parts_of(file)
            # the next file is opened when nobody holds this one
            del file
        yield from self._last()

    def _parts_of(self, file: OpenFile) -> Iterator[ChargesPart]:
        self._noticed.add(file.findings)
        for piece in file.slices() if file.rows else ():
            part = self._part(piece, file.name)
            self._charges += part.charges.height
            yield part
            del part

    def _part(self, piece: Slice, name: str) -> ChargesPart:
        rows, findings = normalised(piece.frame, name)
        self._noticed.add(findings)
        kept = self._noticed.without_split(self._skus.joined(self._checked(rows, name), piece.product))
        self._noticed.look(kept)
        kinds = kept.select(
            block=is_of_a_block(self._known_blocks(kept)),
            committed=is_committed(),
            negation=pl.col("role") == "negation",
        )
        block, committed, negation = (series.fill_null(value=False) for series in kinds)
        read = kept.select(*READ, become=charges_of_a_row(self._options.billed_cost))
        if not (block | committed | negation).any():
            return self._finished([self._plain(kept)], read)
        covered = kept.filter(committed & ~block)
        self._noticed.without_effective(covered, effective(self._options.billed_cost))
        frames = [self._plain(kept.filter(~(block | committed | negation))), *self._committed(covered)]
        if block.any():
            self._blocks.add(kept.filter(block))
            read = read.filter(~block)
        self._residuals.add(kept.lazy().filter(negation | pl.col("role").is_in(COVERED)))
        return self._finished(frames, read)

    def _known_blocks(self, rows: pl.DataFrame) -> list[str]:
        """Blocks that are declared, and those with a fee where the rows do not say what their reservations are."""
        arns = rows["capacity_reservation_capacity_reservation_arn"]
        if arns.null_count() < rows.height and rows.select(is_of_an_unknown_kind().any()).item():
            if self._with_fees is None:
                self._with_fees = reservations_of_fees(self._files, self._fees)
            return [*self._blocks.ids, *self._with_fees]
        return self._blocks.ids

    def _plain(self, rows: pl.DataFrame) -> pl.DataFrame:
        return plain_charges(rows, month=self._month, basis=self._options.billed_cost).collect()

    def _committed(self, rows: pl.DataFrame) -> list[pl.DataFrame]:
        month, basis = self._month, self._options.billed_cost
        made = [covered_charges(rows, month=month, basis=basis), purchases(rows, month=month, basis=basis)]
        return [frame.collect() for frame in (*made, unused_charges(rows, month=month, basis=basis))]

    def _finished(self, frames: Sequence[pl.DataFrame], read: pl.DataFrame) -> ChargesPart:
        return charges_part(frames, read, self._options.billed_cost, self._source)

    def _last(self) -> Iterator[ChargesPart]:
        """Blocks and residuals of the month, slice by slice, and everything that was noticed."""
        held = self._blocks.charges(self._month, self._window.start, month_end(self._window))
        left = self._residuals.charges(self._month)
        frames = [frame for frame in (held.charges, left) if frame is not None]
        # what a block's rows become depends on the whole month: they are counted as the charges that were made
        read, nothing = as_made(held.rows, frames), as_made(None, ())
        made = pl.concat(frames, how="diagonal") if frames else pl.DataFrame()
        for start in range(0, max(made.height, 1), ROWS):
            part = self._finished([made[start : start + ROWS]], nothing if start else read)
            self._charges += part.charges.height
            is_last = start + ROWS >= made.height
            yield replace(part, missing=self._missing(), findings=self._told(held)) if is_last else part

    def _missing(self) -> tuple[str, ...]:
        empty = () if self._charges else (f"no charge of {self._month} in the report",)
        return (*empty, *self._noticed.missing())

    def _told(self, held: Settled) -> tuple[Finding, ...]:
        return (*self._noticed.findings(), *held.findings)

    def _checked(self, rows: pl.DataFrame, name: str) -> pl.DataFrame:
        """Rows of the month. Raises `AnswerError` for a row without currency or cost, and for one of another month than
        the manifest's."""
        if lost := rows["line_item_currency_code"].null_count():
            raise AnswerError(
                f"{name}: {lost} of {rows.height} rows have no line_item_currency_code",
                remedy="money without a currency cannot be added up: export the report anew",
            )
        starts = rows["bill_billing_period_start_date"]
        if starts.is_empty() or starts.min() == starts.max() == self._window.start:
            return _with_costs(rows, name)
        months = starts.dt.strftime("%Y-%m")
        others = months.filter(months != self._month).unique().sort()
        if self._is_listed and len(others):
            raise AnswerError(
                f"{name} holds rows of {', '.join(others.head(3))}, its manifest says {self._month}",
                remedy="the delivery was mixed up or changed: wait for the vendor, or deliver it anew",
            )
        return _with_costs(rows.filter(months == self._month), name)


def _with_costs(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """Rows that say what they cost: all but shares of split costs, whose parents do."""
    if not rows["line_item_unblended_cost"].null_count():
        return rows
    is_share = pl.col("split_line_item_parent_resource_id").is_not_null()
    if lost := rows.filter(pl.col("line_item_unblended_cost").is_null() & ~is_share).height:
        raise AnswerError(
            f"{name}: {lost} of {rows.height} rows have no line_item_unblended_cost",
            remedy="what a line costs is not known without it, and unknown is not nothing: export the report anew",
        )
    return rows
