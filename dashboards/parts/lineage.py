"""From a sum of total cost to the charges behind it, a choice at a time: part, line, charges. Their SQL is in
`queries.lineage`."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

import polars as pl
import streamlit as st

from dashboards import filters, formats
from dashboards.filters import Choice
from dashboards.published import Published
from dashboards.queries import lineage as queries
from dashboards.queries.reading import total
from dashboards.queries.total_cost import days_of
from models.wording import counted, day_text, money_text, month_text

_PAGE = "total-cost"


def show(published: Published, choice: Choice, currency: str) -> None:
    """Parts of the month, or of one of its days, as far as it is narrowed; then what is chosen of them."""
    st.subheader("Down to the charges", anchor=False)
    days = days_of(published, period=choice.period, narrowed=choice.narrowed)
    labels = {"": f"All of {month_text(choice.period)}"} | {day.isoformat(): day_text(day) for day in days}
    wanted = filters.choose_named(_PAGE, "day", "Day", labels)
    day = date.fromisoformat(wanted) if wanted else None
    parts = queries.parts(published, period=choice.period, day=day, narrowed=choice.narrowed)
    st.caption("Choose a row: what it is made of stands below it.")
    row = formats.chosen_row(
        _readable(parts),
        {
            "component": formats.text_column("Component", width="medium"),
            "provider_name": formats.text_column("Vendor"),
            "team": formats.text_column("Team"),
            "way": formats.text_column("How it comes to it", width="medium"),
            "cost": formats.money_column("Effective cost", currency, help="A dash: no rate of exchange is known"),
        },
        key=_key("parts", published, choice, day),
        alt="Parts of the total by component, vendor, team and how the cost comes to it; choose one",
    )
    st.caption(f"{counted(len(parts), 'part')}, {money_text(total(parts['cost']), currency)} together.")
    if row is None:
        return
    part = parts.row(row, named=True)
    asked: Any = {"period": choice.period, "day": day}
    if part["origin"] == "declared":
        _declared(queries.declared_lines(published, part, **asked), part, currency)
    else:
        _charged(published, choice, part, day, currency)


def _readable(parts: pl.DataFrame) -> pl.DataFrame:
    """Parts in words: nobody's, of no component, out of which pool."""
    component = (
        pl.col("component").fill_null("unmatched").map_elements(filters.readable_component, return_dtype=pl.String)
    )
    own = pl.when(pl.col("team").is_null()).then(pl.lit("nobody's yet")).otherwise(pl.lit("its own"))
    by_itself = pl.when(pl.col("origin") == "declared").then(pl.lit("declared")).otherwise(own)
    way = (
        pl.when(pl.col("pool").is_null()).then(by_itself).otherwise(pl.format("{}, out of pool {}", by_itself, "pool"))
    )
    return parts.with_columns(
        component,
        pl.col("team").fill_null("unallocated"),
        way=way.str.replace("^its own, ", "shared, "),
    )


def _of(part: dict[str, Any]) -> str:
    component = filters.readable_component(part["component"] or "unmatched")
    names = (component, part["provider_name"], part["team"] or "unallocated")
    return " · ".join(map(formats.plain, names))


def _declared(lines: pl.DataFrame, part: dict[str, Any], currency: str) -> None:
    st.markdown(
        f"**{_of(part)}**, {money_text(part['cost'], currency)}: declared in outlay.yaml; no charge is behind it."
    )
    formats.table(
        lines,
        {
            "day": formats.day_column("Day"),
            "name": formats.text_column("Cost", width="large"),
            "cost": formats.money_column("Effective cost", currency),
        },
        alt="Declared costs of the part, day by day",
    )
    st.caption(_how_many(lines, "line", currency))


def _charged(published: Published, choice: Choice, part: dict[str, Any], day: date | None, currency: str) -> None:
    lines = queries.lines(published, part, period=choice.period, day=day)
    st.markdown(f"**{_of(part)}**, {money_text(part['cost'], currency)}, as it was charged:")
    if part["pool"]:
        _pool(published, choice, part, day, currency)
    if lines.is_empty():
        st.caption("The charges that it comes out of are not your teams' own, and are not shown to you.")
        return
    row = formats.chosen_row(
        lines.with_columns(formats.quantities("consumed_quantity", "unit"), _details()),
        {
            "day": formats.day_column("Day"),
            "service_name": formats.text_column("Service"),
            "project": formats.text_column("Project", width="medium"),
            "model": formats.text_column("Model"),
            "details": formats.text_column("What", width="medium"),
            "consumed_quantity": formats.written_column("Used"),
            "charges": formats.quantity_column("Charges"),
            "cost": formats.money_column("Effective cost", currency),
            **({"pool": formats.text_column("Pool")} if part["pool"] else {}),
        },
        key=_key("lines", published, choice, day, *(part[name] for name in queries.PART)),
        alt="Lines of the part by day, service, project and model; choose one",
    )
    st.caption(_how_many(lines, "line", currency))
    if row is not None:
        _charges(published, lines.row(row, named=True))


def _pool(published: Published, choice: Choice, part: dict[str, Any], day: date | None, currency: str) -> None:
    """A share of a pool has no charges of its own: say what the lines below are then."""
    whole = queries.shared_cost(published, part, period=choice.period, day=day)["cost"][0]
    st.info(
        f"Out of the pool {formats.plain(part['pool'])}. No charge bears a team's share: below are all lines in pools "
        f"of this component and vendor, {money_text(whole, currency)}, of which this is a part."
        if published.is_whole
        else f"A share of the pool {formats.plain(part['pool'])}, of which other teams have theirs.",
        icon=":material/pie_chart:",
    )


def _details() -> pl.Expr:
    """What tells lines of one service, project and model apart: meter, tier, accelerator, region, category."""
    category = pl.when(pl.col("charge_category") != "Usage").then("charge_category")
    words = pl.concat_list(
        "meter", "processing_tier", "accelerator_type", "pricing_category", "commitment_status", "region", category
    )
    return words.list.drop_nulls().list.join(" · ").str.replace_all("_", " ").alias("details")


def _charges(published: Published, line: dict[str, Any]) -> None:
    """The charges of a line: read from the lake, and so only when they are asked for."""
    if not published.is_whole:
        st.caption("Single charges are shown to people who may see all teams: a charge names no team.")
        return
    if not st.button(
        f"Show its {counted(line['charges'], 'charge')}", icon=":material/receipt_long:", key=f"{_PAGE} charges"
    ):
        return
    charges = queries.charges(published, line)
    if charges.is_empty():
        st.warning(
            "The lake does not have them: outlay run reads them again, and publishes.", title="No charge was found"
        )
        return
    whole = charges["whole"][0]
    st.markdown(_compared(line, whole, charges["charges"][0]))
    formats.table(
        charges.with_columns(formats.quantities("quantity", "unit")),
        {
            "starts": formats.instant_column("From"),
            "description": formats.text_column("Charge", width="large"),
            "sku": formats.text_column("SKU"),
            "key_name": formats.text_column("Key"),
            "user_name": formats.text_column("User"),
            "quantity": formats.written_column("Used"),
            "effective_cost": formats.money_column("Effective", line["currency"]),
            "billed_cost": formats.money_column("Billed"),
            "list_cost": formats.money_column("List"),
            "invoice": formats.text_column("Invoice"),
            "charge_id": formats.text_column("Name", help="`outlay explain NAME` tells how it came to be"),
        },
        alt="Charges of the line: description, SKU, key, user, quantity and costs",
    )
    shown = len(charges)
    if shown < charges["charges"][0]:
        st.caption(f"The {shown} dearest of them.")


def _compared(line: dict[str, Any], whole: Any, count: int) -> str:
    """What the charges come to, and whether it is the line. A rule may ask what a line does not tell (key, user, tag,
    SKU): then charges of other lines are among them."""
    said = f"**{counted(count, 'charge')}, {money_text(whole, line['currency'])}** effective cost"
    if whole == line["effective_cost"]:
        return f"{said}: the line to the last place."
    return (
        f"{said}, of which the line is {money_text(line['effective_cost'], line['currency'])}: rules tell the others "
        "apart by key, user, tag or SKU."
    )


def _how_many(lines: pl.DataFrame, one: str, currency: str) -> str:
    """`12 lines, 1,234.56 USD together.`; where there are more than are shown, which they are."""
    if lines.is_empty():
        return ""
    said = f"{counted(lines['lines'][0], one)}, {money_text(lines['whole'][0], currency)} together."
    return said if len(lines) == lines["lines"][0] else f"{said} Shown are the {len(lines)} dearest."


def _key(what: str, *parts: object) -> str:
    """A widget's key that is another one for other rows."""
    return f"{_PAGE} {what} {hashlib.sha256(repr(parts).encode()).hexdigest()[:16]}"
