"""How far the figures can be trusted: coverage, freshness, loads, reconciliation, restatements, proofs, findings.

Each function says the columns of its answer.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from dashboards.published import Published
from dashboards.queries.reading import ask


def publication(published: Published) -> pl.DataFrame:
    """One row: version, published_at, data_through (exclusive), sources, loads."""
    return ask(published, "SELECT version, published_at, data_through, sources, loads FROM ops.publication")


def coverage(published: Published, *, period: str, currency: str) -> pl.DataFrame:
    """measure (matched, priced, attributed, owned, invoiced), known, whole: of billed cost, over all sources.

    Measures of effective cost (component known, converted) are told with total cost."""
    return ask(
        published,
        """
        SELECT "check" AS measure, sum(actual) AS known, sum(expected) AS whole FROM ops.checks
        WHERE kind = 'measure' AND cost_basis = 'billed' AND billing_period = $period AND currency = $currency
        GROUP BY measure ORDER BY measure
        """,
        period=period,
        currency=currency,
    )


def freshness(published: Published, now: datetime) -> pl.DataFrame:
    """One row per source, worst first: source, status (as of `now`: a file that nobody renews grows stale too),
    last_success_at, last_attempt_at, last_outcome, data_through (exclusive), message, remedy."""
    return ask(
        published,
        """
        SELECT source,
            CASE WHEN status = 'fresh' AND stale_after < $now THEN 'stale' ELSE status END AS status,
            last_success_at, last_attempt_at, last_outcome, data_through, message, remedy
        FROM ops.freshness
        ORDER BY CASE status WHEN 'failing' THEN 0 WHEN 'never' THEN 1 WHEN 'stale' THEN 2 ELSE 3 END, source
        """,
        # to the minute: the cache is asked again every minute, not at every click
        now=now.replace(second=0, microsecond=0),
    )


def loads(published: Published, *, limit: int = 50) -> pl.DataFrame:
    """The last committed loads, newest first: source, billing_period, is_current, committed_at, data_through
    (exclusive), period_status, answers, charges, meter_readings, bill_lines."""
    return ask(
        published,
        """
        SELECT source, billing_period, is_current, committed_at, data_through, period_status,
            answers, charges, meter_readings, bill_lines
        FROM ops.loads ORDER BY committed_at DESC, load_id DESC LIMIT $limit
        """,
        limit=limit,
    )


def sources(published: Published) -> list[str]:
    """Names of all sources that were ever to be pulled."""
    return ask(published, "SELECT source FROM ops.freshness ORDER BY source")["source"].to_list()


def reconciliation_by_reason(
    published: Published, *, period: str, currency: str, source: str | None = None
) -> pl.DataFrame:
    """reason, rows, reported, computed, difference, sources (names); largest difference first. Without a difference the
    reason is `agrees`, or `no price` where there is nothing to set the bill against. A side not known is null, not 0;
    so is the difference where nothing can be computed, for lack of a price or of both sides."""
    return ask(
        published,
        """
        SELECT * FROM (
            SELECT reason, sum(lines) AS rows, sum(reported) AS reported, sum(computed) AS computed,
                CASE WHEN reason <> 'no price' AND (count(reported) > 0 OR count(computed) > 0)
                    THEN sum(difference) END AS difference,
                list_sort(list(DISTINCT source)) AS sources
            FROM marts.reconciliation_reasons
            WHERE billing_period = $period AND currency = $currency AND ($source IS NULL OR source = $source)
            GROUP BY reason
        ) ORDER BY abs(difference) DESC NULLS LAST, reason
        """,
        period=period,
        currency=currency,
        source=source,
    )


def largest_differences(
    published: Published, *, period: str, currency: str, source: str | None = None, limit: int = 20
) -> pl.DataFrame:
    """day, source, project, model, meter, processing_tier, description, match, reported, computed, difference,
    reason: the rows of the reconciliation that differ most, by a cent at least;
    bills still to come (late) last."""
    return ask(
        published,
        """
        SELECT day, source, coalesce(project_name, project_id) AS project, model, meter,
            processing_tier, description, match, reported, computed, difference, reason
        FROM marts.reconciliation_differences
        WHERE billing_period = $period AND currency = $currency AND ($source IS NULL OR source = $source)
        ORDER BY reason IS NOT DISTINCT FROM 'late', abs(difference) DESC, day, source, rank LIMIT $limit
        """,
        period=period,
        currency=currency,
        source=source,
        limit=limit,
    )


def invoices(published: Published, *, period: str, currency: str) -> pl.DataFrame:
    """status, invoice_id, issuer_name, account_id, invoiced, no_cost, charged, charges, difference, matched_by: what
    differs first, what is equal last."""
    return ask(
        published,
        """
        SELECT status, invoice_id, issuer_name, account_id, invoiced, no_cost, charged, charges, difference, matched_by
        FROM marts.invoice_reconciliation WHERE billing_month = $period AND currency = $currency
        ORDER BY list_position(
            ['differs', 'no charges', 'not invoiced', 'rounding', 'voided', 'equal'], status
        ), abs(difference) DESC, invoice_id
        """,
        period=period,
        currency=currency,
    )


def disputes(published: Published, *, period: str, currency: str, source: str | None = None) -> pl.DataFrame:
    """Lines of the month that were billed at another price than agreed, by a cent at least: columns of
    `marts.price_disputes`; what costs
    most too much first."""
    return ask(
        published,
        """
        SELECT * FROM marts.price_disputes
        WHERE billing_month = $period AND currency = $currency AND ($source IS NULL OR source = $source)
            AND abs(difference) >= 0.005
        ORDER BY difference DESC, day, line_id
        """,
        period=period,
        currency=currency,
        source=source,
    )


def restated(published: Published, *, period: str, source: str | None = None) -> pl.DataFrame:
    """source, day, measure, unit, difference, figures: of each day how many figures were told otherwise later, and by
    how much together."""
    return ask(
        published,
        """
        SELECT source, day, measure, unit, sum(difference) AS difference, count(*) AS figures
        FROM ops.restatements WHERE billing_period = $period AND ($source IS NULL OR source = $source)
        GROUP BY ALL ORDER BY day, source, measure, unit
        """,
        period=period,
        source=source,
    )


def restatements(published: Published, *, period: str, source: str | None = None, limit: int = 100) -> pl.DataFrame:
    """detected_at, source, day, measure, project, model, before, after, difference, unit: newest and largest first."""
    return ask(
        published,
        """
        WITH told AS (
            FROM ops.restatements WHERE billing_period = $period AND ($source IS NULL OR source = $source)
        ), named AS (  -- by the vendor's own list of projects; clouds have none, and tell the names in their bills
            SELECT source, id AS project_id, arg_max(name, last_seen) AS name FROM ops.names
            WHERE kind = 'project' GROUP BY ALL
        ), billed AS (
            SELECT source, project_id, arg_max(project_name, day) AS name FROM marts.daily_costs
            WHERE project_id IN (SELECT project_id FROM told) AND project_name IS NOT NULL GROUP BY ALL
        )
        SELECT detected_at, source, day, measure, coalesce(named.name, billed.name, project_id) AS project,
            model, before, after, difference, unit
        FROM told LEFT JOIN named USING (source, project_id) LEFT JOIN billed USING (source, project_id)
        ORDER BY detected_at DESC, abs(difference) DESC, day LIMIT $limit
        """,
        period=period,
        source=source,
        limit=limit,
    )


def proofs(published: Published) -> pl.DataFrame:
    """passed, name, source, billing_period, currency, cost_basis, subject, expected, actual, difference, detail:
    failed first, then those of one source, the latest month first."""
    return ask(
        published,
        """
        SELECT passed, "check" AS name, source, billing_period, currency, cost_basis, subject, expected, actual,
            difference, detail
        FROM ops.checks WHERE kind = 'proof'
        ORDER BY passed, source IS NULL, billing_period DESC, source, name, cost_basis, subject
        """,
    )


def findings(published: Published, *, limit: int = 200) -> pl.DataFrame:
    """source, billing_period, kind, detail, count: most frequent first."""
    return ask(
        published,
        """
        SELECT source, billing_period, kind, detail, count FROM ops.findings
        ORDER BY billing_period DESC, count DESC, source, kind LIMIT $limit
        """,
        limit=limit,
    )
