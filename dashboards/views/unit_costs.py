"""Unit costs: what a million tokens, an accelerator-hour and a unit of our business cost, and what stands idle."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl
import streamlit as st

from dashboards import filters, formats, provenance
from dashboards.published import Published, current
from dashboards.queries import unit_costs as queries
from dashboards.queries.spending import previous_period
from dashboards.states import guarded
from models.wording import counted, month_text, price_text, share_text

_ALL_MODELS = "all models"
_WHOLE = Decimal(1)


@guarded
def show() -> None:
    published = current()
    st.title("What does a unit cost?", anchor=False)
    periods = queries.unit_cost_periods(published)
    if not periods:
        st.info("No usage with a cost is known yet.", title="No month to show", icon=":material/hourglass_empty:")
        provenance.show_stale(published)
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        period = filters.choose_month("unit-costs", periods)
        currencies = queries.unit_cost_currencies(published, period=period)
        currency = filters.choose_currency("unit-costs", currencies)

    def of(measure: str) -> pl.DataFrame:
        return queries.unit_costs(
            published, period=period, previous=previous_period(period), currency=currency, measure=measure
        )

    blended = of("tokens_blended")
    _answer(blended, period, currency)
    provenance.show_stale(published)
    _business(of("business_unit"), currency)
    _models(blended.filter(pl.col("subject") != _ALL_MODELS), currency)
    _kinds(of("tokens"), currency)
    _hours(of("accelerator_hour"), currency)
    _idle(published, period, currency)


def _answer(blended: pl.DataFrame, period: str, currency: str) -> None:
    whole = blended.filter(pl.col("subject") == _ALL_MODELS)
    if whole.is_empty() or whole["effective_unit_cost"][0] is None:
        st.markdown(f"No token has a cost in {currency} in {month_text(period)}.")
        return
    row = whole.row(0, named=True)
    shares = (
        (row["cache_hit_share"], "of what goes in is read from a cache"),
        (row["batch_share"], "of all tokens are processed as batch"),
    )
    known = ", ".join(f"{share_text(share, _WHOLE)} {words}" for share, words in shares if share is not None)
    st.markdown(
        f"**{price_text(row['effective_unit_cost'], currency)} for a million tokens** in {month_text(period)}, all "
        f"models and kinds of token together (effective cost).{f' {known}.' if known else ''}"
    )


def _models(models: pl.DataFrame, currency: str) -> None:
    if models.is_empty():
        return
    st.subheader("A million tokens, by model", anchor=False)
    st.caption("All kinds of token, and the capacity that was bought to serve them, over all tokens of the model.")
    formats.table(
        models.with_columns(
            cache=pl.col("cache_hit_share").cast(pl.Float64), batch=pl.col("batch_share").cast(pl.Float64)
        ),
        {
            "subject": formats.text_column("Model", width="medium"),
            "effective_unit_cost": formats.unit_cost_column("Effective", currency),
            "unit_cost_before": formats.unit_cost_column("Month before"),
            "list_unit_cost": formats.unit_cost_column("List"),
            "quantity": formats.quantity_column("Million tokens"),
            "cache": formats.share_column("From cache"),
            "batch": formats.share_column("Batch"),
            "effective_cost": formats.money_column("Effective cost"),
        },
        alt="Cost of a million tokens by model, with the share read from a cache and processed as batch",
    )


def _kinds(kinds: pl.DataFrame, currency: str) -> None:
    if kinds.is_empty():
        return
    with st.expander(f"By model and kind of token ({counted(len(kinds), 'row')})"):
        formats.table(
            kinds,
            {
                "subject": formats.text_column("Model", width="medium"),
                "token_kind": formats.text_column("Kind"),
                "effective_unit_cost": formats.unit_cost_column("Effective", currency),
                "contracted_unit_cost": formats.unit_cost_column("Contracted"),
                "list_unit_cost": formats.unit_cost_column("List"),
                "quantity": formats.quantity_column("Million tokens"),
                "effective_cost": formats.money_column("Effective cost"),
            },
            alt="Cost of a million tokens by model and kind of token",
        )


def _hours(hours: pl.DataFrame, currency: str) -> None:
    if hours.is_empty():
        return
    st.subheader("An accelerator-hour", anchor=False)
    st.caption("Per used hour also carries what commitments left unused; utilisation only where it was measured.")
    formats.table(
        hours.with_columns(
            pl.col("pricing_kind").str.replace_all("_", " "), (pl.col("utilisation").cast(pl.Float64) * 100)
        ),
        {
            "subject": formats.text_column("Accelerator"),
            "pricing_kind": formats.text_column("Bought"),
            "host_name": formats.text_column("Host"),
            "region": formats.text_column("Region"),
            "effective_unit_cost": formats.unit_cost_column("Effective", currency),
            "effective_cost_per_used_unit": formats.unit_cost_column("Per used hour"),
            "list_unit_cost": formats.unit_cost_column("List"),
            "utilisation": formats.percent_column("Utilisation"),
            "quantity": formats.quantity_column("Used hours"),
        },
        alt="Cost of an accelerator-hour by type, host, region and how it was bought",
    )


def _business(units: pl.DataFrame, currency: str) -> None:
    if units.is_empty():
        return
    st.subheader("A unit of our business", anchor=False)
    columns: Any = st.columns(max(len(units), 3), gap="small")
    for column, row in zip(columns, units.iter_rows(named=True), strict=False):
        column.metric(
            formats.plain(row["subject"]),
            price_text(row["effective_unit_cost"], currency),
            delta=f"for one {formats.plain(row['unit'])}",
            delta_color="off",
            delta_arrow="off",
            border=True,
        )


def _idle(published: Published, period: str, currency: str) -> None:
    idle = queries.idle(published, period=period, currency=currency)
    if idle.is_empty():
        return
    st.subheader("What stands idle", anchor=False)
    formats.table(
        idle,
        {
            "owner": formats.text_column("Owner", width="medium"),
            "accelerator_type": formats.text_column("Accelerator"),
            "unused_cost": formats.money_column("Left by commitments", currency),
            "measured_idle_cost": formats.money_column("Measured idle", help="A dash: not all hours were measured."),
            "used_cost": formats.money_column("Used hours"),
        },
        alt="Idle accelerators by owner: money for hours that nobody used",
    )
