"""Reconciliation and data health: whether the figures can be trusted, and where not, why and what to do."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboards import filters, formats, provenance
from dashboards.charts.health import restated_days
from dashboards.charts.spending import differences
from dashboards.filters import Choice
from dashboards.published import Published, current
from dashboards.queries import health
from dashboards.queries.reading import total
from dashboards.states import guarded
from models.spreadsheets import as_csv
from models.wording import counted, instant_text, money_text, month_text, share_text

_STATUS = {"fresh": "Fresh", "stale": "Stale", "failing": "Failing", "never": "Never pulled"}
_MEASURE = {"billed_cost": "Billed", "consumed_quantity": "Used"}
_INVOICE = {
    "equal": "equal",
    "rounding": "equal but for rounding",
    "differs": "differing",
    "no charges": "without charges",
    "not invoiced": "not imported",
    "voided": "voided",
}
_OUTCOME = {
    "committed": "loaded",
    "unchanged": "nothing new",
    "held": "held: not proven complete",
    "failed": "failed",
}


@guarded
def show() -> None:
    published = current()
    st.title("Can the figures be trusted?", anchor=False)
    sources = health.freshness(published, provenance.now())
    if not published.is_whole:
        _of_some_teams(published, sources)
        return
    proofs = health.proofs(published)
    st.markdown(_answer(proofs, sources))
    choice = filters.choose(published, "data-health", "currency")
    source = _choose_source(published)
    if choice is not None:
        _reconciliation(published, choice, source)
        _invoices(published, choice)
        _restatements(published, choice, source)
    _sources(sources)
    _loads(published)
    _proofs(proofs)
    _findings(published)


def _of_some_teams(published: Published, sources: pl.DataFrame) -> None:
    """Freshness is everybody's; bills, proofs and loads are of the whole organisation."""
    late = [formats.plain(name) for name in sources.filter(pl.col("status") != "fresh")["source"]]
    st.markdown(
        f"**{', '.join(late)} {'is' if len(late) == 1 else 'are'} not fresh:** what came since is missing."
        if late
        else f"**All {counted(len(sources), 'source')} are fresh.**"
        if len(sources)
        else "**No source was ever pulled.**"
    )
    st.info(
        "Reported against computed, invoices, restatements, proofs, loads and findings are of the whole organisation's"
        f" bills. You see costs of {formats.plain(', '.join(published.teams or ()))} alone, so they are left out here:"
        " that is not to say that there are none. Somebody who sees everything can tell you how they stand.",
        title="Most of this page is withheld from people of some teams",
        icon=":material/lock_person:",
    )
    _sources(sources)


def _choose_source(published: Published) -> str | None:
    """A vendor's source by its name; None is all of them."""
    names = health.sources(published)
    if len(names) < 2:
        return None
    labels = {"": "All sources"} | {name: name for name in names}
    return filters.choose_named("data-health", "source", "Source", labels, label_visible=True) or None


def _answer(proofs: pl.DataFrame, sources: pl.DataFrame) -> str:
    failed = len(proofs.filter(~pl.col("passed")))
    late = sources.filter(pl.col("status") != "fresh")["source"].to_list()
    if not failed and not late:
        return (
            f"**Yes.** All {counted(len(proofs), 'proof')} hold, "
            f"and {counted(len(sources), 'source is', 'sources are')} fresh."
        )
    reasons: list[str] = []
    if failed:
        reasons.append(f"{failed} of {counted(len(proofs), 'proof')} {'does' if failed == 1 else 'do'} not hold")
    if late:
        named = ", ".join(formats.plain(source) for source in late)
        reasons.append(f"{named} {'is' if len(late) == 1 else 'are'} not fresh")
    return f"**Not entirely:** {'; '.join(reasons)}. " + (
        "The sums below that fail say where." if failed else "What is loaded adds up; what came since is missing."
    )


def _sources(sources: pl.DataFrame) -> None:
    st.subheader("Sources", anchor=False)
    failing = sources.filter(pl.col("message").is_not_null() & (pl.col("status") != "fresh"))
    for row in failing.iter_rows(named=True):
        st.error(
            f"{formats.plain(row['message'])}\n\n**What to do:** {formats.plain(row['remedy'] or 'see outlay doctor')}",
            title=f"{formats.plain(row['source'])}: last try {instant_text(row['last_attempt_at'])}",
            icon=":material/sync_problem:",
        )
    if sources.is_empty():
        st.info("No source was ever pulled. `outlay run` pulls those of outlay.yaml.")
        return
    shown = sources.with_columns(
        pl.col("status").replace_strict(_STATUS),
        pl.col("last_outcome").replace_strict(_OUTCOME),
        (pl.col("data_through") - pl.duration(microseconds=1)).dt.date().alias("through"),
    )
    formats.table(
        shown,
        {
            "source": formats.text_column("Source"),
            "status": formats.text_column("Status", width="small"),
            "through": formats.day_column("Data through"),
            "last_success_at": formats.instant_column("Last good pull"),
            "last_attempt_at": formats.instant_column("Last try"),
            "last_outcome": formats.text_column("It ended"),
        },
        alt="Sources: how fresh each is and how its last try ended",
    )


def _loads(published: Published) -> None:
    loads = health.loads(published)
    if loads.is_empty():
        st.caption("Nothing was loaded yet.")
        return
    with st.expander(f"Loads: the last {len(loads)} that were committed"):
        formats.table(
            loads.with_columns(
                pl.when("is_current").then(pl.lit("shown")).otherwise(pl.lit("replaced")).alias("state"),
                (pl.col("data_through") - pl.duration(microseconds=1)).dt.date().alias("through"),
            ),
            {
                "source": formats.text_column("Source"),
                "billing_period": formats.text_column("Month", width="small"),
                "state": formats.text_column("State", width="small"),
                "committed_at": formats.instant_column("Committed"),
                "through": formats.day_column("Data through"),
                "period_status": formats.text_column("At the vendor", width="small"),
                "answers": formats.quantity_column("Answers"),
                "charges": formats.quantity_column("Charges"),
                "meter_readings": formats.quantity_column("Readings"),
                "bill_lines": formats.quantity_column("Bill lines"),
            },
            alt="Committed loads, newest first",
        )


def _reconciliation(published: Published, choice: Choice, source: str | None) -> None:
    reasons = health.reconciliation_by_reason(published, period=choice.period, currency=choice.currency, source=source)
    st.subheader(f"Reported against computed, {month_text(choice.period)}", anchor=False)
    st.caption(provenance.coverage_line(published, period=choice.period, currency=choice.currency))
    if reasons.is_empty():
        st.info("No bill of this month is reconciled: its vendors give charges of their own, or none yet.")
        _disputes(published, choice, source)
        return
    differing = reasons.filter(pl.col("difference") != 0)
    st.markdown(_reconciled(reasons, choice.currency))
    left, right = st.columns([2, 3], gap="medium")
    if not differing.is_empty():
        left.vega_lite_chart(
            differences(differing, currency=choice.currency),
            alt="Difference between what vendors report and what we compute, by reason",
        )
    with right:
        money = pl.lit(choice.currency).alias("unit")
        formats.table(
            reasons.with_columns(money).with_columns(
                formats.written("reported", "unit"),
                formats.written("computed", "unit"),
                formats.written("difference", "unit", signed=True),
            ),
            {
                "reason": formats.text_column("Reason"),
                "rows": formats.quantity_column("Rows"),
                "reported": formats.written_column("Reported"),
                "computed": formats.written_column("Computed"),
                "difference": formats.written_column("Difference"),
            },
            alt="Reported, computed and difference by reason",
        )
    _disputes(published, choice, source)
    _largest(published, choice, source)


def _disputes(published: Published, choice: Choice, source: str | None) -> None:
    """In one line what was billed at another price than agreed, with the lines to send to the vendor."""
    rows = health.disputes(published, period=choice.period, currency=choice.currency, source=source)
    if rows.is_empty():
        st.caption("No line of this month was billed at another price than ours, by a cent or more.")
        return
    above = rows.filter(pl.col("difference") > 0)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"{counted(len(rows), 'line')} at another price than ours: "
            f"**{money_text(total(above['difference']), choice.currency)}** too much in {counted(len(above), 'line')}.",
            width="content",
        )
        st.download_button(
            "Download them as CSV",
            as_csv(rows),
            file_name=f"price-disputes-{choice.period}-{choice.currency}.csv",
            mime="text/csv",
            icon=":material/download:",
        )


def _reconciled(reasons: pl.DataFrame, currency: str) -> str:
    """Of what can be compared: neither what has no price nor what is on no bill yet is a difference from ours."""
    told = reasons.filter(pl.col("difference").is_not_null())
    late = told.filter(pl.col("reason") == "late")
    compared = told.filter(pl.col("reason") != "late")
    unpriced = total(reasons.filter(pl.col("difference").is_null())["reported"])
    reported, difference = total(compared["reported"]), total(compared["difference"])
    unknown = total(compared.filter(pl.col("reason") == "unknown")["difference"])
    names = sorted({name for row in reasons["sources"] for name in row})
    said = (
        f"**{money_text(total(reasons['reported']), currency)}** is reported by"
        f" {formats.plain(', '.join(names))}, the only bills compared here."
    )
    if unpriced:
        said += f" **{money_text(unpriced, currency)}** of it has no price of ours and cannot be checked."
    said += (
        f" {'The rest' if unpriced else 'That'} is **{money_text(difference, currency, signed=True)}**"
        f" ({share_text(difference, reported, places=2)}) against our own sum,"
        f" {money_text(total(compared['computed']), currency)}."
    )
    if len(late):
        said += f" Besides, {money_text(total(late['computed']), currency)} of usage is on no bill yet."
    return said + (
        f" {money_text(unknown, currency, signed=True)} has no known reason."
        if unknown
        else " Every difference has a reason."
    )


def _largest(published: Published, choice: Choice, source: str | None) -> None:
    rows = health.largest_differences(published, period=choice.period, currency=choice.currency, source=source)
    if rows.is_empty():
        return
    st.markdown("**Largest differences**, line by line; bills still to come are last")
    formats.table(
        rows,
        {
            "day": formats.day_column("Day"),
            "source": formats.text_column("Source", width="small"),
            "reason": formats.text_column("Reason"),
            "difference": formats.money_column("Difference", choice.currency),
            "reported": formats.money_column("Reported", choice.currency),
            "computed": formats.money_column("Computed", choice.currency),
            "project": formats.text_column("Project"),
            "model": formats.text_column("Model"),
            "meter": formats.text_column("Meter", width="small"),
            "processing_tier": formats.text_column("Tier", width="small"),
            "description": formats.text_column("The vendor's words", width="large"),
        },
        alt="The lines that differ most between bill and computation",
    )


def _invoices(published: Published, choice: Choice) -> None:
    st.subheader(f"Invoices against charges, {month_text(choice.period)}", anchor=False)
    rows = health.invoices(published, period=choice.period, currency=choice.currency)
    if rows.is_empty():
        st.markdown("No invoice of this month was imported, and no charge bears a number of one.")
        return
    standing = rows.group_by("status", maintain_order=True).len().iter_rows()
    st.markdown(
        f"{counted(len(rows), 'invoice')}: {', '.join(f'{count} {_INVOICE[status]}' for status, count in standing)}."
    )
    formats.table(
        rows.with_columns(pl.col("status").replace_strict(_INVOICE)),
        {
            "status": formats.text_column("State", width="small"),
            "issuer_name": formats.text_column("Issuer"),
            "invoice_id": formats.text_column("Invoice"),
            "invoiced": formats.money_column("Invoiced", choice.currency),
            "no_cost": formats.money_column("No cost of ours", help="Such as recoverable tax"),
            "charged": formats.money_column("Charged"),
            "difference": formats.money_column("Difference", signed=True),
            "charges": formats.quantity_column("Charges"),
            "matched_by": formats.text_column("Matched by"),
        },
        alt="Invoices and the charges that they are held against: what differs first",
    )


def _restatements(published: Published, choice: Choice, source: str | None) -> None:
    days = health.restated(published, period=choice.period, source=source)
    st.subheader(f"Restated by vendors, {month_text(choice.period)}", anchor=False)
    if days.is_empty():
        st.markdown("Nothing that was told before was told otherwise later.")
        return
    count, sources = days["day"].n_unique(), days["source"].n_unique()
    money = days.filter((pl.col("measure") == "billed_cost") & (pl.col("unit") == choice.currency))
    summed = (
        f" Billed cost changed by **{money_text(total(money['difference']), choice.currency, signed=True)}** together."
        if len(money)
        else ""
    )
    st.markdown(f"{counted(count, 'day')} of {counted(sources, 'source')} changed after we had loaded them.{summed}")
    if len(money):
        st.vega_lite_chart(
            restated_days(money.group_by("day").agg(pl.col("difference").sum()).sort("day"), currency=choice.currency),
            alt=f"By how much vendors changed the billed cost of each day, in {choice.currency}",
        )
    rows = health.restatements(published, period=choice.period, source=source)
    formats.table(
        rows.with_columns(
            pl.col("measure").replace(_MEASURE),
            formats.written("before", "unit"),
            formats.written("after", "unit"),
            formats.written("difference", "unit", signed=True),
        ),
        {
            "day": formats.day_column("Day"),
            "source": formats.text_column("Source", width="small"),
            "measure": formats.text_column("What"),
            "before": formats.written_column("Before"),
            "after": formats.written_column("Now"),
            "difference": formats.written_column("Change"),
            "project": formats.text_column("Project"),
            "model": formats.text_column("Model"),
            "detected_at": formats.instant_column("Seen"),
        },
        alt="Figures that vendors told otherwise later",
    )


def _proofs(proofs: pl.DataFrame) -> None:
    st.subheader("Proofs", anchor=False)
    if proofs.is_empty():
        st.caption("No sum was proven yet: `outlay run` proves them at every load.")
        return
    held = len(proofs.filter("passed"))
    st.markdown(
        f"**{held:,} of {counted(len(proofs), 'proof')} hold.** Sums that must be equal, compared on every load; those"
        " that do not hold come first."
    )
    formats.table(
        proofs.with_columns(
            pl.when("passed").then(pl.lit("✓ holds")).otherwise(pl.lit("✗ fails")).alias("state"),
            pl.col("currency").fill_null("").alias("unit"),
        ).with_columns(
            formats.written("expected", "unit"),
            formats.written("actual", "unit"),
            formats.written("difference", "unit", signed=True),
        ),
        {
            "state": formats.text_column("State", width="small"),
            "name": formats.text_column("Proof"),
            "source": formats.text_column("Source", width="small"),
            "billing_period": formats.text_column("Month", width="small"),
            "cost_basis": formats.text_column("Cost", width="small"),
            "subject": formats.text_column("Of"),
            "expected": formats.written_column("Should be"),
            "actual": formats.written_column("Is"),
            "difference": formats.written_column("Difference"),
            "detail": formats.text_column("What it says", width="large"),
        },
        alt="Proofs of conservation, failed ones first",
    )


def _findings(published: Published) -> None:
    rows = health.findings(published)
    st.subheader("Findings", anchor=False)
    if rows.is_empty():
        st.markdown("Nothing odd was found in what the vendors sent.")
        return
    st.markdown("What was odd in the vendors' answers: kept as it came, and counted.")
    formats.table(
        rows.with_columns(pl.col("kind").str.replace_all("[_:-]", " ")),
        {
            "source": formats.text_column("Source", width="small"),
            "billing_period": formats.text_column("Month", width="small"),
            "kind": formats.text_column("Kind"),
            "count": formats.quantity_column("Times"),
            "detail": formats.text_column("What was found", width="large"),
        },
        alt="Findings in the vendors' answers",
    )
