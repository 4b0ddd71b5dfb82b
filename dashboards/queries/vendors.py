"""Whom we depend on: `marts.vendor_concentration`, `marts.single_provider_use_cases`, `marts.residency`.

Months are months of use (effective cost). Vendors are told in reporting currency, residency in that of the bill. Each
function says the columns of its answer.
"""

from __future__ import annotations

import polars as pl

from dashboards.published import Published
from dashboards.queries.reading import ask


def vendor_periods(published: Published) -> list[str]:
    """Months that have a cost with a vendor, latest first."""
    return ask(published, "SELECT DISTINCT month FROM marts.vendor_concentration ORDER BY month DESC")[
        "month"
    ].to_list()


def residency_currencies(published: Published, *, period: str) -> list[str]:
    """Currencies of a month's inference, the one with most rows first."""
    frame = ask(
        published,
        """
        SELECT currency FROM marts.residency WHERE month = $period
        GROUP BY currency ORDER BY count(*) DESC, currency
        """,
        period=period,
    )
    return frame["currency"].to_list()


def concentration(published: Published, *, period: str) -> pl.DataFrame:
    """role, name ("not known" where it is not), is_known, currency, has_rate, effective_cost, share_pct, rank, hhi,
    concentration; dearest first, what has no rate last."""
    return ask(
        published,
        """
        SELECT role, coalesce(name, 'not known') AS name, name IS NOT NULL AS is_known, currency, has_rate,
            effective_cost, share_pct, rank, hhi, concentration
        FROM marts.vendor_concentration WHERE month = $period
        ORDER BY role, has_rate DESC, currency, effective_cost DESC, name
        """,
        period=period,
    )


def single_vendor_uses(published: Published, *, period: str) -> pl.DataFrame:
    """All columns of uses with a single vendor, `use_name` never null; dearest first."""
    return ask(
        published,
        """
        SELECT * REPLACE (coalesce(use_name, 'nothing names it') AS use_name)
        FROM marts.single_provider_use_cases WHERE month = $period
        ORDER BY vendor_cost DESC, use_name, role
        """,
        period=period,
    )


def residency(published: Published, *, period: str, currency: str) -> pl.DataFrame:
    """policy, standing, region (null: not told), vendors, effective_cost, compliance_cost (null: no price is known),
    unpriced_cost; violations first."""
    return ask(
        published,
        """
        SELECT policy, standing, region, string_agg(DISTINCT vendor, ', ' ORDER BY vendor) AS vendors,
            sum(effective_cost) AS effective_cost, sum(compliance_cost) AS compliance_cost,
            sum(unpriced_cost) AS unpriced_cost
        FROM marts.residency WHERE month = $period AND currency = $currency
        GROUP BY policy, standing, region
        ORDER BY standing <> 'violation', standing <> 'unknown region', policy, effective_cost DESC, region
        """,
        period=period,
        currency=currency,
    )
