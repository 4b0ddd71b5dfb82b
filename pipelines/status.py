"""What the command line tells of a run and of what is published: sources, freshness, proofs, budgets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
from rich.text import Text

from models.errors import OutlayError
from models.foresight.anomaly_tables import ANOMALY_DETECTION
from models.foresight.anomaly_words import judged_sentences, why_nothing_is_known
from models.wording import instant_text
from pipelines.alerting import AlertReport
from pipelines.console import money, say, show_error, show_table, stdout
from pipelines.home import Home
from pipelines.run import RunReport

_FRESHNESS = """
SELECT source, CASE WHEN status = 'fresh' AND stale_after < now() THEN 'stale' ELSE status END, last_success_at,
       data_through, last_outcome, message
FROM ops.freshness ORDER BY source
"""
_MONTHS = """
SELECT source, billing_month, currency, sum(billed_cost), sum(effective_cost), sum(list_cost), sum(charges)
FROM marts.daily_costs GROUP BY ALL ORDER BY billing_month, source, currency
"""
_PROOFS = "SELECT count(*) FILTER (passed), count(*) FILTER (NOT passed) FROM ops.checks WHERE kind = 'proof'"
_FAILED = """
SELECT source, billing_period, "check", coalesce(subject, cost_basis, ''), difference, detail
FROM ops.checks WHERE NOT passed ORDER BY ALL
"""
_BUDGETS = """
SELECT status.budget, status.period, status.scope, status.currency, status.spent, status.budget_amount,
    status.share_pct, max(threshold.first_crossed_day), status.data_through
FROM marts.budget_status AS status LEFT JOIN marts.budget_thresholds AS threshold USING (budget, period)
WHERE status.as_of BETWEEN status.first_day AND status.last_day
GROUP BY ALL ORDER BY ALL
"""


def tell_report(report: RunReport) -> int:
    """What each load did, what was published and told, and every failure; returns the exit status."""
    _show_report(report)
    for failure in report.failures:
        show_error(failure)
    return 1 if report.failures else 0


def _show_report(report: RunReport) -> None:
    loaded = [outcome for outcome in report.outcomes if not outcome.unchanged]
    if loaded:
        show_table(
            None,
            ("source", "period", "readings", "bill lines", "charges", "restated", "findings", "proofs"),
            [
                (
                    outcome.source,
                    outcome.billing_period,
                    f"{outcome.rows.get('usage.meter_readings', 0):,}",
                    f"{outcome.rows.get('usage.bill_lines', 0):,}",
                    f"{outcome.rows.get('focus.cost_and_usage', 0):,}",
                    f"{outcome.restated:,}",
                    f"{outcome.findings:,}",
                    "all hold" if not outcome.failed_proofs else "; ".join(sorted(set(outcome.failed_proofs))),
                )
                for outcome in loaded
            ],
            right=("readings", "bill lines", "charges", "restated", "findings"),
        )
    unchanged = len(report.outcomes) - len(loaded)
    if unchanged:
        say(f"{unchanged} load(s) told nothing new")
    if report.publication is not None:
        say(f"published {report.publication.file.name}: {report.publication.loads} load(s)")
    if report.alerts is not None:
        tell_alerts(report.alerts)


def tell_alerts(report: AlertReport) -> None:
    """What a pass did, in a line; and why something was not told. Failures are told by whoever asked."""
    counts = {
        "opened": report.opened,
        "resolved": report.resolved,
        "told": report.told,
        "not told yet": report.waiting,
        "held": report.held,
    }
    told = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    if told:
        say(f"alerts: {told}")
    if report.held_until is not None:
        say(f"held until {instant_text(report.held_until)}: told by the first pass after it (`outlay up` makes one)")
    for note in report.notes:
        say(note)


def show_status(home: Home) -> bool:
    """Tell what is published; true where every source is fresh and every proof holds.

    Raises `OutlayError` where nothing is published.
    """
    if not home.published.exists():
        raise OutlayError(f"nothing is published in {home.root} yet", remedy="run `outlay run`, or `outlay demo`")
    with duckdb.connect(str(home.published.resolve()), read_only=True) as warehouse:
        sources, months, failed, budgets = _answers(warehouse, _FRESHNESS, _MONTHS, _FAILED, _BUDGETS)
        proofs = warehouse.execute(_PROOFS).fetchone() or (0, 0)
        anomalies = _of_anomalies(warehouse)
    show_table(
        "Sources",
        ("source", "status", "last good pull", "data through", "last try", "what went wrong"),
        [(*row[:2], _instant(row[2]), _instant(row[3]), *row[4:]) for row in sources],
    )
    show_table(
        "Billing periods",
        ("source", "period", "billed", "effective", "list", "charges"),
        [(row[0], row[1], *(_money(amount, row[2]) for amount in row[3:6]), f"{row[6]:,}") for row in months],
        right=("billed", "effective", "list", "charges"),
    )
    if budgets:
        _show_budgets(budgets)
    for line in anomalies:
        stdout().print(Text(line), soft_wrap=True)
    say(f"proofs: {proofs[0]} hold, {proofs[1]} fail")
    if failed:
        show_table("Proofs that fail", ("source", "period", "proof", "part", "difference", "where"), failed)
    return not failed and all(row[1] == "fresh" for row in sources)


def _answers(warehouse: duckdb.DuckDBPyConnection, *queries: str) -> list[list[tuple[Any, ...]]]:
    try:
        return [warehouse.execute(query).fetchall() for query in queries]
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        raise OutlayError(
            "another version of Outlay published this", remedy="run `outlay run` once: it publishes anew"
        ) from error


def _show_budgets(rows: Sequence[tuple[Any, ...]]) -> None:
    show_table(
        "Budgets",
        ("budget", "period", "scope", "spent", "of", "share", "crossed on"),
        [
            (*named, _spent(spent, currency, through), _money(amount, currency), _share(share), crossed)
            for *named, currency, spent, amount, share, crossed, through in rows
        ],
        right=("spent", "of", "share"),
    )


def _spent(amount: Decimal, currency: str, through: date | None) -> str:
    return _money(amount, currency) if through is not None else "no charge matches"


def _share(percent: Decimal | None) -> str:
    return "nothing is left" if percent is None else f"{percent:.1f} %"


def _of_anomalies(warehouse: duckdb.DuckDBPyConnection) -> list[str]:
    """What was judged, or why nothing was; silence of a warehouse from before that was published."""
    try:
        with warehouse.cursor() as cursor:
            detection = cursor.sql(f"SELECT * FROM {ANOMALY_DETECTION.qualified_name} ORDER BY currency").pl()
    except duckdb.CatalogException:
        return []
    unknown = why_nothing_is_known(detection)
    lines = judged_sentences(detection) if unknown is None else [unknown]
    unexplained = detection["unexplained"].max() or 0
    return [*lines, *([f"{unexplained} of the anomalies could not be explained: a defect."] if unexplained else [])]


def _money(amount: Any, currency: str) -> str:
    return money(amount if amount is None else Decimal(amount), currency)


def _instant(value: Any) -> str:
    return "–" if value is None else f"{value:%Y-%m-%d %H:%M}"
