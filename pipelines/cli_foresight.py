"""The command line's `outlay forecast`: where months and quarters will land. Heavy imports stay inside."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli_options import HomeOption


class By(StrEnum):
    """What there are series by."""

    TOTAL = "total"
    VENDOR = "vendor"
    TEAM = "team"
    COMPONENT = "component"
    MODEL = "model"
    KEY = "key"
    SKU = "sku"


class Basis(StrEnum):
    """Which cost is forecast; billed only of the total, vendors and teams."""

    EFFECTIVE = "effective"
    BILLED = "billed"


class Form(StrEnum):
    """How it is told."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


def forecast(
    value: Annotated[str | None, typer.Argument(help="Only this one, such as a team; default all of --by.")] = None,
    by: Annotated[By, typer.Option(help="What to show it by.")] = By.VENDOR,
    basis: Annotated[Basis, typer.Option(help="Which cost.")] = Basis.EFFECTIVE,
    days: Annotated[bool, typer.Option("--days", help="Day by day, with 50, 80 and 95 % intervals.")] = False,
    accuracy: Annotated[bool, typer.Option("--accuracy", help="The methods, and how good they were.")] = False,
    form: Annotated[Form, typer.Option("--format", help="The rows behind it: csv, json or parquet.")] = Form.TABLE,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write; default stdout.")] = None,
    home: HomeOption = None,
) -> None:
    """Where this month, the next one and the quarter will land, and how sure that is."""
    from pipelines.forecasts import Asked, show_forecast, write_forecast
    from pipelines.home import Home

    asked = Asked(by=by.value, value=value, basis=basis.value)
    if days and value is None and by is not By.TOTAL and form is Form.TABLE:
        raise typer.BadParameter("name one series, such as `outlay forecast --by team search --days`, or --by total")
    if form is Form.TABLE and output is None:
        show_forecast(Home.at(home), asked, days=days, accuracy=accuracy)
    else:
        write_forecast(Home.at(home), asked, days=days, accuracy=accuracy, form=form.value, output=output)
