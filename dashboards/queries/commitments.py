"""What we have committed to: `marts.commitments` and `marts.commitment_burn_down`.

Months are billing months; amounts are in the currency of the bill. Each function says the columns of its answer.
"""

from __future__ import annotations

import polars as pl

from dashboards.published import Published
from dashboards.queries.reading import ask

_LABEL = "CASE WHEN name = commitment_id THEN replace(kind, '_', ' ') || ' …' || right(name, 8) ELSE name END"
"""Its name; without one its kind and the end of its id, which tells it from others."""


def commitment_periods(published: Published) -> list[str]:
    """Billing months that have a commitment, latest first."""
    frame = ask(published, "SELECT DISTINCT billing_month FROM marts.commitments ORDER BY billing_month DESC")
    return frame["billing_month"].to_list()


def commitment_currencies(published: Published, *, period: str) -> list[str]:
    """Currencies of a month's commitments, the one with most of them first."""
    frame = ask(
        published,
        """
        SELECT currency FROM marts.commitments WHERE billing_month = $period
        GROUP BY currency ORDER BY count(*) DESC, currency
        """,
        period=period,
    )
    return frame["currency"].to_list()


def commitments(published: Published, *, period: str, currency: str) -> pl.DataFrame:
    """All columns of the month's commitments, and `label`; what expires next first, what never does last."""
    return ask(
        published,
        f"""
        SELECT *, {_LABEL} AS label FROM marts.commitments
        WHERE billing_month = $period AND currency = $currency
        ORDER BY term_end NULLS LAST, amortised_cost DESC, label, commitment_id
        """,
        period=period,
        currency=currency,
    )


def drawn_down(published: Published, *, currency: str) -> list[str]:
    """Ids of commitments of which something was left on some day: those whose burn-down shows anything."""
    frame = ask(
        published,
        """
        SELECT DISTINCT commitment_id FROM marts.commitment_burn_down
        WHERE currency = $currency AND (remaining <> 0 OR straight_line IS NOT NULL)
        """,
        currency=currency,
    )
    return frame["commitment_id"].to_list()


def burn_down(published: Published, *, commitment: str, currency: str) -> pl.DataFrame:
    """day, remaining, straight_line (null: no term or amount is told) of one commitment, day by day."""
    return ask(
        published,
        """
        SELECT CAST(day AS DATE) AS day, sum(remaining) AS remaining, sum(straight_line) AS straight_line
        FROM marts.commitment_burn_down WHERE commitment_id = $commitment AND currency = $currency
        GROUP BY day ORDER BY day
        """,
        commitment=commitment,
        currency=currency,
    )
