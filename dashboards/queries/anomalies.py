"""What was unusual, what it cost and why: `marts.anomalies`, `marts.anomaly_causes` and `marts.anomaly_days`.

One row per incident: the episode that names it. Each function says the columns of its answer; amounts are exact.
"""

from __future__ import annotations

import polars as pl

from dashboards.published import Published
from dashboards.queries.reading import ask


def _visible(effect: str) -> str:
    """What shows as nothing is nothing: no `-0.00`."""
    return f"CASE WHEN abs({effect}) < 0.005 THEN 0 ELSE {effect} END"


def detection(published: Published) -> pl.DataFrame:
    """`marts.anomaly_detection` as it is: what was judged, or why nothing is known."""
    return ask(published, "SELECT * FROM marts.anomaly_detection ORDER BY currency")


def incidents(published: Published) -> pl.DataFrame:
    """incident_id, dimension, value, value_name, measure, kind, first_day, last_day, days, currency, expected, actual,
    impact, unit, usual, used, severity, standing, explained_by, counted, made_on, sentence, and where most of it is:
    team, vendor, component (`unallocated`, null, `unmatched`: of none); what counts first, of it what goes on, then the
    latest."""
    return ask(
        published,
        """
        SELECT a.incident_id, dimension, value, value_name, measure, kind, first_day, last_day, days, a.currency,
            a.expected, a.actual, a.impact, unit, usual, used, severity, standing, explained_by, counted, made_on,
            sentence, coalesce(of_team, 'unallocated') AS team, of_vendor AS vendor,
            coalesce(of_component, 'unmatched') AS component
        FROM marts.anomalies a LEFT JOIN (
            SELECT incident_id, any_value(sentence) AS sentence FROM marts.anomaly_causes GROUP BY incident_id
        ) USING (incident_id)
        WHERE is_head ORDER BY NOT counted, standing <> 'open', first_day DESC, incident_id
        """,
    )


def incident_of(published: Published, *, episode: str) -> str | None:
    """The incident that an episode is of: what a link names may have got another head since. None: it is gone."""
    found = ask(
        published,
        "SELECT any_value(incident_id) AS id FROM marts.anomalies WHERE anomaly_id = $episode",
        episode=episode,
    )
    return found["id"][0]


def episodes(published: Published, *, incident: str) -> list[str]:
    """Ids of all episodes of an incident: one of them is in the key of its alert."""
    return ask(
        published, "SELECT DISTINCT anomaly_id FROM marts.anomalies WHERE incident_id = $incident", incident=incident
    )["anomaly_id"].to_list()


def shows_in(published: Published, *, incident: str) -> pl.DataFrame:
    """dimension, value, value_name: every series that shows the incident, once, the narrowest first."""
    return ask(
        published,
        """
        SELECT dimension, value, any_value(value_name) AS value_name FROM marts.anomalies
        WHERE incident_id = $incident GROUP BY dimension, vendor, value, currency
        ORDER BY max(is_head) DESC, min(abs(actual)), dimension, value
        """,
        incident=incident,
    )


def causes(published: Published, *, incident: str) -> pl.DataFrame:
    """rank, dimensions, values, standing, expected, actual, impact, share, and effects that sum to it; rank by rank."""
    return ask(
        published,
        f"""
        SELECT rank, dimensions, "values", standing, expected, actual, impact, share * 100 AS share,
            {_visible("volume_effect")} AS volume,
            {_visible("mix_effect + cache_effect + tier_effect + geography_effect")} AS mix,
            {_visible("price_effect")} AS price, {_visible("not_metered")} AS not_metered
        FROM marts.anomaly_causes WHERE incident_id = $incident ORDER BY rank
        """,
        incident=incident,
    )


def days(published: Published, *, incident: str) -> pl.DataFrame:
    """day, cost, expected, low, high, in_incident: the days of the incident and those around them."""
    return ask(
        published,
        """
        SELECT day, actual AS cost, expected, low, high, in_incident FROM marts.anomaly_days
        WHERE incident_id = $incident ORDER BY day
        """,
        incident=incident,
    )
