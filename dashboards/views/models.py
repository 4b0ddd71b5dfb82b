"""Models and tokens: what models cost, what a million tokens costs and why, what other models would have cost, and
what has no price.

Effective cost by month of use, before shared pools are split.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl
import streamlit as st

from dashboards import filters, formats, provenance
from dashboards.charts import models as charts
from dashboards.charts.spending import daily_stack
from dashboards.filters import Choice
from dashboards.parts import model_prices
from dashboards.published import Published, current
from dashboards.queries import models as queries
from dashboards.queries.models import By
from dashboards.queries.reading import total
from dashboards.queries.spending import previous_period
from dashboards.states import guarded
from models.economics.token_costs import ALL_MODELS
from models.ledger.metering import PROCESSING_TIERS
from models.ledger.units import TOKEN_KINDS
from models.wording import UNKNOWN, change_text, counted, money_text, month_text, price_text, share_text, tokens_text

_WHOLE = Decimal(1)
_MILLION = 1_000_000
_BY: dict[By, str] = {"model": "Model", "vendor": "Vendor", "team": "Team"}


@guarded
def show() -> None:
    published = current()
    heading = st.empty()
    choice = filters.choose(
        published, "models", "team", "vendor", "component", "currency", periods=queries.months(published)
    )
    heading.title("What do models and tokens cost?", anchor=False)
    if choice is None:
        st.info(
            "No model was used or paid for yet, as far as the sources have told.",
            title="No month to show",
            icon=":material/hourglass_empty:",
        )
        provenance.show_stale(published)
        return
    spent = queries.spent(published, **_asked(choice))
    units = queries.unit_costs(published, **_asked(choice))
    before = queries.unit_costs(published, **_asked(choice, previous_period(choice.period)))
    unpriced = queries.unpriced(published, **_asked(choice))
    _answer(choice, spent, units, before)
    _figures(choice, units, before, unpriced)
    provenance.show_stale(published)
    by = _over_time(published, choice)
    _prices(published, choice, by)
    _kinds_and_tiers(published, choice)
    model_prices.show_instead(published, choice)
    model_prices.show_unpriced(choice, unpriced)
    _business(published, choice)


def _asked(choice: Choice, period: str | None = None) -> dict[str, Any]:
    return {"period": period or choice.period, "currency": choice.currency, "narrowed": choice.narrowed}


def _of_all(units: pl.DataFrame) -> dict[str, Any]:
    """The row of all tokens; every figure None where there is none."""
    whole = units.filter(pl.col("subject") == ALL_MODELS)
    return whole.row(0, named=True) if len(whole) else dict.fromkeys(units.columns)


def _answer(choice: Choice, spent: pl.DataFrame, units: pl.DataFrame, before: pl.DataFrame) -> None:
    month = month_text(choice.period)
    if spent.is_empty():
        st.markdown(f"No model cost anything in {choice.currency} in {month}{_scope(choice)}.")
        return
    cost, unit = total(spent["cost"]), _of_all(units)["effective_unit_cost"]
    so_far = " so far" if choice.period == f"{provenance.now():%Y-%m}" else ""
    said = [f"**{money_text(cost, choice.currency)} for models**{_scope(choice)} in {month}{so_far} (effective cost)"]
    if unit is not None:
        change = _change(unit, _of_all(before)["effective_unit_cost"])
        against = f", {change} against {month_text(previous_period(choice.period))}" if change else ""
        said.append(f"; **{price_text(unit, choice.currency)} for a million tokens** of what counts them{against}")
    first = spent.row(0, named=True)
    if cost > 0 and len(spent) > 1:
        said.append(f". Dearest is **{formats.plain(first['name'])}** with {share_text(first['cost'], cost)} of it")
    st.markdown("".join(said) + ".")


def _scope(choice: Choice) -> str:
    """What the figures are narrowed to, in words."""
    narrowed = choice.narrowed
    parts = [
        f"of team {formats.plain(narrowed.team)}" if narrowed.team else "",
        f"from {formats.plain(narrowed.vendor)}" if narrowed.vendor else "",
        f"in {formats.plain(filters.readable_component(narrowed.component))}" if narrowed.component else "",
    ]
    return "".join(f" {part}" for part in parts if part)


def _figures(choice: Choice, units: pl.DataFrame, before: pl.DataFrame, unpriced: pl.DataFrame) -> None:
    now, then = _of_all(units), _of_all(before)
    columns = st.columns(5, gap="small")
    unit = now["effective_unit_cost"]
    change = _change(unit, then["effective_unit_cost"])
    columns[0].metric(
        "A million tokens",
        price_text(unit, choice.currency),
        delta=change,
        delta_color="inverse",
        delta_description=change and "month before",
        help="Effective cost over all kinds of token together.",
        border=True,
        height="stretch",
    )
    tokens = None if now["quantity"] is None else now["quantity"] * _MILLION
    columns[1].metric(
        "Tokens",
        tokens_text(tokens).removesuffix(" tokens"),
        delta=f"at list {price_text(now['list_unit_cost'], choice.currency)} a million",
        delta_color="off",
        delta_arrow="off",
        help=None if tokens is None else f"Exactly {tokens:,.0f} tokens.",
        border=True,
        height="stretch",
    )
    for column, label, name, meaning in (
        (columns[2], "Read from a cache", "cache_hit_share", "Of all tokens that go in."),
        (columns[3], "Processed as batch", "batch_share", "Of all tokens, in and out."),
    ):
        points = _points(now[name], then[name])
        column.metric(
            label,
            share_text(now[name], _WHOLE),
            delta=points,
            delta_description=None if points is None else "month before",
            help=meaning,
            border=True,
            height="stretch",
        )
    model_prices.unpriced_figure(columns[4], choice, unpriced)


def _change(now: Decimal | None, before: Decimal | None) -> str | None:
    change = change_text(now, before)
    return None if change == UNKNOWN else change


def _points(now: Decimal | None, before: Decimal | None) -> str | None:
    """The change of a share, in percentage points; None where there is none to tell."""
    points = None if now is None or before is None else f"{(now - before) * 100:+.1f}"
    return None if points in (None, "+0.0", "-0.0") else f"{points} points"


def _over_time(published: Published, choice: Choice) -> By:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader("Day by day", anchor=False, width="content")
        by = filters.choose_by("models", list(_BY))
    days = queries.daily(published, **_asked(choice), by=by)
    if days.is_empty():
        st.caption(f"No day of {month_text(choice.period)} has a cost of models{_scope(choice)}.")
        return by
    st.vega_lite_chart(
        daily_stack(
            days, standing=queries.standing(published, currency=choice.currency, by=by), currency=choice.currency
        ),
        alt=f"Effective cost of models by day of {month_text(choice.period)}, stacked by {by}",
    )
    return by


def _prices(published: Published, choice: Choice, by: By) -> None:
    told = queries.unit_costs(published, **_asked(choice), by=by)
    now = told.filter(pl.col("subject") != ALL_MODELS, pl.col("quantity") > 0)
    if now.is_empty():
        return
    before = queries.unit_costs(published, **_asked(choice, previous_period(choice.period)), by=by)
    st.subheader(f"A million tokens, by {by}", anchor=False)
    st.caption(_of_what(choice, told))
    formats.table(
        now.join(
            before.select("subject", unit_cost_before="effective_unit_cost"), on="subject", how="left"
        ).with_columns(
            cache=pl.col("cache_hit_share").cast(pl.Float64) * 100, batch=pl.col("batch_share").cast(pl.Float64) * 100
        ),
        {
            "subject": formats.text_column(_BY[by], width="medium"),
            "effective_cost": formats.money_column("Effective cost", choice.currency),
            **_unit_columns(),
            "unit_cost_before": formats.unit_cost_column("Month before", help="Effective, for a million tokens"),
            "quantity": formats.millions_column("Tokens"),
            **_uncounted(told),
            "cache": formats.share_column("From cache", help="Of the tokens that go in"),
            "batch": formats.share_column("Batch"),
        },
        rows=12,
        alt=f"Cost of a million tokens by {by}, with the share read from a cache and processed as batch",
    )
    if by == "model":
        _by_kind(published, choice)


def _of_what(choice: Choice, told: pl.DataFrame) -> str:
    """What the prices of a million tokens hold, and what they do not."""
    if "unmeasured_effective_cost" not in told.columns:
        return (
            "Of charges that count tokens. Capacity bought by the hour is in the prices of all models only: whose "
            "tokens it served is not told of a part."
        )
    without = _of_all(told)["unmeasured_effective_cost"]
    return "All kinds of token, and capacity whose tokens are counted, over all tokens of the model." + (
        f" {money_text(without, choice.currency)} is in no price: nobody counts its tokens." if without else ""
    )


def _uncounted(told: pl.DataFrame) -> dict[str, Any]:
    """What a model cost beside its price; told of whole models only."""
    if "unmeasured_effective_cost" not in told.columns:
        return {}
    meaning = "Capacity of the model whose tokens nobody counts: in none of these prices"
    return {"unmeasured_effective_cost": formats.money_column("No token counts", help=meaning)}


def _unit_columns() -> dict[str, Any]:
    return {
        "effective_unit_cost": formats.unit_cost_column("Effective / M", help="Effective cost of a million tokens"),
        "contracted_unit_cost": formats.unit_cost_column("Contracted / M", help="At our prices"),
        "list_unit_cost": formats.unit_cost_column("List / M", help="At public prices"),
    }


def _by_kind(published: Published, choice: Choice) -> None:
    kinds = queries.unit_costs_by_kind(published, **_asked(choice))
    if kinds.is_empty():
        return
    with st.expander(f"By model and kind of token ({counted(len(kinds), 'row')})"):
        formats.table(
            kinds.with_columns(pl.col("token_kind").str.replace_all("_", " ")),
            {
                "subject": formats.text_column("Model", width="medium"),
                "token_kind": formats.text_column("Kind"),
                "effective_cost": formats.money_column("Effective cost", choice.currency),
                **_unit_columns(),
                "quantity": formats.millions_column("Tokens"),
            },
            alt="Cost of a million tokens by model and kind of token",
        )


def _kinds_and_tiers(published: Published, choice: Choice) -> None:
    history = queries.history(published, period=choice.period, currency=choice.currency, narrowed=choice.narrowed)
    if history.is_empty():
        return
    st.subheader("Month by month", anchor=False)
    st.caption("Tokens as they are charged: those that capacity by the hour served are not in bills, and not here.")
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**Kinds of token**")
        st.vega_lite_chart(
            charts.monthly_tokens(
                history.select("month", pl.col("token_kind").str.replace_all("_", " ").alias("name"), "quantity"),
                order=_by_size(history, "token_kind", TOKEN_KINDS),
                as_shares=False,
            ),
            alt="Tokens by month, stacked by kind of token",
        )
    with right:
        st.markdown("**How they were processed**")
        st.vega_lite_chart(
            charts.monthly_tokens(
                history.select("month", pl.col("tier").alias("name"), "quantity"),
                order=_by_size(history, "tier", PROCESSING_TIERS),
                as_shares=True,
            ),
            alt="Share of tokens by month and processing tier",
        )


def _by_size(history: pl.DataFrame, column: str, known: tuple[str, ...]) -> list[str]:
    """Names most used first; of equal ones, in the order in which they are known."""
    sums = {name: total(rows["quantity"]) for (name,), rows in history.group_by(column)}
    return [name.replace("_", " ") for name in sorted(sums, key=lambda name: (-sums[name], known.index(name)))]


def _business(published: Published, choice: Choice) -> None:
    """Units of our business, which are counted of everything alone."""
    units = (
        pl.DataFrame()
        if choice.narrowed
        else queries.business_units(published, period=choice.period, currency=choice.currency)
    )
    if units.is_empty():
        return
    st.subheader("A unit of our business", anchor=False)
    columns: Any = st.columns(max(len(units), 3), gap="small")
    for column, row in zip(columns, units.iter_rows(named=True), strict=False):
        column.metric(
            formats.plain(row["subject"]),
            price_text(row["effective_unit_cost"], choice.currency),
            delta=f"for one {formats.plain(row['unit'].lower())}",
            delta_color="off",
            delta_arrow="off",
            border=True,
        )
