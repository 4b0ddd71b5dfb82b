"""The table of exchange rates that `reporting` of `outlay.yaml` names; what they do is `models.economics.exchange`."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from models.economics.exchange import ExchangeRateError, ExchangeRates, exchange_rates
from pipelines.home import Home
from pipelines.settings import Settings


def reporting_rates(settings: Settings, home: Home) -> ExchangeRates:
    """The rates into the reporting currency; none where no table is named.

    Raises `ExchangeRateError`, with file and line, for a table that is not there or a row that is none.
    """
    reporting = settings.reporting
    if reporting.rates is None:
        return ExchangeRates.none(reporting.currency)
    path = home.root / Path(reporting.rates).expanduser()
    try:
        table = pl.read_csv(path, infer_schema=False, truncate_ragged_lines=False)
    except FileNotFoundError:
        raise ExchangeRateError(
            f"there is no table of exchange rates at {path}",
            remedy="put it there, or mend reporting.rates in outlay.yaml",
        ) from None
    except (OSError, pl.exceptions.PolarsError) as error:
        raise ExchangeRateError(
            f"{path}: cannot be read as CSV: {str(error).splitlines()[0][:200]}",
            remedy="save it as CSV in UTF-8, with commas between columns and a point in numbers",
        ) from None
    return exchange_rates(table, reporting.currency, file=path.name)
