"""Would self-hosting be cheaper: `marts.break_even`. Each function says the columns of its answer."""

from __future__ import annotations

import polars as pl

from dashboards.published import Published
from dashboards.queries.reading import ask


def break_even_periods(published: Published) -> list[str]:
    """Months that were compared, latest first."""
    return ask(published, "SELECT DISTINCT month FROM marts.break_even ORDER BY month DESC")["month"].to_list()


def models_compared(published: Published, *, period: str) -> pl.DataFrame:
    """model, currency, output_tokens, api_cost, low, high (of all options), options, cheaper, dearer (how many of the
    options cost less, or no less, in every case); dearest first."""
    return ask(
        published,
        """
        SELECT model, currency, any_value(output_tokens) AS output_tokens, any_value(api_cost) AS api_cost,
            min(self_hosted_cost_low) AS low, max(self_hosted_cost_high) AS high, count(*) AS options,
            count(*) FILTER (verdict = 'self-hosting') AS cheaper, count(*) FILTER (verdict = 'API') AS dearer
        FROM marts.break_even WHERE month = $period GROUP BY model, currency ORDER BY api_cost DESC, model
        """,
        period=period,
    )


def ways(published: Published, *, period: str, model: str, currency: str) -> pl.DataFrame:
    """All columns of the ways to serve one model's output ourselves, likeliest cheapest first."""
    return ask(
        published,
        """
        SELECT * FROM marts.break_even WHERE month = $period AND model = $model AND currency = $currency
        ORDER BY self_hosted_cost, served_model, accelerator_type, pricing_kind
        """,
        period=period,
        model=model,
        currency=currency,
    )
