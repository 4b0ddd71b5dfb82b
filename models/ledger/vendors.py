"""Vendors: the few facts about a model provider that a charge states and no answer of the vendor's holds.

A table, one row a provider of the price book. How a vendor's answers are read belongs to its connector; what
its services cost, to the price book.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from models.errors import OutlayError


@dataclass(frozen=True)
class Vendor:
    """How FOCUS names a provider, its service and its accounts.

    `committed_tiers` are processing tiers that a commitment pays: their usage takes no share of any bill line.
    Provider, host, invoice issuer and publisher are the same `name` for a vendor that sells its own models.
    """

    provider: str
    name: str
    service_name: str
    service_category: str
    service_subcategory: str
    billing_account_type: str
    sub_account_type: str
    committed_tiers: tuple[str, ...] = ()


_GENERATIVE = ("AI and Machine Learning", "Generative AI")

VENDORS: Mapping[str, Vendor] = {
    vendor.provider: vendor
    for vendor in (
        Vendor("openai", "OpenAI", "OpenAI API", *_GENERATIVE, "Organization", "Project"),
        # Priority Tier is bought ahead and is absent from the cost report (platform.claude.com, Usage and Cost API).
        Vendor("anthropic", "Anthropic", "Claude API", *_GENERATIVE, "Organization", "Workspace", ("priority",)),
    )
}
"""Every provider whose bill lines we turn into charges."""


def vendor_of(provider: str) -> Vendor:
    """The vendor of a provider id; an unknown one is an error, never a charge with made-up names."""
    try:
        return VENDORS[provider]
    except KeyError:
        raise OutlayError(
            f"no vendor facts for provider {provider!r}",
            remedy=f"use one of {', '.join(VENDORS)}, or add a row to VENDORS in models/ledger/vendors.py",
        ) from None


def committed_tiers() -> pl.DataFrame:
    """`provider`, `processing_tier`: whatever a commitment pays."""
    rows = [(vendor.provider, tier) for vendor in VENDORS.values() for tier in vendor.committed_tiers]
    return pl.DataFrame(rows, schema={"provider": pl.String, "processing_tier": pl.String}, orient="row")


_FAMILIES = {
    "amazon": "aws",
    "aws": "aws",
    "google": "google",
    "gcp": "google",
    "microsoft": "microsoft",
    "azure": "microsoft",
}


def issuer_family(issuer: str) -> str:
    """Whose accounts an issuer's numbers name: `Amazon Web Services EMEA SARL` and `AWS` are one, and so are all others
    that bear one name. Reports of one account spell its issuer differently."""
    folded = " ".join(issuer.casefold().split())
    return _FAMILIES.get(folded.partition(" ")[0], folded)


def account_key(account_id: str) -> str:
    """An account by its bare number: Azure's FOCUS names `/providers/Microsoft.Billing/billingAccounts/1234`, its own
    reports `1234`."""
    return account_id.rstrip("/").rpartition("/")[2].casefold()
