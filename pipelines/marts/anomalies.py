"""Marts of anomalies, as the publication shows them: judged, put together to incidents, and explained.

A detection that fails stops nothing: it is a problem of the publication, `marts.anomaly_detection` says why, and the
other tables are empty rather than stale.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import polars as pl

from models.errors import OutlayError
from models.foresight.anomalies import Sensitivity
from models.foresight.anomaly_tables import ANOMALIES, ANOMALY_CAUSES, ANOMALY_DAYS, ANOMALY_DETECTION
from models.foresight.episodes import episodes
from models.foresight.incidents import HISTORY, incidents
from models.foresight.series import KEY
from pipelines.anomaly_scores import kept_scores
from pipelines.cost_leaves import cost_leaves, judged_series
from pipelines.errors import left_out
from pipelines.incident_cases import PLACES, explained, foreseen
from pipelines.marts.economics import Economics
from pipelines.usage_judged import unpaid_usage
from pipelines.warehouse import Mart

SHOWN = timedelta(days=180)
"""Episodes that ended before this, counted from the last day that was judged, are no news any more."""
AROUND = timedelta(days=14)
"""Days before and after an incident that are shown with it."""
SENSITIVITIES: Mapping[str, Sensitivity] = {
    "quiet": Sensitivity(),
    "balanced": Sensitivity(alert=0.85),
    "keen": Sensitivity(alert=0.7),
}
"""What `anomalies.sensitivity` of outlay.yaml means: about 0.1, 0.15 and 0.35 false episodes per series and month, on
daily series in which nothing happened but holidays. Many series show one event, so incidents are far fewer."""
_NAMED = ("series", *KEY, "value_name")


class Anomalies(NamedTuple):
    """The rows of the four tables."""

    anomalies: pl.DataFrame
    causes: pl.DataFrame
    days: pl.DataFrame
    detection: pl.DataFrame


NOTHING = Anomalies(ANOMALIES.empty(), ANOMALY_CAUSES.empty(), ANOMALY_DAYS.empty(), ANOMALY_DETECTION.empty())


def anomalies_marts(economics: Economics) -> Mapping[str, Mart]:
    """By qualified name."""
    made = Detection(economics)
    return {
        ANOMALIES.qualified_name: lambda: made.found.anomalies,
        ANOMALY_CAUSES.qualified_name: lambda: made.found.causes,
        ANOMALY_DAYS.qualified_name: lambda: made.found.days,
        ANOMALY_DETECTION.qualified_name: lambda: made.found.detection,
    }


@dataclass(frozen=True)
class Detection:
    """The anomalies of one publication, found once."""

    economics: Economics

    @cached_property
    def leaves(self) -> pl.DataFrame:
        """`cost_leaves`."""
        return cost_leaves(self.economics)

    @cached_property
    def series(self) -> pl.DataFrame:
        """`judged_series`, with a text that names each."""
        return _named(judged_series(self.leaves, self.economics))

    @cached_property
    def scored(self) -> pl.DataFrame:
        """Every day of `series`, judged."""
        return kept_scores(self._judged, self._sensitivity, self._folder)

    @property
    def _judged(self) -> pl.DataFrame:
        standing = _standing(self.series)
        return self.series.select("series", "day", usage="usage", cost="effective_cost", standing=standing)

    @property
    def _sensitivity(self) -> Sensitivity:
        return SENSITIVITIES[self.economics.work.settings.anomalies.sensitivity]

    @property
    def _folder(self) -> Path:
        return self.economics.work.home.cache / "anomalies"

    @cached_property
    def found(self) -> Anomalies:
        """Without rows where they cannot be found."""
        try:
            return self._found()
        except Exception as error:  # whatever it is, costs are published
            problem = left_out("anomalies could not be found", error)
            self.economics.problems.append(problem)
            failed = pl.DataFrame([{"failure": problem.what}], schema=ANOMALY_DETECTION.polars_schema)
            return NOTHING._replace(detection=failed)

    def _found(self) -> Anomalies:
        origin = self.economics.series.origin
        if origin is None:
            return NOTHING
        settings, folder = self.economics.work.settings.anomalies, self._folder
        leaves, series, scored = self.leaves, self.series, self.scored
        of_cost = episodes(scored, self._judged)
        of_usage, used = unpaid_usage(_named(self.economics.series.rows), of_cost, self._sensitivity, folder / "usage")
        told = _told(pl.concat([of_cost, of_usage], how="diagonal"), series, origin.day)
        grouped = told.join(incidents(told, _costs(leaves)), on="anomaly_id")
        heads = grouped.filter("is_head").sort("first_day", "incident_id").rows(named=True)
        problems: list[OutlayError] = []
        known, causes = explained(heads, leaves, foreseen(self.economics.work.settings), folder, problems)
        self.economics.problems.extend(problems)
        anomalies = _counted(_by_cause(grouped, causes), known, settings.minimum_impact)
        paid = scored.join(series.select("series", "day", actual="effective_cost"), on=["series", "day"])
        return Anomalies(
            ANOMALIES.check(anomalies),
            ANOMALY_CAUSES.check(causes),
            ANOMALY_DAYS.check(_days(grouped, paid, used)),
            ANOMALY_DETECTION.check(_looked_at(series, scored, self.economics.series.rows, len(problems))),
        )


def _named(series: pl.DataFrame) -> pl.DataFrame:
    """SERIES with a text that names each, and has their order: what is null comes last."""
    parts = [pl.col(name).fill_null("\U0010ffff") for name in KEY]
    return series.with_columns(series=pl.concat_str(parts, separator="\x1f"))


def _standing(series: pl.DataFrame) -> pl.Expr:
    """`peer` of keys or of models, whichever are more: the same money is counted once. Totals and vendors are sums."""
    counts = {name: series.filter(pl.col("dimension") == name)["series"].n_unique() for name in ("key", "model")}
    is_peer = pl.col("dimension") == max(counts, key=counts.__getitem__)
    is_sum = pl.col("dimension").is_in(("total", "vendor"))
    return pl.when(is_peer).then(pl.lit("peer")).when(is_sum).then(pl.lit("sum"))


def _told(found: pl.DataFrame, series: pl.DataFrame, origin: date) -> pl.DataFrame:
    """Episodes that are news, with their series in words."""
    news = found.filter(pl.col("last_day") >= origin - SHOWN).rename({"id": "anomaly_id"})
    words = series.select(_NAMED).unique("series")
    return news.join(words, on="series").with_columns(
        (pl.col("last_day") - pl.col("first_day")).dt.total_days().add(1).alias("days"),
        made_on=pl.lit(origin),
    )


def _costs(leaves: pl.DataFrame) -> pl.DataFrame:
    """What incidents are made out by."""
    return leaves.group_by("day", "currency", "vendor", "team", "component", "model", "key", "sku").agg(
        pl.col("cost").sum().cast(pl.Float64)
    )


def _by_cause(grouped: pl.DataFrame, causes: pl.DataFrame) -> pl.DataFrame:
    """Heads of whose impact at least half is one of prices are of that kind: what to do follows from the cause."""
    effects = causes.group_by(pl.col("incident_id").alias("anomaly_id")).agg(for_price=pl.col("price_effect").sum())
    is_price = 2 * pl.col("for_price") * pl.col("impact").sign() >= pl.col("impact").abs()
    is_price &= (pl.col("measure") != "usage") & (pl.col("impact") != 0)
    told = grouped.join(effects, on="anomaly_id", how="left").with_columns(
        kind=pl.when(is_price).then(pl.lit("price")).otherwise("kind")
    )
    return told.drop("for_price")


def _counted(grouped: pl.DataFrame, known: Sequence[Mapping[str, str | None]], minimum: Decimal) -> pl.DataFrame:
    """`marts.anomalies`, with what is `known` of incidents; what is foreseen, or a trifle, does not count."""
    names = ("incident_id", "explained_by", *(f"of_{name}" for name in PLACES))
    named = pl.DataFrame(known, schema=dict.fromkeys(names, pl.String))
    is_usage = pl.col("measure") == "usage"
    is_much = (pl.col("used") >= 2 * pl.col("usual")) | (2 * pl.col("used") <= pl.col("usual"))
    is_worth_a_word = pl.when(is_usage).then(is_much).otherwise(pl.col("impact").abs() >= minimum)
    return (
        grouped.join(named, on="incident_id", how="left")
        .with_columns(counted=pl.col("is_head") & pl.col("explained_by").is_null() & is_worth_a_word)
        .with_columns(pl.when(~is_usage).then(pl.col("expected", "actual", "low", "high", "impact")))
        .sort("first_day", "incident_id", "is_head", "anomaly_id", descending=[False, False, True, False])
        .select(list(ANOMALIES.polars_schema))
    )


def _days(grouped: pl.DataFrame, paid: pl.DataFrame, used: pl.DataFrame) -> pl.DataFrame:
    """`marts.anomaly_days` of the heads, of `paid` or `used`: scores with what there was."""
    names = ("incident_id", "series", "measure", "currency", "first_day", "last_day", "days_told")
    heads = grouped.filter("is_head").select(names)
    is_usage = pl.col("measure") == "usage"
    of_each = ((heads.filter(~is_usage), paid), (heads.filter(is_usage), used))
    days = [asked.join(told.drop("measure"), on="series") for asked, told in of_each]  # one has `unit`, the other none
    return (
        pl.concat(days, how="diagonal")
        .filter(pl.col("day").is_between(pl.col("first_day") - AROUND, pl.col("last_day") + AROUND))
        .with_columns(is_flagged="flag", in_incident=pl.col("day").is_in("days_told"))
        .sort("incident_id", "day")
        .select(list(ANOMALY_DAYS.polars_schema))
    )


def _looked_at(series: pl.DataFrame, scored: pl.DataFrame, whole: pl.DataFrame, unexplained: int) -> pl.DataFrame:
    """`marts.anomaly_detection`: of judged `series` with their scores, and of the `whole`, with what is not judged."""
    last = whole["day"].max()  # sources by hand alone leave nothing to be judged
    at_last = series.filter(pl.col("day") == pl.lit(last, pl.Date)).join(
        scored.filter(pl.col("score").is_not_null()), on=["series", "day"], how="left"
    )
    counts = at_last.group_by("currency").agg(
        series=pl.len().cast(pl.Int64), judged=pl.col("score").is_not_null().sum().cast(pl.Int64)
    )
    recent = (pl.col("dimension") == "total") & (pl.col("day") > pl.lit(last, pl.Date) - HISTORY)
    costs = [
        rows.filter(recent).group_by("currency").agg(pl.col("effective_cost").sum().alias(name))
        for rows, name in ((whole, "cost"), (series, "cost_judged"))
    ]
    told = costs[0].join(counts, on="currency", how="left").join(costs[1], on="currency", how="left")
    return (
        told.with_columns(
            pl.col("series", "judged").fill_null(0),
            made_on=pl.lit(last, pl.Date),
            failure=pl.lit(None, pl.String),
            unexplained=pl.lit(unexplained),
        )
        .sort("currency")
        .select(pl.col(name).cast(dtype) for name, dtype in ANOMALY_DETECTION.polars_schema.items())
    )
