"""How far reservations and savings plans were used: Cost Management's summaries, held against what the charges say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

import polars as pl

from connectors.azure.management import ManagementClient, gathered
from connectors.azure.options import AzureOptions
from connectors.errors import AnswerError
from connectors.http import read_json
from connectors.protocol import Answer, Finding, Surroundings, Window

STREAM = "benefits/utilization"
_APART = Decimal(5)
"""Points of a per cent between both tellings that are worth a person's look: one is in hours, the other in money."""


@dataclass(frozen=True)
class Utilization:
    """A commitment over the days that were told: average and least per cent that was used of it."""

    benefit: str
    kind: str
    average: Decimal
    least: Decimal
    days: int


def benefit_answers(
    client: ManagementClient, options: AzureOptions, window: Window, *, source: str, surroundings: Surroundings
) -> Iterator[Answer]:
    """All pages of the scope's summaries by day. Only billing accounts, profiles and plans have them."""
    path = f"{options.scope}/providers/Microsoft.CostManagement/benefitUtilizationSummaries"
    first, last = window.days[0], window.days[-1]
    told = f"properties/usageDate ge {first:%Y-%m-%d} and properties/usageDate le {last:%Y-%m-%d}"
    for sequence, page in enumerate(gathered(client, path, {"grainParameter": "Daily", "filter": told})):
        request = {"path": path, "page": str(sequence)}
        yield Answer(source, STREAM, window, request, sequence, surroundings.clock(), page.body)


def utilizations(answers: Sequence[Answer]) -> list[Utilization]:
    """By commitment, the least used first. Raises `AnswerError` for a summary without its commitment or per cent."""
    days: dict[tuple[str, str], list[tuple[Decimal, Decimal]]] = {}
    for answer in answers:
        if answer.stream == STREAM and isinstance(answer.body, bytes) and answer.body.strip():
            for summary in read_json(answer.body).get("value") or []:
                kind, told = str(summary.get("kind", "")), cast("dict[str, Any]", summary.get("properties") or {})
                benefit, average = told.get("benefitId"), told.get("avgUtilizationPercentage")
                if kind == "IncludedQuantity":
                    continue  # a share of something included has no average of its own
                if not benefit or not isinstance(average, (int, Decimal)):
                    raise AnswerError(
                        f"{STREAM}: a summary of {kind or 'no kind'} lacks its commitment or per cent",
                        remedy="report it with the answer: Azure's columns changed",
                    )
                least = told.get("minUtilizationPercentage")
                floor = Decimal(least if isinstance(least, (int, Decimal)) else average)
                days.setdefault((str(benefit).lower(), kind), []).append((Decimal(average), floor))
    found = [
        Utilization(
            benefit,
            kind,
            sum((average for average, _ in told), Decimal(0)) / len(told),
            min(floor for _, floor in told),
            len(told),
        )
        for (benefit, kind), told in days.items()
    ]
    return sorted(found, key=lambda use: (use.average, use.benefit))


class CommitmentUse:
    """What charges say of commitments, added up part by part: effective cost that was used, and that was not."""

    def __init__(self) -> None:
        self._costs: dict[tuple[str, str], dict[str, Decimal]] = {}

    def add(self, charges: pl.DataFrame) -> None:
        told = charges.filter(pl.col("CommitmentDiscountStatus").is_not_null())
        keys = ["CommitmentDiscountId", "BillingCurrency", "CommitmentDiscountStatus"]
        sums = told.group_by(keys).agg(pl.col("EffectiveCost").sum())
        for benefit, currency, status, cost in sums.iter_rows():
            costs = self._costs.setdefault((benefit, currency), {"Used": Decimal(0), "Unused": Decimal(0)})
            costs[status] += cost

    def findings(self, answers: Sequence[Answer]) -> tuple[Finding, ...]:
        """Each commitment that left money unused; each one's summary; and where the two tell otherwise."""
        found = [
            Finding("commitment_unused", f"{benefit}: {costs['Unused']:f} {currency} of {total:f} was not used")
            for (benefit, currency), costs in sorted(self._costs.items())
            if costs["Unused"] and (total := costs["Used"] + costs["Unused"])
        ]
        shares = self._shares()
        for use in utilizations(answers):
            average, least = _percent(use.average), _percent(use.least)
            said = f"{use.benefit}: {use.kind} used to {average} % on average, at least {least} %"
            found.append(Finding("benefit_utilization", said, use.days))
            share = shares.get(use.benefit)
            if share is not None and abs(share - use.average) > _APART:
                detail = f"{use.benefit}: the charges say {_percent(share)} %, its summaries {average} %"
                found.append(Finding("benefit_utilization_differs", detail, use.days))
        return tuple(found)

    def _shares(self) -> Mapping[str, Decimal]:
        """Per cent of each commitment's effective cost that was used."""
        totals: dict[str, list[Decimal]] = {}
        for (benefit, _), costs in self._costs.items():
            sums = totals.setdefault(benefit, [Decimal(0), Decimal(0)])
            sums[0] += costs["Used"]
            sums[1] += costs["Used"] + costs["Unused"]
        return {benefit: used * 100 / total for benefit, (used, total) in totals.items() if total}


def _percent(value: Decimal) -> str:
    return f"{value:.1f}"
