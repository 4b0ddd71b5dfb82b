"""Publishing a home: which marts the warehouse gets, and from what they are worked out."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache

from models.catalogue import TABLES
from models.economics.accelerator_usage import ACCELERATOR_RATES, ACCELERATOR_USAGE, accelerator_rates
from models.errors import OutlayError
from models.ledger.prices import PRICE_BOOK
from pipelines.alert_history import restore
from pipelines.marts.alert_conditions import JUDGED, alert_conditions_marts
from pipelines.marts.anomalies import anomalies_marts
from pipelines.marts.break_even import break_even_marts
from pipelines.marts.budget_outlook import BudgetForecasting, budget_outlook_marts
from pipelines.marts.budgets import Budgeting, budgets_marts
from pipelines.marts.changes import changes_marts
from pipelines.marts.commitments import commitments_marts
from pipelines.marts.disputes import disputes_marts
from pipelines.marts.economics import Economics
from pipelines.marts.forecasts import Forecasting, forecasts_marts
from pipelines.marts.invoices import invoices_marts
from pipelines.marts.repriced_models import repriced_models_marts
from pipelines.marts.statements import statements_marts
from pipelines.marts.summaries import summaries_marts
from pipelines.marts.tco import tco_marts
from pipelines.marts.unit_costs import unit_costs_marts
from pipelines.marts.vendors import vendors_marts
from pipelines.warehouse import Footing, Mart, Publication
from pipelines.warehouse import publish as publish_warehouse
from pipelines.workplace import Workplace

_PATIENCE_SECONDS = 60
"""Another run may be publishing; it takes seconds, and ours then shows what theirs could not."""


def publish(work: Workplace) -> Publication:
    """Build and switch the warehouse of this home. Raises `PublishError`; what was published before stays.

    Files beside the charges that cannot be read are `problems` of the publication: what they would tell is unknown.
    """
    problems: list[OutlayError] = []
    # what was told of before is what anomalies are judged by; where it cannot be had, the alert pass says so
    with suppress(OutlayError), work.control.lock_alerting(wait=_PATIENCE_SECONDS):
        restore(work)

    def footing() -> Footing:
        """What people uploaded is applied now that nobody else publishes: no older publication can follow it."""
        nonlocal work
        work = work.with_pending_uploads()
        return Footing(work.rules, work.in_force.numbers)

    publication = publish_warehouse(
        work.lake,
        work.control,
        work.home.warehouse,
        TABLES.values(),
        lambda facts: _published(Economics(work, facts, problems)),
        footing=footing,
        wait=_PATIENCE_SECONDS,
        on_step=work.on_step,
    )
    return replace(publication, problems=tuple(problems))


def _published(economics: Economics) -> Mapping[str, Mart]:
    """The marts, and the cache as tidy as they need it: only here nobody else may be publishing."""
    economics.forget_older()
    return _marts(economics)


def _marts(economics: Economics) -> Mapping[str, Mart]:
    """The rows of every mart; what several share is worked out once."""
    work, facts, forecasting = economics.work, economics.facts, Forecasting(economics)
    budgeting = Budgeting(economics)
    of_budgets = BudgetForecasting(budgeting, forecasting)
    made: dict[str, Mart] = {
        PRICE_BOOK.qualified_name: work.prices.rows,
        ACCELERATOR_RATES.qualified_name: lambda: accelerator_rates(facts.read(ACCELERATOR_USAGE)),
        **tco_marts(economics, forecasting.proofs),
        **summaries_marts(economics),
        **repriced_models_marts(economics),
        **disputes_marts(economics),
        **invoices_marts(economics),
        **commitments_marts(economics),
        **unit_costs_marts(economics),
        **vendors_marts(economics),
        **statements_marts(economics),
        **changes_marts(economics),
        **forecasts_marts(forecasting),
        **anomalies_marts(economics),
        **break_even_marts(economics),
        **budgets_marts(budgeting),
        **budget_outlook_marts(of_budgets),
    }
    judged = {table.qualified_name: _made_once(made[table.qualified_name]) for table in JUDGED}
    return {**made, **judged, **alert_conditions_marts(economics, judged, of_budgets.judged)}


def _made_once(mart: Mart) -> Mart:
    return cache(mart) if callable(mart) else mart
