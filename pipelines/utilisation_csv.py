"""Reading utilisation from a CSV that anybody can write: a stretch of time, an accelerator, how busy it was.

`day`, or `start` and `end`; `accelerator` or `instance_type`; `utilisation_pct`; the other columns may be left out.
A file is read whole or not at all.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from models.economics.accelerator_catalogue import AcceleratorCatalogue
from models.economics.instance_names import HOSTS
from models.economics.utilisation import LABELS, SAMPLES
from models.errors import MoneyError
from models.ledger.money import parse_money
from pipelines.utilisation_values import busy_share, exact, wrong

_OPTIONAL = ("day", "start", "end", "accelerator", "instance_type", "accelerators", "gpu", *LABELS)


def csv_samples(text: str, file: str, catalogue: AcceleratorCatalogue) -> pl.DataFrame:
    """SAMPLES of a CSV. Raises `OutlayError` with the line of the first row that cannot be taken."""
    rows = csv.DictReader(text.splitlines())
    names = [name.strip() for name in rows.fieldnames or ()]
    rows.fieldnames = names
    unknown = [name for name in names if name not in (*_OPTIONAL, "utilisation_pct")]
    if unknown:
        wrong(f"{file} line 1", f"there is no column {unknown[0]!r}", f"known: utilisation_pct, {', '.join(_OPTIONAL)}")
    if "utilisation_pct" not in names:
        wrong(f"{file} line 1", "column utilisation_pct is missing")
    samples = [_csv_row(row, f"{file} line {rows.line_num}", catalogue) for row in rows]
    _refuse_doubles(samples, file)
    return pl.DataFrame([row for _, row in samples], schema=SAMPLES)


def _csv_row(row: Mapping[str, Any], where: str, catalogue: AcceleratorCatalogue) -> tuple[str, dict[str, Any]]:
    told = {name: value.strip() or None for name, value in row.items() if isinstance(value, str)}
    start, end = _stretch(told, where)
    name, count = _accelerator(told, where, catalogue)
    return where, {
        **{label: told.get(label) for label in LABELS},
        "device": told.get("gpu"),
        "accelerator_name": name,
        "start": start,
        "end": end,
        "share": busy_share(told.get("utilisation_pct") or "", -2, where),
        "accelerators": count,
    }


def _stretch(told: Mapping[str, str | None], where: str) -> tuple[datetime, datetime]:
    try:
        if told.get("day"):
            start = datetime.combine(date.fromisoformat(told["day"] or ""), datetime.min.time(), UTC)
            return start, start + timedelta(days=1)
        start, end = (_instant(told.get(name) or "") for name in ("start", "end"))
    except ValueError:
        wrong(where, "has no day (YYYY-MM-DD), or start and end (YYYY-MM-DDTHH:MM:SSZ)")
    if end <= start:
        wrong(where, "ends before it begins")
    return start, end


def _instant(text: str) -> datetime:
    """An instant; without a zone it is UTC."""
    instant = datetime.fromisoformat(text)
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def _accelerator(
    told: Mapping[str, str | None], where: str, catalogue: AcceleratorCatalogue
) -> tuple[str | None, Decimal]:
    machine = told.get("instance_type")
    hosts = (catalogue.of_instance(host, machine) for host in HOSTS) if machine else ()
    found = next((each for each in hosts if each is not None), None)
    name = told.get("accelerator") or (found.type if found else None)
    if name is None:
        wrong(
            where, f"machine {machine!r} is in no catalog" if machine else "has neither accelerator nor instance_type"
        )
    # a row of one GPU counts one, whatever machine it sits in
    default = "1" if told.get("gpu") or found is None else str(exact(found.count))
    try:
        count, _ = parse_money(told.get("accelerators") or default)
    except MoneyError as error:
        wrong(where, f"accelerators {error.what}")
    if count <= 0:
        wrong(where, "accelerators must be more than 0")
    return name, count


def _refuse_doubles(samples: Sequence[tuple[str, dict[str, Any]]], file: str) -> None:
    """A row that says the same device and start again would halve what the first one says."""
    seen: dict[tuple[Any, ...], str] = {}
    for where, row in samples:
        if row["device"] is None:
            continue
        key = (row["device"], row["host"], row["start"])
        if key in seen:
            wrong(where, f"tells of GPU {row['device']} at the same time as {seen[key].removeprefix(file).strip()}")
        seen[key] = where
