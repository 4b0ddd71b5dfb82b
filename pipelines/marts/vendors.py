"""Marts of vendors and of where inference ran, as the publication shows them."""

from __future__ import annotations

from collections.abc import Mapping

from models.economics.residency import RESIDENCY, ResidencyPolicy, residency
from models.economics.single_vendors import SINGLE_PROVIDER_USE_CASES, single_provider_uses
from models.economics.vendors import VENDOR_CONCENTRATION, vendor_concentration
from pipelines.marts.economics import Economics
from pipelines.reference import comparable_models, model_developers
from pipelines.warehouse import Mart


def vendors_marts(economics: Economics) -> Mapping[str, Mart]:
    """By qualified name."""
    work = economics.work
    policies = [ResidencyPolicy(policy.name, policy.regions, policy.scope) for policy in work.settings.residency]
    return {
        VENDOR_CONCENTRATION.qualified_name: lambda: vendor_concentration(economics.tco),
        SINGLE_PROVIDER_USE_CASES.qualified_name: lambda: single_provider_uses(
            economics.attributed, comparable_models(), model_developers(), work.prices, economics.rates
        ),
        RESIDENCY.qualified_name: lambda: residency(
            economics.attributed, policies, work.prices, comparable_models().hosts
        ),
    }
