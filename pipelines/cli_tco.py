"""The command line's `outlay tco`: what AI really cost in a month, declared costs too. Heavy imports stay inside."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from pipelines.cli_options import HomeOption


class By(StrEnum):
    """What total cost is shown by."""

    COMPONENT = "component"
    LAYER = "layer"
    TEAM = "team"
    COST_CENTRE = "cost_centre"
    PRODUCT = "product"
    USE_CASE = "use_case"
    ENVIRONMENT = "environment"
    VENDOR = "vendor"
    DEVELOPER = "developer"
    MODEL = "model"
    SOURCE = "source"


def tco(
    month: Annotated[str | None, typer.Option(help="Month of use, YYYY-MM; default the latest.")] = None,
    by: Annotated[By, typer.Option(help="What to show it by.")] = By.COMPONENT,
    home: HomeOption = None,
) -> None:
    """Total cost of a month: direct, shared and unallocated, with what no rule knows yet."""
    from pipelines.home import Home
    from pipelines.total_cost import show_total_cost

    show_total_cost(Home.at(home), month=month, by=by.value)
