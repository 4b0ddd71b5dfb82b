"""Owner rules as a table: one a row, the first that fits wins; read into the types of outlay.yaml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from pipelines import upload_cells as cells
from pipelines.settings.ownership import CONDITIONS, DIMENSIONS, OwnerSettings
from pipelines.settings.strict import explained
from pipelines.upload_rows import RowMistake, Rows, UploadError, written

TAG = "tag:"
_DAYS = ("valid_from", "valid_to")
COLUMNS = ("name", *CONDITIONS, *DIMENSIONS, "shared", *_DAYS)


@dataclass(frozen=True)
class OwnerTable:
    """Rules of a table in its order, and the row of each."""

    owners: tuple[OwnerSettings, ...]
    rows: tuple[int, ...]


def read_owners(table: Rows, name: str) -> OwnerTable:
    """The rules of a table, which may have none. Raises `UploadError` with every mistake."""
    mistakes: list[RowMistake] = []
    owners: list[OwnerSettings] = []
    for row in table.rows:
        document: dict[str, Any] = {"tags": {}}
        known = len(mistakes)
        for column, cell in row.cells.items():
            if not cell:
                continue
            if column.startswith(TAG):
                document["tags"][column.removeprefix(TAG)] = cells.text_in(cell)
                continue
            try:
                document[column] = cells.day_in(cell) if column in _DAYS else cells.text_in(cell)
            except ValueError as error:
                mistakes.append(RowMistake(row.number, column, str(error)))
        if len(mistakes) > known:
            continue  # what does not read is told as that, not as what follows from it
        try:
            owners.append(OwnerSettings.model_validate(document))
        except ValidationError as error:
            mistakes += [_mistake(each, row.number) for each in error.errors(include_url=False)]
    if mistakes:
        raise UploadError(name, mistakes)
    return OwnerTable(tuple(owners), tuple(row.number for row in table.rows))


def owner_rows(owners: Iterable[OwnerSettings]) -> str:
    """The table of these rules, as `read_owners` reads it."""
    owners = tuple(owners)
    tags = [f"{TAG}{key}" for key in sorted({key for owner in owners for key in owner.tags})]
    return written([*COLUMNS, *tags], (_cells(owner) for owner in owners))


def _mistake(mistake: Mapping[str, Any], row: int) -> RowMistake:
    return RowMistake(row, ":".join(str(part) for part in mistake["loc"]).replace("tags:", TAG), explained(mistake))


def _cells(owner: OwnerSettings) -> dict[str, str]:
    said = owner.model_dump(include=set(COLUMNS))
    return {
        **{column: cells.text_cell(None if value is None else str(value)) for column, value in said.items()},
        **{f"{TAG}{key}": cells.text_cell(glob) for key, glob in owner.tags.items()},
    }
