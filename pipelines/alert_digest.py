"""The facts of the weekly digest, from the published file and the alerts as they stand. What they are is in
`models.control.digest`; when one is due is in `models.control.notices`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cached_property

import polars as pl

from models.control.budget_outlook import BUDGET_OUTLOOK
from models.control.budget_status import BUDGET_STATUS
from models.control.condition_tables import ALERT_RULES
from models.control.digest import (
    Digest,
    Week,
    budget_standings,
    open_alerts,
    week_movers,
    week_of,
    week_spending,
)
from models.control.savings import SavingFrames, savings
from models.errors import OutlayError
from models.foresight.change import decompose
from models.wording import counted
from pipelines.changes import NESTING, change_items
from pipelines.door import query
from pipelines.errors import QueryError
from pipelines.workplace import Workplace

_WEEK = timedelta(days=7)
_WEEKS = 5
_COSTS = """
SELECT CAST(day AS DATE) AS day,
    CASE WHEN reporting_effective_cost IS NULL THEN currency ELSE reporting_currency END AS currency,
    CAST(sum(coalesce(reporting_effective_cost, effective_cost)) AS DECIMAL(38, 12)) AS cost
FROM marts.tco_daily WHERE CAST(day AS DATE) BETWEEN DATE '{first}' AND DATE '{last}' GROUP BY ALL
"""
"""In the reporting currency; what has no rate in its own."""
_CHARGES = "SELECT * FROM marts.attributed_daily WHERE CAST(day AS DATE) BETWEEN DATE '{first}' AND DATE '{last}'"
_INCIDENTS = """
SELECT a.of_team, a.of_model, a.currency, any_value(c.sentence) AS sentence
FROM marts.anomalies a JOIN marts.anomaly_causes c USING (incident_id)
WHERE a.is_head AND a.counted AND a.first_day <= DATE '{last}' AND a.last_day >= DATE '{first}'
GROUP BY a.incident_id, a.of_team, a.of_model, a.currency, a.impact
ORDER BY abs(a.impact) DESC NULLS LAST, a.incident_id
"""
_PROOFS = "SELECT count(*) AS failed FROM ops.checks WHERE kind = 'proof' AND NOT passed"
_THROUGH = """
SELECT coalesce((SELECT max(made_on) FROM marts.month_end),
    (SELECT CAST(max(data_through) AS DATE) - 1 FROM ops.publication)) AS through
"""


def digest_of(work: Workplace, day: date) -> Digest | None:
    """The digest of the last week that is over before `day`, whenever it is asked for and sent; None where nothing is
    published. Raises `OutlayError`."""
    if not work.home.published.exists():
        return None
    now = work.surroundings.clock()
    facts = _Published(work, day)
    alerts = work.control.alerts.book().values()
    since = now - _WEEK
    return Digest(
        week=facts.week,
        spending=week_spending(facts.costs, facts.week),
        budgets=budget_standings(
            facts.all_of(BUDGET_STATUS.qualified_name), facts.all_of(BUDGET_OUTLOOK.qualified_name)
        ),
        movers=week_movers(facts.changes, facts.incidents),
        alerts=open_alerts(alerts),
        opened=sum(alert.opened_at >= since for alert in alerts),
        resolved=sum(alert.resolved_at is not None and alert.resolved_at >= since for alert in alerts),
        savings=savings(facts.savings, now.date()),
        health=facts.health,
    )


class _Published:
    """What of the published file a digest is made of."""

    def __init__(self, work: Workplace, today: date) -> None:
        self._file = work.home.published.resolve()
        self._today = today

    def all_of(self, table: str) -> pl.DataFrame:
        return self._rows(f"SELECT * FROM {table}")

    @cached_property
    def week(self) -> Week:
        return week_of(self._today, self._rows(_THROUGH).item())

    @property
    def costs(self) -> pl.DataFrame:
        return self._between(_COSTS, self.week.first_day - _WEEKS * _WEEK, self.week.last_day)

    @property
    def changes(self) -> pl.DataFrame:
        """Charges of the week against the same days of the week before, taken apart by team and model."""
        before, after = (
            change_items(self._between(_CHARGES, first, first + timedelta(days=self.week.days - 1)), "effective", *_BY)
            for first in (self.week.first_day - _WEEK, self.week.first_day)
        )
        return decompose(before, after, by=_BY, nesting=NESTING)

    @property
    def incidents(self) -> pl.DataFrame:
        return self._between(_INCIDENTS, self.week.first_day, self.week.last_day)

    @property
    def savings(self) -> SavingFrames:
        return SavingFrames(
            idle=self.all_of("marts.idle_accelerators"),
            commitments=self.all_of("marts.commitments"),
            disputes=self.all_of("marts.price_disputes"),
            break_even=self.all_of("marts.break_even"),
            single_vendors=self.all_of("marts.single_provider_use_cases"),
        )

    @property
    def health(self) -> str:
        told = [_freshness(self.all_of("ops.freshness")), _proofs(self._rows(_PROOFS).item())]
        unknown = self.all_of(ALERT_RULES.qualified_name).filter(~pl.col("judged"))["rule"].unique().sort().to_list()
        if unknown:
            told.append(f"{counted(len(unknown), 'rule')} could not be judged ({', '.join(unknown[:3])})")
        return f"{'; '.join(told)}."

    def _between(self, sql: str, first: date, last: date) -> pl.DataFrame:
        return self._rows(sql.format(first=first, last=last))

    def _rows(self, sql: str) -> pl.DataFrame:
        try:
            return query(self._file, sql).rows
        except QueryError as error:
            raise OutlayError(
                f"the published warehouse ({self._file.name}) does not tell all that a digest says",
                remedy="another version of Outlay made it; `outlay run` publishes anew",
            ) from error


_BY = ("currency", "team", "model")


def _freshness(sources: pl.DataFrame) -> str:
    others: Mapping[str, str] = dict(
        sources.filter(pl.col("status") != "fresh").sort("source").select("source", "status").iter_rows()
    )
    if not others:
        return f"All {sources.height:,} sources are fresh" if sources.height else "There is no source"
    named = ", ".join(f"{source} is {status}" for source, status in list(others.items())[:3])
    return f"{sources.height - len(others):,} of {counted(sources.height, 'source')} are fresh ({named})"


def _proofs(failed: int) -> str:
    return f"{counted(failed, 'proof')} of conservation failed" if failed else "every proof of conservation holds"
