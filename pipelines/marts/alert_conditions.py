"""Marts of alerts: what stands true in this publication that somebody may have to hear of, and what could be judged.

Each kind is judged from the frames that the publication shows. A kind that fails stops nothing: it is a problem of the
publication, and its rules are not judged, so that what was known of them before stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl

from models.control.alert_tables import ALERTS
from models.control.condition_tables import ALERT_CONDITIONS, ALERT_RULES, conditions_frame, rules_frame
from models.control.conditions import Kind
from models.control.kinds.anomalies import AnomalyFrames, anomalies, told_of
from models.control.kinds.commitments import left_unused, running_out
from models.control.kinds.judged import Judged, unknown
from models.control.kinds.reconciliation import first_period, reconciliation_differences
from models.control.kinds.renewals import renewals
from models.control.kinds.residency_breaches import residency_breaches
from models.control.kinds.rules import Rule, Vendors, with_told
from models.control.kinds.sources import stale_sources
from models.control.kinds.unpriced import unpriced_usage
from models.economics.commitments import COMMITMENT_BURN_DOWN, COMMITMENTS
from models.economics.contracts import CONTRACTS
from models.economics.residency import RESIDENCY
from models.economics.unpriced import UNPRICED_USAGE
from models.foresight.anomaly_tables import ANOMALIES, ANOMALY_CAUSES, ANOMALY_DAYS, ANOMALY_DETECTION
from models.ledger.invoice_reconciliation import INVOICE_RECONCILIATION
from models.ledger.operations import FRESHNESS_TABLE
from models.ledger.reconciliation import RECONCILIATION
from models.ledger.trust import CHECKS
from models.table import Table
from pipelines.alert_rules import rules_of
from pipelines.errors import left_out
from pipelines.marts.economics import Economics
from pipelines.warehouse import Mart

JUDGED: tuple[Table, ...] = (
    ANOMALIES, ANOMALY_CAUSES, ANOMALY_DAYS, ANOMALY_DETECTION,
    COMMITMENTS, COMMITMENT_BURN_DOWN, CONTRACTS, RESIDENCY,
    INVOICE_RECONCILIATION, CHECKS, UNPRICED_USAGE,
)  # fmt: skip
"""Marts that are judged here as they are published: whoever makes them makes each once."""


def alert_conditions_marts(
    economics: Economics,
    marts: Mapping[str, Mart],
    budgets: Callable[[], Mapping[tuple[str, Kind], Judged]] = dict,
) -> Mapping[str, Mart]:
    """By qualified name; `marts` has those that are JUDGED. `budgets`: what came of each, which are rules, too."""
    judging = Judging(economics, marts, budgets)
    return {
        ALERT_CONDITIONS.qualified_name: lambda: conditions_frame(
            [condition for judged in judging.all.values() for condition in judged.conditions]
        ),
        ALERT_RULES.qualified_name: lambda: rules_frame(judging.all),
    }


@dataclass(frozen=True)
class Judging:
    """What came of every rule in one publication, worked out once."""

    economics: Economics
    marts: Mapping[str, Mart]
    budgets: Callable[[], Mapping[tuple[str, Kind], Judged]] = dict

    @cached_property
    def all(self) -> Mapping[tuple[str, str], Judged]:
        """By rule and kind."""
        rules = rules_of(self.economics.work.settings)
        return dict(self.budgets()) | {
            (rule, kind): judged
            for kind, judge in _JUDGES.items()
            for rule, judged in self._judged(kind, judge, rules[kind]).items()
        }

    def _judged(self, kind: Kind, judge: _Judge, rules: Sequence[Rule]) -> dict[str, Judged]:
        if not rules:
            return {}
        try:
            return judge(self, with_told(rules, self.economics.facts.told(ALERTS)))
        except Exception as error:  # whatever it is, costs are published
            problem = left_out(f"alerts of the kind {kind} could not be judged", error)
            self.economics.problems.append(problem)
            return {rule.name: unknown(problem.what) for rule in rules}

    @cached_property
    def vendors(self) -> Vendors:
        """The vendor of each source that has one only."""
        pairs = self.economics.tco.select("source", "provider_name").unique().drop_nulls()
        return dict(pairs.filter(pl.len().over("source") == 1).iter_rows())

    @property
    def today(self) -> date:
        return self.economics.today

    def mart(self, table: Table) -> pl.DataFrame:
        """A table as it is published."""
        rows = self.marts[table.qualified_name]
        return rows() if callable(rows) else rows


_Judge = Callable[[Judging, Sequence[Rule]], dict[str, Judged]]


def _anomalies(of: Judging, rules: Sequence[Rule]) -> dict[str, Judged]:
    frames = AnomalyFrames(
        of.mart(ANOMALIES), of.mart(ANOMALY_CAUSES), of.mart(ANOMALY_DAYS), of.mart(ANOMALY_DETECTION)
    )
    return anomalies(frames, told_of(of.economics.facts.told(ALERTS)), rules)


def _reconciliation(of: Judging, rules: Sequence[Rule]) -> dict[str, Judged]:
    first = first_period(rules, of.today)
    lines = of.economics.facts.read(RECONCILIATION).filter(pl.col("billing_period") >= first).collect()
    return reconciliation_differences(
        lines, of.mart(INVOICE_RECONCILIATION), of.mart(CHECKS), rules, of.today, of.vendors
    )


def _sources(of: Judging, rules: Sequence[Rule]) -> dict[str, Judged]:
    declared = [source.name for source in of.economics.work.settings.sources]
    return stale_sources(of.economics.facts.told(FRESHNESS_TABLE), declared, rules, of.today, of.vendors)


_JUDGES: Mapping[Kind, _Judge] = {
    "anomaly": _anomalies,
    "reconciliation": _reconciliation,
    "stale_source": _sources,
    "unpriced_usage": lambda of, rules: unpriced_usage(of.mart(UNPRICED_USAGE), rules, of.today),
    "commitment_running_out": lambda of, rules: running_out(
        of.mart(COMMITMENTS), of.mart(COMMITMENT_BURN_DOWN), rules, of.today, of.vendors
    ),
    "commitment_unused": lambda of, rules: left_unused(
        of.mart(COMMITMENTS), of.mart(COMMITMENT_BURN_DOWN), rules, of.today, of.vendors
    ),
    "residency": lambda of, rules: residency_breaches(of.mart(RESIDENCY), rules, of.today),
    "renewal": lambda of, rules: renewals(of.mart(CONTRACTS), rules, of.today, of.vendors),
}
"""How each kind of `rules_of` is judged."""
