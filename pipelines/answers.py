"""`outlay sql`: the answer to a question, in the form that was asked for."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl

from connectors.errors import ConfigurationError
from models.errors import OutlayError
from pipelines.console import say, show_table, writing
from pipelines.door import query
from pipelines.home import Home


def show_answer(home: Home, sql: str, form: str, output: Path | None) -> None:
    """Ask the published warehouse and write the answer to `output` or stdout.

    Raises members of `pipelines.errors.DoorError`, and `ConfigurationError` for a form that is none.
    """
    if form not in _FORMS:
        raise ConfigurationError(f"there is no format {form!r}", remedy=f"choose {', '.join(_FORMS)}")
    if not home.published.exists():
        raise OutlayError(f"nothing is published in {home.root} yet", remedy="run `outlay run`, or `outlay demo`")
    result = query(home.published, sql)
    answer = result.rows
    if result.truncated:
        say(f"only the first {answer.height:,} rows are shown; narrow the question, or add up in it")
    if output is None:
        _FORMS[form](answer, sys.stdout.buffer)
        return
    with writing(output), output.open("wb") as file:
        _FORMS[form](answer, file)
    say(f"wrote {answer.height:,} rows to {output}")


def _table(frame: pl.DataFrame, out: BinaryIO) -> None:
    numeric = [name for name, dtype in frame.schema.items() if dtype.is_numeric()]
    if out is sys.stdout.buffer:
        show_table(None, frame.columns, [[_shown(cell) for cell in row] for row in frame.rows()], right=numeric)
        return
    with pl.Config(tbl_rows=-1, tbl_cols=-1, fmt_str_lengths=200):
        out.write(f"{frame}\n".encode())


def _csv(frame: pl.DataFrame, out: BinaryIO) -> None:
    nested = [name for name, dtype in frame.schema.items() if dtype.is_nested()]
    frame.with_columns(pl.col(nested).map_elements(_json_text, return_dtype=pl.String)).write_csv(out)


def _json(frame: pl.DataFrame, out: BinaryIO) -> None:
    rows = [dict(zip(frame.columns, row, strict=True)) for row in frame.rows()]
    out.write((json.dumps(rows, ensure_ascii=False, indent=2, default=_plain) + "\n").encode())


def _parquet(frame: pl.DataFrame, out: BinaryIO) -> None:
    frame.write_parquet(out)


_FORMS: dict[str, Callable[[pl.DataFrame, BinaryIO], None]] = {
    "table": _table,
    "csv": _csv,
    "json": _json,
    "parquet": _parquet,
}


def _shown(value: Any) -> Any:
    """Decimals without the zeros that only the type put there."""
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return value


def _plain(value: Any) -> Any:
    """Exact in JSON too: decimals as text, instants in ISO 8601."""
    if isinstance(value, Decimal):
        return _shown(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value)


def _json_text(value: Any) -> str:
    return json.dumps(value.to_list() if isinstance(value, pl.Series) else value, default=_plain)
