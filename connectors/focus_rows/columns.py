"""Columns under FOCUS's names, and the required ones there. What a file calls otherwise is told by its options."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from connectors.errors import AnswerError
from connectors.protocol import Finding
from models.ledger.focus.tables import ALWAYS_KNOWN, CHARGE_COLUMNS

REQUIRED = tuple(
    sorted(
        name
        for name in ALWAYS_KNOWN
        if CHARGE_COLUMNS[name].level != "extension" and CHARGE_COLUMNS[name].exists_in("1.0")
    )
)
"""Mandatory in every FOCUS version since 1.0, and without substitute."""

_BY_FOLDED_NAME = {name.casefold(): name for name, column in CHARGE_COLUMNS.items() if column.level != "extension"}


def with_focus_names(
    frame: pl.DataFrame, file: str, rename: Mapping[str, str]
) -> tuple[pl.DataFrame, tuple[Finding, ...]]:
    """The frame with FOCUS's names where the file spells them in another case, or the options rename them.

    Raises `AnswerError` for a file without its required columns.
    """
    absent = [name for name in rename if name not in frame.columns]
    if absent:
        raise AnswerError(f"{file} has no column {absent[0]!r} to rename", remedy="mend `rename` in the options")
    renamed = frame.rename(dict(rename))
    folded = {
        name: focus
        for name in renamed.columns
        if (focus := _BY_FOLDED_NAME.get(name.casefold())) and focus != name and focus not in renamed.columns
    }
    named = renamed.rename(folded)
    missing = [name for name in REQUIRED if name not in named.columns]
    if missing:
        raise AnswerError(
            f"{file} is no FOCUS cost-and-usage file: {len(missing)} of {len(REQUIRED)} required columns are missing "
            f"({', '.join(missing)})",
            remedy="export FOCUS 1.0 or later with these columns, or map others to them with `rename`",
        )
    findings = (Finding("renamed_columns", f"{file}: {', '.join(sorted(folded))}", len(folded)),) if folded else ()
    return named, findings
