"""What `alerts.rules` of `outlay.yaml` says, as `models.control.kinds` takes it: the rules of each kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import cast

from models.control.conditions import Kind
from models.control.kinds.rules import DEFAULTS, Rule
from pipelines.alert_policy import match_of
from pipelines.settings import Settings
from pipelines.settings.alerts import RuleSettings


def rules_of(settings: Settings) -> Mapping[Kind, tuple[Rule, ...]]:
    """The rules of each kind but budgets, in their order: those of `outlay.yaml`, or the kind's own where it has none.

    A kind whose rules are all disabled has none left, and nothing is judged of it.
    """
    told = {kind: [rule for rule in settings.alerts.rules if rule.kind == kind] for kind in DEFAULTS}
    return {
        kind: tuple(_rule(rule) for rule in told[kind] if rule.enabled) if told[kind] else (default,)
        for kind, default in DEFAULTS.items()
    }


def _rule(told: RuleSettings) -> Rule:
    """What it does not say is as its kind has it; the gap below another `minimum` is as wide in proportion."""
    default = DEFAULTS[cast("Kind", told.kind)]
    minimum = default.minimum if told.minimum is None else told.minimum
    gap = default.resolves_below / default.minimum if default.minimum else Decimal(0)
    return replace(
        default,
        name=told.name or told.kind,
        match=match_of(told.match),
        minimum=minimum,
        resolves_below=minimum * gap if told.resolves_below is None else told.resolves_below,
        severities=told.severities,
        days_ahead=told.days_ahead or default.days_ahead,
        severity=told.severity,
    )
