"""Which billing periods a report holds, asked outside a load: by its manifests' folders, or a single file's rows."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from connectors.aws.columns import cur2_name, instant
from connectors.aws.layout import is_single, manifests_by_period
from connectors.aws.options import AwsOptions
from connectors.aws.session import AwsSession
from connectors.aws.slices import open_file
from connectors.errors import IncompleteError
from connectors.focus_rows.columns import with_focus_names
from connectors.focus_rows.times import with_instants
from connectors.protocol import Surroundings
from models.ledger.focus.invariants.periods import billing_month


def periods_in(options: AwsOptions, surroundings: Surroundings) -> list[str]:
    """Billing periods, YYYY-MM, sorted. Cost Explorer is asked for the open month and the one before, never for more:
    each page costs money."""
    if options.report == "cost-explorer":
        today = surroundings.clock()
        return [f"{today.replace(day=1) - timedelta(days=1):%Y-%m}", f"{today:%Y-%m}"]
    assert options.path is not None
    session = AwsSession("aws", options, surroundings.sleep)
    place = session.place(options.path)
    found = place.files()
    if is_single(found, options.path):
        body, name = place.read(found[0].url), found[0].name
        return _periods_of(body, name, is_bill=options.report != "focus")
    periods = sorted(manifests_by_period(found))
    if not periods:
        raise IncompleteError(
            f"there is no manifest of a billing period at {options.path}",
            remedy="give the folder that holds data/ and metadata/ (legacy: the report's own folder)",
        )
    return periods


def _periods_of(body: bytes, name: str, *, is_bill: bool) -> list[str]:
    def nowhere(url: str) -> bytes:
        raise AssertionError(url)

    file = open_file(body, name, nowhere, is_bill=is_bill)
    periods: set[str] = set()
    for frame in (piece.frame for piece in file.slices()) if is_bill else file.whole_slices():
        if is_bill:
            column = next(column for column in frame.columns if cur2_name(column) == "bill_billing_period_start_date")
            starts = frame.select(pl.col(column).unique())
            months = _months(starts.rename({column: "bill_billing_period_start_date"}), name)
        else:
            named, _ = with_focus_names(frame, name, {})
            months = with_instants(named, name).select(billing_month()).to_series()
        periods.update(months.unique().to_list())
    return sorted(periods)


def _months(starts: pl.DataFrame, name: str) -> pl.Series:
    """Months, YYYY-MM, of billing periods' starts as a file writes them."""
    return instant(starts, "bill_billing_period_start_date", name).dt.strftime("%Y-%m")
