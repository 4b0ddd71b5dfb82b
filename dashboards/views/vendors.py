"""Vendors: whom we depend on, what binds us, which uses hang on one vendor, and whether inference runs where it may.

Effective cost by month of use; vendors in reporting currency, residency in the currency of the bill.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
import streamlit as st

from dashboards import filters, formats, provenance
from dashboards.charts import vendors as charts
from dashboards.parts import vendor_agreements
from dashboards.published import Published, current
from dashboards.queries import vendors as queries
from dashboards.queries.reading import total
from dashboards.states import guarded
from models.economics.single_vendors import SINGLE_FROM_PCT
from models.economics.vendors import HIGH_ABOVE, MODERATE_ABOVE
from models.wording import UNKNOWN, counted, money_text, month_text, share_text

_ROLES = {
    "model developer": ("Who develops the models", "develops {} of what models cost"),
    "host": ("On whose machines they run", "hosts {} of all cost"),
    "invoice issuer": ("Who sends the invoice", "invoices {}"),
}
"""Each role of the mart: its heading, and what the first of it does."""
_SINGLE = {"host": "on a single host", "model developer": "on models of a single developer"}


@guarded
def show() -> None:
    published = current()
    st.title("Whom do we depend on?", anchor=False)
    periods = queries.vendor_periods(published)
    if not periods:
        st.info(_nothing(published), title="No month to show", icon=":material/hourglass_empty:")
        provenance.show_stale(published)
        return
    with st.container(horizontal=True, vertical_alignment="bottom", key="vendors filters"):
        period = filters.choose_month("vendors", periods)
    rows = queries.concentration(published, period=period)
    uses = queries.single_vendor_uses(published, period=period)
    if published.is_whole:
        _whole(published, rows, uses, period)
    else:
        st.markdown(
            "What hangs on a single vendor, and where inference ran, for the teams that you may see. Whom the whole "
            "organisation depends on, and its contracts, are for people who may see everything."
        )
        provenance.show_stale(published)
    _single(uses)
    _residency(published, period)


def _nothing(published: Published) -> str:
    if published.is_whole:
        return "No cost with a vendor is known yet."
    return (
        "Of the teams that you may see, nothing hangs on a single vendor, and no policy says where inference may run."
    )


def _whole(published: Published, rows: pl.DataFrame, uses: pl.DataFrame, period: str) -> None:
    """What is told of the organisation alone: shares, contracts, commitments."""
    contracts = queries.contracts(published)
    currency = rows["currency"][0] if len(rows) else ""
    _answer(rows, uses, contracts, period, currency)
    history = queries.concentration_history(published, period=period)
    _indices(history, period)
    st.caption(
        f"Effective cost of {month_text(period)} in {currency}. HHI is the Herfindahl-Hirschman index, the sum of all "
        f"squared shares in percent: 10,000 is a single vendor, above {MODERATE_ABOVE:,} is moderate and above "
        f"{HIGH_ABOVE:,} high (U.S. merger guidelines of 2023). Whoever is not known counts as one vendor."
        f"{_without_rate(rows)}"
    )
    provenance.show_stale(published)
    vendor_agreements.show_contracts(contracts)
    vendor_agreements.show_commitments(queries.commitments(published, period=period), period)
    _concentration(rows.filter("has_rate"), history, currency)


def _answer(rows: pl.DataFrame, uses: pl.DataFrame, contracts: pl.DataFrame, period: str, currency: str) -> None:
    said = list(_firsts(rows))
    if not said:
        st.markdown(f"Who gets the money is not known for {month_text(period)}{f' in {currency}' if currency else ''}.")
        return
    single = uses.filter(pl.col("role") == "host")
    hang = f" {counted(len(single), 'use')} of models hang on a single host." if len(single) else ""
    notice = "".join(f" {sentence}" for sentence in vendor_agreements.next_notice(contracts))
    st.markdown(f"{', '.join(said)} (effective cost in {currency}, {month_text(period)}).{hang}{notice}")


def _without_rate(rows: pl.DataFrame) -> str:
    """What is in no share, by the role that covers all cost."""
    unknown = rows.filter(~pl.col("has_rate"), pl.col("role") == "host")
    told = [
        f"{money_text(amount, currency)} with {formats.plain(name)}"
        for name, currency, amount in unknown.select("name", "currency", "effective_cost").iter_rows()
    ]
    return f" No rate is known, so it is in no share: {', '.join(told)}." if told else ""


def _firsts(rows: pl.DataFrame) -> Iterator[str]:
    """The largest known vendor of each role, and its share."""
    for role, (_, does) in _ROLES.items():
        first = rows.filter((pl.col("role") == role) & pl.col("is_known") & pl.col("share_pct").is_not_null()).head(1)
        for row in first.iter_rows(named=True):
            share = f"{row['share_pct']:,.1f} %"
            yield f"**{formats.plain(row['name'])}** {does.format(share)}"


def _indices(history: pl.DataFrame, period: str) -> None:
    for column, role in zip(st.columns(len(_ROLES), gap="small"), _ROLES, strict=True):
        of_role = history.filter(pl.col("role") == role)
        found = of_role.filter(pl.col("month") == period)
        before = of_role.filter(pl.col("month") < period).tail(1)
        index, band = found.select("hhi", "concentration").row(0) if len(found) else (None, None)
        column.metric(
            f"HHI of {role}s",
            UNKNOWN if index is None else f"{index:,.0f}",
            delta=f"{band} concentration" if band else "nothing to share",
            delta_color="off",
            delta_arrow="off",
            delta_description=f"{before['hhi'][0]:,.0f} in {month_text(before['month'][0])}" if len(before) else None,
            border=True,
            height="stretch",
        )


def _concentration(rows: pl.DataFrame, history: pl.DataFrame, currency: str) -> None:
    st.subheader("How concentrated it is", anchor=False)
    if history["month"].n_unique() > 1:
        st.vega_lite_chart(
            charts.concentration(history, moderate_above=MODERATE_ABOVE, high_above=HIGH_ABOVE),
            alt="Herfindahl-Hirschman index of model developers, hosts and invoice issuers by month",
        )
    for column, (role, (heading, _)) in zip(st.columns(len(_ROLES), gap="medium"), _ROLES.items(), strict=True):
        of_role = rows.filter(pl.col("role") == role).with_columns(pl.col("share_pct").cast(pl.Float64))
        with column:
            st.markdown(f"**{heading}**")
            formats.table(
                of_role,
                {
                    "name": formats.text_column(role.capitalize(), width=150),
                    "effective_cost": formats.money_column(currency),
                    "share_pct": formats.percent_column("Share"),
                },
                alt=f"Effective cost and share by {role}, dearest first",
            )


def _single(uses: pl.DataFrame) -> None:
    if uses.is_empty():
        return
    roles = {role: words for role, words in _SINGLE.items() if role in uses["role"].to_list()}
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader("What hangs on one vendor", anchor=False, width="content")
        role = filters.choose_named("vendors", "role", "Vendor in which role", roles)
    uses = uses.filter(pl.col("role") == role)
    currencies = uses["currency"].unique()
    currency = currencies[0] if len(currencies) == 1 else None
    st.caption(
        f"Uses with {SINGLE_FROM_PCT} % or more of their cost of models at one vendor. Next best: the same tokens at "
        "the list price of comparable models. Whether they do the work as well is not judged."
    )
    formats.table(
        uses,
        {
            "use_name": formats.text_column("Use", width="medium"),
            "vendor_cost": formats.money_column("Its cost", currency),
            "vendor": formats.text_column("Vendor"),
            **({} if currency else {"currency": formats.text_column("Currency", width="small")}),
            "next_vendor": formats.text_column("Next vendor"),
            "comparable_cost": formats.money_column("Comparable", help="Of its cost, what the next best could take"),
            "next_cost": formats.money_column("There", help="The same tokens at list price there"),
            "difference": formats.money_column("Difference", signed=True, help="Above zero, changing costs more"),
            "next_models": formats.text_column("Its models", width="medium"),
            "use_kind": formats.text_column("Named by", width="small"),
        },
        rows=12,
        alt="Uses of models with a single vendor, and what the next best vendor would cost",
    )


def _residency(published: Published, period: str) -> None:
    st.subheader("Where inference ran", anchor=False)
    currencies = queries.residency_currencies(published, period=period)
    if not currencies:
        st.caption("No policy of outlay.yaml (residency) has inference in this month.")
        return
    currency = filters.choose_currency("vendors", currencies)
    places = queries.residency(published, period=period, currency=currency)
    st.caption(_compliance(places, currency))
    formats.table(
        places,
        {
            "policy": formats.text_column("Policy", width="medium"),
            "standing": formats.text_column("Standing"),
            "effective_cost": formats.money_column("Effective cost", currency),
            "region": formats.text_column("Region", help="The vendor's word; a dash: it tells none"),
            "vendors": formats.text_column("Vendors", width="medium"),
            "compliance_cost": formats.money_column(
                "Complying costs", signed=True, help="More than now, in the cheapest place that the policy allows"
            ),
            "unpriced_cost": formats.money_column("Without a price", help="Effective cost that no price tells this of"),
        },
        alt="Inference by policy, standing and region, and what complying would cost",
    )


def _compliance(places: pl.DataFrame, currency: str) -> str:
    """Policy by policy: a cost may fall under several, so they are never added up."""
    said: list[str] = []
    for (policy,), rows in places.group_by("policy", maintain_order=True):
        whole = total(rows["effective_cost"])
        broken = total(rows.filter(pl.col("standing") == "violation")["effective_cost"])
        untold = total(rows.filter(pl.col("standing") == "unknown region")["effective_cost"])
        said.append(
            f"**{formats.plain(str(policy))}**: {money_text(broken, currency)} ran where it may not "
            f"({share_text(broken, whole)}); of {money_text(untold, currency)} the place is not told, which is neither "
            "allowed nor a violation."
        )
    return "  \n".join(said)
