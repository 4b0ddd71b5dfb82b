"""The truth of the clouds' bills, from what their lines mean, never from the files. Parts are told in README.md."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from connectors.simulator.amounts import text
from connectors.simulator.clouds.lines import ZERO, Charge

_PERIOD = ("source", "billing_period")


def cloud_document(charges: Sequence[Charge]) -> dict[str, list[dict[str, Any]]]:
    """The parts of `truth.json` that only clouds have; empty lists without charges."""
    return {
        "cloud_costs": _costs(charges),
        "cloud_tokens": _tokens(charges),
        "accelerators": _accelerators(charges),
        "commitments": _commitments(charges),
        "not_understood": _not_understood(charges),
    }


def _rows(names: tuple[str, ...], groups: dict[tuple[str | None, ...], dict[str, Any]]) -> list[dict[str, Any]]:
    ordered = sorted(groups.items(), key=lambda item: tuple(part or "" for part in item[0]))
    return [{**dict(zip(names, group, strict=True)), **sums} for group, sums in ordered]


def _costs(charges: Iterable[Charge]) -> list[dict[str, Any]]:
    sums: defaultdict[tuple[str | None, ...], list[Decimal]] = defaultdict(lambda: [ZERO] * 4)
    for charge in charges:
        group = (charge.source, charge.billing_period, charge.billing_account, charge.category, charge.currency)
        costs = (charge.billed, charge.effective, charge.listed, charge.contracted)
        sums[group] = [before + cost for before, cost in zip(sums[group], costs, strict=True)]
    names = ("billed_cost", "effective_cost", "list_cost", "contracted_cost")
    return _rows(
        (*_PERIOD, "billing_account_id", "charge_category", "currency"),
        {group: dict(zip(names, map(text, costs), strict=True)) for group, costs in sums.items()},
    )


def _tokens(charges: Iterable[Charge]) -> list[dict[str, Any]]:
    sums: defaultdict[tuple[str | None, ...], int] = defaultdict(int)
    for charge in charges:
        if charge.tokens is not None:
            tokens = charge.tokens
            sums[charge.source, charge.billing_period, tokens.model, tokens.meter, tokens.tier] += tokens.count
    names = (*_PERIOD, "model", "meter", "processing_tier")
    return _rows(names, {group: {"tokens": count} for group, count in sums.items()})


def _accelerators(charges: Iterable[Charge]) -> list[dict[str, Any]]:
    sums: defaultdict[tuple[str | None, ...], list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
    for charge in charges:
        if charge.accelerators is not None:
            told = charge.accelerators
            use = "used" if told.used else "unused"
            group = (charge.source, charge.billing_period, told.type, told.region, told.kind, use)
            hours, cost = sums[group]
            sums[group] = [hours + told.hours, cost + charge.effective]
    return _rows(
        (*_PERIOD, "accelerator_type", "region", "pricing_kind", "use"),
        {
            group: {"accelerator_hours": text(hours), "effective_cost": text(cost)}
            for group, (hours, cost) in sums.items()
        },
    )


def _commitments(charges: Iterable[Charge]) -> list[dict[str, Any]]:
    """Over the window: what was paid, what of it was used and not, and the balance that is paid ahead."""
    sums: defaultdict[tuple[str | None, ...], dict[str, Decimal]] = defaultdict(
        lambda: {"paid": ZERO, "used": ZERO, "unused": ZERO}
    )
    for charge in charges:
        if charge.commitment is not None:
            group = (charge.source, charge.commitment)
            sums[group]["paid"] += charge.billed
            if charge.status is not None:
                sums[group][charge.status.lower()] += charge.effective
    return _rows(
        ("source", "commitment_id"),
        {
            group: {
                **{name: text(amount) for name, amount in parts.items()},
                "prepaid_balance": text(parts["paid"] - parts["used"] - parts["unused"]),
            }
            for group, parts in sums.items()
        },
    )


def _not_understood(charges: Iterable[Charge]) -> list[dict[str, Any]]:
    sums: defaultdict[tuple[str | None, ...], list[Any]] = defaultdict(lambda: [0, ZERO])
    for charge in charges:
        if charge.unknown is not None:
            count, billed = sums[charge.source, charge.billing_period, *charge.unknown]
            sums[charge.source, charge.billing_period, *charge.unknown] = [count + 1, billed + charge.billed]
    names = (*_PERIOD, "kind", "what")
    return _rows(
        names,
        {
            group: {"charges": count, "billed_cost": text(billed), "currency": "USD"}
            for group, (count, billed) in sums.items()
        },
    )


def cloud_restated(before: Sequence[Charge], after: Sequence[Charge]) -> list[dict[str, Any]]:
    """Days × sub-account × model whose billed cost is another on the second pull; null where there was no charge.

    A month's charges (discounts, tax) count on the day that they stand on.
    """
    first, second = _by_day(before), _by_day(after)
    changed = {
        group: {"billed_before": _told(first.get(group)), "billed_after": _told(second.get(group))}
        for group in first.keys() | second.keys()
        if first.get(group) != second.get(group)
    }
    return _rows((*_PERIOD, "day", "project_id", "model"), changed)


def _by_day(charges: Iterable[Charge]) -> dict[tuple[str | None, ...], Decimal]:
    sums: defaultdict[tuple[str | None, ...], Decimal] = defaultdict(lambda: ZERO)
    for charge in charges:
        project = charge.account.id if charge.account else None
        model = charge.tokens.model if charge.tokens else charge.capacity_of
        sums[charge.source, charge.billing_period, str(charge.start.date()), project, model] += charge.billed
    return dict(sums)


def _told(amount: Decimal | None) -> str | None:
    return None if amount is None else text(amount)
