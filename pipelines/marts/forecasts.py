"""Marts of forecasts, as the publication shows them: made of its series, and kept until these or what is known change.

A forecast that fails stops nothing: it is a problem of the publication, and its tables are empty rather than stale.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from models.foresight.event_placing import items_from
from models.foresight.holiday_factors import Holidays
from models.foresight.outlook import (
    FORECAST_ACCURACY,
    FORECAST_EVENTS,
    FORECAST_LANDINGS,
    FORECASTS,
    MONTH_END,
    NOTHING,
    OUTLOOK,
    Outlook,
    outlook,
)
from models.ledger.trust import CHECKS
from pipelines.errors import left_out
from pipelines.kept_frames import digest_of, file_of, forget_all_but, keep, read_kept
from pipelines.known_events import KnownEvents, known_events, public_holidays
from pipelines.marts.economics import Economics
from pipelines.marts.foresight_proofs import foresight_checks
from pipelines.reference import code_fingerprint
from pipelines.warehouse import Mart


def forecasts_marts(made: Forecasting) -> Mapping[str, Mart]:
    """By qualified name."""
    return {
        FORECASTS.qualified_name: lambda: made.outlook.forecasts,
        MONTH_END.qualified_name: lambda: made.outlook.month_end,
        FORECAST_ACCURACY.qualified_name: lambda: made.outlook.accuracy,
        FORECAST_LANDINGS.qualified_name: lambda: made.outlook.landings,
        FORECAST_EVENTS.qualified_name: lambda: made.outlook.events,
    }


@dataclass(frozen=True)
class Forecasting:
    """The outlook of one publication, made once."""

    economics: Economics

    @cached_property
    def outlook(self) -> Outlook:
        """Of this publication's series; without rows where it cannot be made."""
        try:
            return self._worked_out()
        except Exception as error:  # whatever it is, costs are published
            self.economics.problems.append(left_out("forecasts could not be made", error))
            return NOTHING

    def _worked_out(self) -> Outlook:
        if self.economics.series.origin is None:
            return NOTHING
        return self._kept() or self._made()

    def proofs(self) -> pl.DataFrame:
        """CHECKS of the series and of what was made of them; none where they cannot be made, which is told above."""
        made = self.outlook
        if made is NOTHING:
            return CHECKS.empty()
        series = self.economics.series
        assert series.origin is not None
        return foresight_checks(self.economics.tco, series.rows, series.origin, made)

    def _made(self) -> Outlook:
        """Made now, and kept."""
        series = self.economics.series
        assert series.origin is not None
        made = outlook(
            series.rows,
            series.origin.day,
            self.known.events,
            self._items,
            self.holidays,
            series.assumed,
            self.known.untold,
        )
        for frame, file in zip(made.tables, self._files, strict=True):
            keep(frame, file)
        forget_all_but(self._files, self._folder)
        return made

    def _kept(self) -> Outlook | None:
        """As it was made before, of the same; None where it was not."""
        frames = [read_kept(file, table.polars_schema) for file, table in zip(self._files, OUTLOOK, strict=True)]
        whole = [frame for frame in frames if frame is not None]
        return Outlook(*whole) if len(whole) == len(OUTLOOK) else None

    @cached_property
    def _items(self) -> pl.DataFrame:
        series = self.economics.series
        assert series.origin is not None
        return series.items.filter(pl.col("day") >= items_from(self.known.events, series.origin.day))

    @cached_property
    def known(self) -> KnownEvents:
        """What forecasts know of days to come."""
        work, origin = self.economics.work, self.economics.series.origin
        if origin is None:
            return KnownEvents(())
        sources = self.economics.tco.group_by("provider_name").agg(pl.col("source").unique())
        vendors = {name: frozenset(named) for name, named in sources.iter_rows()}
        return known_events(work.settings.forecast.events, work.contracts, vendors, origin.day)

    @cached_property
    def holidays(self) -> Holidays | None:
        origin = self.economics.series.origin
        told = self.economics.work.settings.forecast.holidays
        return None if origin is None else public_holidays(told, origin.day)

    @cached_property
    def _files(self) -> tuple[Path, ...]:
        """Named by all that an outlook depends on: the series, what is known of days to come, our code."""
        series = self.economics.series
        known = repr((series.origin, self.known, self.holidays and sorted(self.holidays.days)))
        of = (digest_of(series.rows), digest_of(series.assumed), known, code_fingerprint())
        return tuple(file_of(self._folder, table.name, *of) for table in OUTLOOK)

    @property
    def _folder(self) -> Path:
        return self.economics.work.home.cache / "forecasts"
