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


def reconciliation_by_reason(published: Published, *, period: str, currency: str) -> pl.DataFrame:
    """reason, rows, reported, computed, difference; largest difference first. Without a difference the reason is
    `agrees`, or `no price` where there is nothing to set the bill against. A side not known is null, not zero."""
    return ask(
        published,
        """
        SELECT coalesce(reason, if(computed IS NULL, 'no price', 'agrees')) AS reason,
            count(*) AS rows, sum(reported) AS reported,
            sum(computed) AS computed, sum(difference) AS difference
        FROM marts.reconciliation WHERE billing_period = $period AND currency = $currency
        GROUP BY ALL ORDER BY abs(sum(difference)) DESC, reason
        """,
        period=period,
        currency=currency,
    )


def largest_differences(published: Published, *, period: str, currency: str, limit: int = 20) -> pl.DataFrame:
    """day, source, project, model, meter, processing_tier, description, match, reported, computed, difference,
    reason: the rows of the reconciliation that differ most, by a cent at least;
    bills still to come (late) last."""
    return ask(
        published,
        """
        SELECT CAST(window_start AS DATE) AS day, source, coalesce(project_name, project_id) AS project, model, meter,
            processing_tier, description, match, reported, computed, difference, reason
        FROM marts.reconciliation
        WHERE billing_period = $period AND currency = $currency AND abs(difference) >= 0.005
        ORDER BY reason IS NOT DISTINCT FROM 'late', abs(difference) DESC, day, source, line_id LIMIT $limit
        """,
        period=period,
        currency=currency,
        limit=limit,
    )


def restatements(published: Published, *, period: str, limit: int = 100) -> pl.DataFrame:
    """detected_at, source, day, measure, project, model, before, after, difference, unit: newest and largest first."""
    return ask(
        published,
        """
        SELECT detected_at, source, day, measure,
            coalesce((
                SELECT arg_max(name, last_seen) FROM ops.names
                WHERE names.source = restatements.source AND kind = 'project' AND id = project_id
            ), project_id) AS project,
            model, before, after, difference, unit
        FROM ops.restatements WHERE billing_period = $period
        ORDER BY detected_at DESC, abs(difference) DESC, day LIMIT $limit
        """,
        period=period,
        limit=limit,
    )


def proofs(published: Published) -> pl.DataFrame:
    """passed, name, source, billing_period, currency, cost_basis, subject, expected, actual, difference, detail:
    failed first."""
    return ask(
        published,
        """
        SELECT passed, "check" AS name, source, billing_period, currency, cost_basis, subject, expected, actual,
            difference, detail
        FROM ops.checks WHERE kind = 'proof'
        ORDER BY passed, billing_period DESC, source, name, cost_basis, subject
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
