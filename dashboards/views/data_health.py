"""Data health: whether the figures can be trusted, and where not, why and what to do."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboards import filters, formats, provenance
from dashboards.charts.spending import differences
from dashboards.filters import Choice
from dashboards.published import Published, current
from dashboards.queries import health
from dashboards.queries.reading import total
from dashboards.states import guarded
from models.wording import counted, instant_text, money_text, month_text, share_text

_STATUS = {"fresh": "Fresh", "stale": "Stale", "failing": "Failing", "never": "Never pulled"}
_MEASURE = {"billed_cost": "Billed", "consumed_quantity": "Used"}
_OUTCOME = {
    "committed": "loaded",
    "unchanged": "nothing new",
    "held": "held: not proven complete",
    "failed": "failed",
}


@guarded
def show() -> None:
    published = current()
    st.title("Can these figures be trusted?", anchor=False)
    proofs = health.proofs(published)
    sources = health.freshness(published, provenance.now())
    st.markdown(_answer(proofs, sources))
    _sources(published, sources)
    choice = filters.choose(published, "data-health", "currency")
    if choice is not None:
        _reconciliation(published, choice)
        _restatements(published, choice)
    _proofs(proofs)
    _findings(published)


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


def _sources(published: Published, sources: pl.DataFrame) -> None:
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
    _loads(published)


def _loads(published: Published) -> None:
    loads = health.loads(published)
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


def _reconciliation(published: Published, choice: Choice) -> None:
    reasons = health.reconciliation_by_reason(published, period=choice.period, currency=choice.currency)
    st.subheader(f"Reported against computed, {month_text(choice.period)}", anchor=False)
    st.caption(provenance.coverage_line(published, period=choice.period, currency=choice.currency))
    if reasons.is_empty():
        st.info("No bill of this month is reconciled: its vendors give charges of their own, or none yet.")
        return
    differing = reasons.filter(pl.col("difference") != 0)
    st.markdown(_reconciled(reasons, choice.currency))
    left, right = st.columns([2, 3], gap="medium")
    if not differing.is_empty():
        left.altair_chart(
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
    _largest(published, choice)


def _reconciled(reasons: pl.DataFrame, currency: str) -> str:
    reported = total(reasons["reported"])
    difference = total(reasons["difference"])
    unknown = total(reasons.filter(pl.col("reason") == "unknown")["difference"])
    explained = (
        "Every difference has a reason."
        if not unknown
        else f"{money_text(unknown, currency, signed=True)} of it has no known reason."
    )
    return (
        f"Vendors report **{money_text(reported, currency)}**; that is "
        f"**{money_text(difference, currency, signed=True)}** "
        f"({share_text(difference, reported, places=2)}) against our own sum. {explained}"
    )


def _largest(published: Published, choice: Choice) -> None:
    rows = health.largest_differences(published, period=choice.period, currency=choice.currency)
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


def _restatements(published: Published, choice: Choice) -> None:
    rows = health.restatements(published, period=choice.period)
    st.subheader(f"Restated by vendors, {month_text(choice.period)}", anchor=False)
    if rows.is_empty():
        st.markdown("Nothing that was told before was told otherwise later.")
        return
    days, sources = rows["day"].n_unique(), rows["source"].n_unique()
    st.markdown(f"{counted(days, 'day')} of {counted(sources, 'source')} changed after we had loaded them.")
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
    st.markdown("Sums that must be equal, compared on every load; those that do not hold come first.")
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
        rows,
        {
            "source": formats.text_column("Source", width="small"),
            "billing_period": formats.text_column("Month", width="small"),
            "kind": formats.text_column("Kind"),
            "count": formats.quantity_column("Times"),
            "detail": formats.text_column("What was found", width="large"),
        },
        alt="Findings in the vendors' answers",
    )
