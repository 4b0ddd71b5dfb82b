"""Publishing a home: which marts the warehouse gets, and from what they are worked out."""

from __future__ import annotations

import polars as pl

from models.catalogue import TABLES
from models.control.budgets import BUDGET_STATUS, status
from models.economics.accelerator_usage import ACCELERATOR_RATES, ACCELERATOR_USAGE, accelerator_rates
from models.ledger.prices import PRICE_BOOK
from models.ledger.rollup import DAILY_COSTS
from pipelines.warehouse import Facts, Publication
from pipelines.warehouse import publish as publish_warehouse
from pipelines.workplace import Workplace

_PATIENCE_SECONDS = 60
"""Another run may be publishing; it takes seconds, and ours then shows what theirs could not."""


def publish(work: Workplace) -> Publication:
    """Build and switch the warehouse of this home. Raises `PublishError`; what was published before stays."""
    marts = {
        PRICE_BOOK.qualified_name: work.prices.rows,
        BUDGET_STATUS.qualified_name: lambda facts: budget_status(work, facts),
        ACCELERATOR_RATES.qualified_name: lambda facts: accelerator_rates(facts.read(ACCELERATOR_USAGE)),
    }
    return publish_warehouse(
        work.lake,
        work.control,
        work.home.warehouse,
        TABLES.values(),
        marts,
        wait=_PATIENCE_SECONDS,
        on_step=work.on_step,
    )


def budget_status(work: Workplace, facts: Facts) -> pl.DataFrame:
    """`marts.budget_status` as of today, over every source that is shown."""
    return status(facts.read(DAILY_COSTS), work.budgets, as_of=work.surroundings.clock().date())
