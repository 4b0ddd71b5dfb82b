"""Self-hosting: what the output of our dearest models would cost on accelerators of our own, with every assumption.

Arithmetic over one whole month's usage. No verdict stands alone: whether another model does the work is not judged.
"""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboards import filters, formats, provenance
from dashboards.charts.spending import cost_ranges
from dashboards.published import current
from dashboards.queries import self_hosting as queries
from dashboards.states import guarded
from models.wording import count_text, counted, money_text, month_text

_REFERENCE = "reference, not ours"
"""How sources begin that are no figures of our own."""


@guarded
def show() -> None:
    published = current()
    st.title("Would self-hosting be cheaper?", anchor=False)
    if not published.is_whole:
        st.info(
            "What self-hosting would cost is told for the usage of the whole organisation. It is shown to people who "
            "may see all teams.",
            title="Not of your teams alone",
            icon=":material/balance:",
        )
        return
    periods = queries.break_even_periods(published)
    if not periods:
        st.info(
            "A whole month of usage, accelerators of ours and their throughput must be known.",
            title="Nothing to compare yet",
            icon=":material/hourglass_empty:",
        )
        provenance.show_stale(published)
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        period = filters.choose_month("self-hosting", periods)
        compared = queries.models_compared(published, period=period)
        row = _chosen(compared)
    ways = queries.ways(published, period=period, model=row["model"], currency=row["currency"])
    _answer(row, ways, period)
    _not_judged(ways)
    provenance.show_stale(published)
    _chart(row, ways)
    _ways(row, ways)
    _assumptions(ways, row["currency"])
    _all_models(compared)


def _chosen(compared: pl.DataFrame) -> dict[str, Any]:
    """The row of the model that is looked at; a model that is billed in two currencies is two."""
    rows = {f"{row['model']} {row['currency']}": row for row in compared.iter_rows(named=True)}
    one_currency = compared["currency"].n_unique() == 1
    labels = {key: row["model"] if one_currency else f"{row['model']}, {row['currency']}" for key, row in rows.items()}
    return rows[filters.choose_named("self-hosting", "model", "Model", labels, label_visible=True)]


def _answer(row: dict[str, Any], ways: pl.DataFrame, period: str) -> None:
    currency, models = row["currency"], ways["served_model"].unique().sort().to_list()
    served = " or ".join(formats.plain(name) for name in models)
    st.markdown(
        f"**{money_text(row['low'], currency)} to {money_text(row['high'], currency)}** for accelerators of our own, "
        f"against **{money_text(row['api_cost'], currency)}** through the API (effective cost, {month_text(period)}): "
        f"what it would cost to have {served} write the {count_text(row['output_tokens'])} output tokens of "
        f"{formats.plain(row['model'])}. {_agreement(row)}"
    )


def _agreement(row: dict[str, Any]) -> str:
    """How many of the ways cost less or more whichever of their bounds is true."""
    counts = (
        (row["cheaper"], "less in every case"),
        (row["dearer"], "less in no case"),
        (row["options"] - row["cheaper"] - row["dearer"], "less in some cases only"),
    )
    said = [(count, words) for count, words in counts if count]
    if len(said) == 1 and row["options"] > 1:
        return f"All {row['options']} ways to do it cost {said[0][1]}."
    return (
        f"Of {counted(row['options'], 'way')} to do it, {', '.join(f'{count} cost {words}' for count, words in said)}."
    )


def _not_judged(ways: pl.DataFrame) -> None:
    speeds, prices = ways["throughput_source"], ways["price_source"]
    references = [
        f"{what} of {counted(int(sources.str.starts_with(_REFERENCE).sum()), 'way')}"
        for what, sources in (("throughput", speeds), ("price per hour", prices))
        if sources.str.starts_with(_REFERENCE).any()
    ]
    borrowed = f" Not our own figures but reference values: {' and '.join(references)}." if references else ""
    sharp = ways.filter(pl.col("tokens_per_second_low") == pl.col("tokens_per_second_high")).height
    unranged = f" Throughput of {counted(sharp, 'way')} is one figure, without a range." if sharp else ""
    curve = "hour by hour" if (ways["curve"] == "hourly").all() else "by the day, spread evenly over its hours"
    st.info(
        "Only accelerators are counted: no people and no network. They run at up to seven tenths of the throughput. "
        "Throughput is in output tokens, with prompts as they were when it was measured; the API's cost has our "
        "prompts in it."
        f"{borrowed}{unranged} The demand is the month's real one, {curve}.",
        title="Whether the served model does the work as well is not judged",
        icon=":material/balance:",
    )


def _way(ways: pl.DataFrame) -> pl.DataFrame:
    kind = pl.col("pricing_kind").str.replace_all("_", " ")
    return ways.with_columns(
        kind.alias("pricing_kind"),
        way=pl.format("{} {}, {}", "accelerator_type", kind, "served_model"),
        price_from=_whose("price_source"),
        throughput_from=_whose("throughput_source"),
        utilisation=pl.col("utilisation_pct").cast(pl.Float64),
        break_even=pl.col("break_even_utilisation_pct").cast(pl.Float64),
    )


def _whose(source: str) -> pl.Expr:
    return (
        pl.when(pl.col(source).str.starts_with(_REFERENCE)).then(pl.lit("a reference value")).otherwise(pl.lit("ours"))
    )


def _chart(row: dict[str, Any], ways: pl.DataFrame) -> None:
    st.subheader("Each way, from hopeful to cautious", anchor=False)
    st.caption(
        "Bar: high throughput at a low price, to low throughput at a high price. Mark: the likeliest. "
        "Orange line: the API."
    )
    rows = _way(ways).select(
        name="way", low="self_hosted_cost_low", cost="self_hosted_cost", high="self_hosted_cost_high"
    )
    st.vega_lite_chart(
        cost_ranges(rows, limit=row["api_cost"], limit_name="API", currency=row["currency"]),
        alt=f"Cost of the month by way to serve it, lowest to highest, against {row['api_cost']:,.2f} of the API",
    )


def _ways(row: dict[str, Any], ways: pl.DataFrame) -> None:
    formats.table(
        _way(ways),
        {
            "served_model": formats.text_column("Served model"),
            "accelerator_type": formats.text_column("Accelerator", width="small"),
            "pricing_kind": formats.text_column("Had as"),
            "self_hosted_cost_low": formats.money_column("Lowest", row["currency"]),
            "self_hosted_cost": formats.money_column("Likeliest"),
            "self_hosted_cost_high": formats.money_column("Highest"),
            "accelerators_at_peak": formats.quantity_column("At peak", help="Accelerators that the busiest hour needs"),
            "utilisation": formats.percent_column("Utilisation", help="Of the hours paid for, at this demand"),
            "break_even": formats.percent_column(
                "Breaks even at", help="Utilisation from which on it costs less than the API; above 100 % it cannot"
            ),
            "break_even_tokens": formats.quantity_column(
                "Tokens to break even", help="Output tokens a month from which on it costs less; a dash: at no volume"
            ),
            "verdict": formats.text_column("Costs less", help="By cost alone; depends: the bounds disagree"),
        },
        rows=12,
        alt="Ways to serve the model ourselves: cost, utilisation, break-even",
    )


def _assumptions(ways: pl.DataFrame, currency: str) -> None:
    st.subheader("What it rests on", anchor=False)
    formats.table(
        _way(ways),
        {
            "way": formats.text_column("Way", width="medium"),
            "price_per_hour_low": formats.money_column("An hour, lowest", currency),
            "price_per_hour": formats.money_column("Likeliest"),
            "price_per_hour_high": formats.money_column("Highest"),
            "price_from": formats.text_column("Price is"),
            "tokens_per_second_low": formats.quantity_column("Tokens a second, lowest"),
            "tokens_per_second": formats.quantity_column("Likeliest "),
            "tokens_per_second_high": formats.quantity_column("Highest "),
            "throughput_from": formats.text_column("Throughput is"),
        },
        rows=12,
        alt="Prices per accelerator-hour and throughput of each way, and whether they are our own figures",
    )
    for what, column in (("Prices per hour are", "price_source"), ("Throughput is", "throughput_source")):
        sources = "\n".join(f"- {formats.plain(source)}" for source in ways[column].unique().sort())
        st.caption(f"{what} from:\n{sources}")


def _all_models(compared: pl.DataFrame) -> None:
    st.subheader("The dearest models", anchor=False)
    formats.table(
        compared,
        {
            "model": formats.text_column("Model", width="medium"),
            "output_tokens": formats.quantity_column("Output tokens"),
            "api_cost": formats.money_column("Through the API"),
            "low": formats.money_column("Ourselves, lowest"),
            "high": formats.money_column("Ourselves, highest"),
            "currency": formats.text_column("Currency", width="small"),
        },
        alt="The dearest models: cost through the API, and the lowest and highest of all ways to serve them",
    )
