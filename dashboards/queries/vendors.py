"""Whom we depend on: `marts.vendor_concentration`, `contracts`, `single_provider_use_cases`, `residency`; what is
committed to each vendor, of `marts.commitments`.

Months are months of use (effective cost), of commitments billing months. Vendors are told in reporting currency,
commitments and residency in that of the bill. Each function says the columns of its answer.
"""

from __future__ import annotations

import polars as pl

from dashboards.published import Published
from dashboards.queries.reading import ask

_HISTORY_MONTHS = 24


def vendor_periods(published: Published) -> list[str]:
    """Months that have a cost with a vendor, or of the teams that the person may see inference under a policy or a use
    with a single vendor; latest first."""
    frame = ask(
        published,
        """
        SELECT month FROM marts.vendor_concentration
        UNION SELECT month FROM marts.residency
        UNION SELECT month FROM marts.single_provider_use_cases ORDER BY month DESC
        """,
    )
    return frame["month"].to_list()


def concentration_history(published: Published, *, period: str) -> pl.DataFrame:
    """month, role, hhi, concentration of the two years up to the month, oldest first."""
    return ask(
        published,
        f"""
        SELECT month, role, any_value(hhi) AS hhi, any_value(concentration) AS concentration
        FROM marts.vendor_concentration
        WHERE hhi IS NOT NULL AND month IN (
            SELECT DISTINCT month FROM marts.vendor_concentration WHERE month <= $period
            ORDER BY month DESC LIMIT {_HISTORY_MONTHS}
        )
        GROUP BY month, role ORDER BY month, role
        """,
        period=period,
    )


def contracts(published: Published) -> pl.DataFrame:
    """All columns of the register, and `vendor`; the nearest day of notice that is still to come first."""
    return ask(
        published,
        """
        SELECT *, coalesce(issuer_name, source) AS vendor FROM marts.contracts
        ORDER BY days_until_notice < 0 NULLS LAST, days_until_notice NULLS LAST, ends_on NULLS LAST, name, currency
        """,
    )


def commitments(published: Published, *, period: str) -> pl.DataFrame:
    """vendor, currency, kinds, commitments (how many), committed_amount and remaining (null: no amount is told),
    unused (of the month), next_expiry (null: no term is told), at_stake (lost or owed at the end, at the rate of the
    last 30 days): what was bought ahead of each vendor or promised to it, what expires next first."""
    return ask(
        published,
        """
        SELECT coalesce(issuer_name, source, 'not known') AS vendor, currency,
            string_agg(DISTINCT replace(kind, '_', ' '), ', ' ORDER BY replace(kind, '_', ' ')) AS kinds,
            count(DISTINCT commitment_id) AS commitments,
            sum(committed_amount) AS committed_amount, sum(remaining) AS remaining,
            sum(unused) FILTER (kind <> 'spend') AS unused,
            min(term_end) FILTER (term_end > as_of) AS next_expiry,
            sum(coalesce(expiring_amount, true_up_projected)) AS at_stake
        FROM marts.commitments WHERE billing_month = $period
        GROUP BY ALL ORDER BY next_expiry NULLS LAST, committed_amount DESC NULLS LAST, vendor, currency
        """,
        period=period,
    )


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
