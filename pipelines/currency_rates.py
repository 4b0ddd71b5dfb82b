"""The table of exchange rates that `reporting` of `outlay.yaml` names; what they do is `models.economics.exchange`."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from models.economics.exchange import COLUMNS, ExchangeRateError, ExchangeRates, exchange_rates
from pipelines.home import Home
from pipelines.settings import Settings

_AS_CSV = "save it as CSV in UTF-8, with commas between columns and a point in numbers"


def reporting_rates(settings: Settings, home: Home) -> ExchangeRates:
    """The rates into the reporting currency; none where no table is named.

    Raises `ExchangeRateError`, with file and line, for a table that is not there or a row that is none.
    """
    reporting = settings.reporting
    if reporting.rates is None:
        return ExchangeRates.none(reporting.currency)
    path = home.root / Path(reporting.rates).expanduser()
    return exchange_rates(_table(path), reporting.currency, file=path.name)


def _table(path: Path) -> pl.DataFrame:
    """The table as text, with `line`: where each of its rows begins in the file. Lines of nothing are no rows."""
    rows = _rows(path)
    header_line, header = next(rows, (1, [""]))
    place = f"{path.name}, line {header_line}"
    if len(header) == 1 and (separator := next((each for each in ";\t|" if each in header[0]), None)):
        raise ExchangeRateError(f"{place}: columns are parted by {separator!r}", remedy=_AS_CSV)
    names = [name for name in COLUMNS if name in header]
    told: list[tuple[int | str, ...]] = []
    for line, cells in rows:
        if len(cells) != len(header):
            what = f"{path.name}, line {line}: has {len(cells)} fields, and the header has {len(header)}"
            raise ExchangeRateError(what, remedy=f"{_AS_CSV}; quote a text with commas")
        told.append((line, *(cells[header.index(name)] for name in names)))
    schema = {"line": pl.Int64(), **dict.fromkeys(names, pl.String())}
    return pl.DataFrame(told, schema=schema, orient="row")


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Each row of the file that says anything, after the number of the line that it begins in."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            line = 1
            for cells in reader:
                told = [cell.strip() for cell in cells]
                if any(told):
                    yield line, told
                line = reader.line_num + 1
    except FileNotFoundError:
        raise ExchangeRateError(
            f"there is no table of exchange rates at {path}",
            remedy="put it there, or mend reporting.rates in outlay.yaml",
        ) from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ExchangeRateError(f"{path}: cannot be read as CSV: {error}", remedy=_AS_CSV) from None
