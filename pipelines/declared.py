"""Declared costs of a home: from `costs` as `outlay.yaml` writes them to days, and which of these an invoice pays for.

What a declared cost is by day is in `models.economics.declared_costs`; reading the file is in `configuration`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import polars as pl

from connectors.errors import ConfigurationError
from models.economics.components import LAYERS, Taxonomy
from models.economics.declared_costs import (
    DECLARED_TAG,
    INVOICED_DAYS_SCHEMA,
    DeclaredCost,
    Fee,
    OwnedAccelerators,
    People,
    declared_costs,
)
from models.economics.first_match import TAG, Rule
from models.economics.ownership import DIMENSIONS, POOL, OwnerRule
from models.errors import OutlayError
from models.ledger.focus import COST_AND_USAGE, INVOICE_DETAIL
from models.ledger.rollup import DAILY_COSTS
from models.wording import nearest
from pipelines.settings import Settings
from pipelines.settings.declared import DeclaredCostSettings
from pipelines.warehouse import Facts

DEFAULT_COMPONENTS = {"owned_accelerators": "owned_hardware"}
"""By kind, where a cost names no component of its own; people and overheads for every other kind."""

_KINDS: Mapping[str, type[DeclaredCost]] = {"owned_accelerators": OwnedAccelerators, "people": People}
"""By kind; every other is a fee."""
_COMMON = ("name", "kind", "currency", "valid_from", "valid_to", *DIMENSIONS)
_OF_KIND: Mapping[type[DeclaredCost], tuple[str, ...]] = {
    OwnedAccelerators: (
        "accelerator", "count", "purchase_price", "residual_value", "in_service", "life_months", "power_kw", "pue",
        "electricity_price_per_kwh", "colocation_per_month",
    ),
    People: ("annual_cost", "share_pct"),
    Fee: ("vendor", "amount", "per"),
}  # fmt: skip


def declared_cost(said: DeclaredCostSettings) -> DeclaredCost:
    """One cost as the model takes it."""
    kind = _KINDS.get(said.kind, Fee)
    values: dict[str, Any] = {name: getattr(said, name) for name in (*_COMMON, *_OF_KIND[kind])}
    return kind(**values, component=component_of(said), pool=said.shared)


def component_of(said: DeclaredCostSettings) -> str:
    """The component that the cost says, else that of its kind."""
    return said.component or DEFAULT_COMPONENTS.get(said.kind, "people_and_overheads")


def declared_owner_rules(settings: Settings) -> tuple[OwnerRule, ...]:
    """Charges of an invoice that takes the place of a declared cost belong to whom that cost belongs.

    To be tried before the rules of `owners`, which would not see a declared cost at all.
    """
    return tuple(
        OwnerRule({f"{TAG}{DECLARED_TAG}": _exactly(cost.name)}, says, name=f"costs: {cost.name}")
        for cost in settings.costs
        if (says := _owner(cost))
    )


def with_declared_components(taxonomy: Taxonomy, settings: Settings) -> Taxonomy:
    """The taxonomy, after rules by which charges that take the place of a declared cost have its component."""
    rules = [Rule({(f"{TAG}{DECLARED_TAG}",): _exactly(cost.name.lower())}) for cost in settings.costs]
    components = [component_of(cost) for cost in settings.costs]
    return Taxonomy((*rules, *taxonomy.rules), (*components, *taxonomy.components))


def declared_by_day(settings: Settings, facts: Facts, invoiced: pl.DataFrame, today: date) -> pl.DataFrame:
    """`marts.declared_costs` through `today`, given way to invoices on the days of `invoiced`.

    A fee or people without `valid_from` are counted from the first day of the first charges.
    """
    costs = [declared_cost(said) for said in settings.costs]
    first = facts.read(DAILY_COSTS).select(pl.col("day").min()).collect().item() if costs else None
    since = today.replace(day=1) if first is None else first.date()
    return declared_costs(costs, invoiced, since=since, through=today, layers=LAYERS)


def invoiced_days(facts: Facts) -> pl.DataFrame:
    """Days of declared costs that charges of an invoice stand for (`INVOICED_DAYS_SCHEMA`).

    Lines that make charges of their own take a day's place once the ledger has that day's charge: a month that was not
    loaded yet, or whose load was withdrawn, stays declared. Lines of a feed take the place of all days of their period.
    """
    lines = (
        facts.read(INVOICE_DETAIL)
        .filter(pl.col("x_DeclaredCost").is_not_null(), pl.col("InvoiceIssueStatus") != "Voided")
        .select(
            "InvoiceIssuerName",
            "InvoiceDetailId",
            "x_Charges",
            "x_ServicePeriodStart",
            "x_ServicePeriodEnd",
            name="x_DeclaredCost",
            part="x_DeclaredPart",
            invoice_id="InvoiceId",
        )
        .collect()
    )
    if lines.is_empty():
        return pl.DataFrame(schema=INVOICED_DAYS_SCHEMA)
    start, end = pl.col("x_ServicePeriodStart").dt.date(), pl.col("x_ServicePeriodEnd").dt.date()
    of_feeds = lines.filter(pl.col("x_Charges") == "feed").with_columns(
        day=pl.date_ranges(start, end, interval="1d", closed="left")
    )
    key = ["InvoiceIssuerName", "InvoiceDetailId"]
    charged = (
        facts.read(COST_AND_USAGE)
        .filter(pl.col("x_CostSource") == "imported_invoice", pl.col("ChargeCategory") == "Usage")
        .select(*key, day=pl.col("ChargePeriodStart").dt.date())
        .collect()
    )
    days = [of_feeds.explode("day"), lines.join(charged, on=key)]
    return pl.concat([rows.select(list(INVOICED_DAYS_SCHEMA)) for rows in days])


def invoiced_services(facts: Facts) -> pl.DataFrame:
    """`source`, `provider_name` and `service_name` of charges that took a declared cost's place: days after them are
    declared until the next invoice."""
    key = ["InvoiceIssuerName", "InvoiceDetailId"]
    lines = facts.read(INVOICE_DETAIL).filter(pl.col("x_DeclaredCost").is_not_null()).select(key).unique()
    charges = facts.read(COST_AND_USAGE).filter(pl.col("x_CostSource") == "imported_invoice")
    return (
        charges.join(lines, on=key, how="semi")
        .select(source="x_Source", provider_name="ServiceProviderName", service_name="ServiceName")
        .unique()
        .collect()
    )


def undeclared(settings: Settings, invoiced: pl.DataFrame) -> Iterator[OutlayError]:
    """An error for each name that an invoice takes the place of and that `costs` do not declare: misspelt, the cost
    counts twice."""
    known = [cost.name for cost in settings.costs]
    unknown = (
        invoiced.filter(~pl.col("name").is_in(known)).group_by("name").agg(pl.col("invoice_id").min()).sort("name")
    )
    for name, invoice_id in unknown.iter_rows():
        yield ConfigurationError(
            f"invoice {invoice_id} takes the place of the declared cost {name!r}, which outlay.yaml does not declare",
            remedy=f"write declared_cost as the name under costs is written{nearest(name, known)}, or leave it empty",
        )


def _owner(said: DeclaredCostSettings) -> dict[str, str]:
    told = {**{name: getattr(said, name) for name in DIMENSIONS}, POOL: said.shared}
    return {what: value for what, value in told.items() if value is not None}


def _exactly(text: str) -> str:
    """A glob that fits this text alone."""
    return re.sub(r"([*?\[])", r"[\1]", text)
