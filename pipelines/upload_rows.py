"""Tables that people write in spreadsheets and save as CSV: bytes to rows of cells, each with its place.

What the cells mean is read in `budget_uploads` and `owner_uploads`. Text stays text: nothing here calculates, looks up
or executes what a cell says.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from models.errors import OutlayError
from models.wording import counted, inert, nearest

MOST_BYTES = 2_000_000
MOST_ROWS = 1_000
"""Of owners, that many globs are judged in seconds before they are asked for."""
LONGEST_CELL = 500
_SHOWN = 40
_SEPARATORS = (",", ";", "\t")


@dataclass(frozen=True, order=True)
class RowMistake:
    """What is wrong, in which row of the spreadsheet (the header is row 1) and in which column, where it is in one."""

    row: int
    column: str
    what: str

    def __str__(self) -> str:
        place = ", ".join(part for part in (f"row {self.row}" if self.row else "", self.column) if part)
        return f"{place}: {self.what}" if place else self.what


class UploadError(OutlayError):
    """A table that cannot be taken. `mistakes` are all of them; nothing of the table is."""

    def __init__(self, name: str, mistakes: Iterable[RowMistake]) -> None:
        self.mistakes = tuple(sorted(set(mistakes)))
        told = [str(mistake) for mistake in self.mistakes[:_SHOWN]]
        more = len(self.mistakes) - len(told)
        told += [f"and {more} more"] if more else []
        super().__init__(
            "\n  ".join([f"{name} has {counted(len(self.mistakes), 'mistake')}", *told]),
            remedy="mend them in the file and upload it again; nothing of it was taken",
        )

    def __reduce__(self) -> tuple[object, ...]:
        return (UploadError, (self.what.split(" has ", 1)[0], self.mistakes))


@dataclass(frozen=True)
class Row:
    """One row: its number in the spreadsheet, and its cells by column, without the space around them."""

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True)
class Rows:
    """A table: its columns in their order, and the rows that say anything."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def text_of(content: bytes, name: str) -> str:
    """The text of a file: UTF-8, UTF-16 with its mark, or Windows-1252, which Excel writes. Raises `UploadError`."""
    if len(content) > MOST_BYTES:
        raise _unreadable(name, f"it has {len(content):,} bytes; at most {MOST_BYTES:,} are read")
    if content.startswith(b"PK"):
        raise _unreadable(name, "it is a workbook; save the sheet as CSV (UTF-8) and upload that")
    is_utf_16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if is_utf_16 else ("utf-8-sig", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise _unreadable(name, "it is no text in UTF-8; save it as CSV (UTF-8)")


def rows_of(text: str, name: str, known: Sequence[str]) -> Rows:
    """The table in a text, its columns among those `known` or `tag:KEY`. Raises `UploadError` with every mistake.

    Separated by commas, semicolons or tabs, whichever makes most known columns of the first row. Rows of empty cells
    say nothing.
    """
    mistakes: list[RowMistake] = []
    try:
        numbered = _numbered(text, known)
    except csv.Error as error:
        raise _unreadable(name, f"it cannot be read as CSV ({error})") from None
    if not numbered:
        raise _unreadable(name, f"it is empty; the first row names columns, such as {', '.join(known[:4])}")
    (header, names), *rest = numbered
    columns = tuple(_column(cell) for cell in names)
    mistakes += _wrong_columns(columns, header, known)
    if len(rest) > MOST_ROWS:
        mistakes.append(RowMistake(0, "", f"it has {len(rest):,} rows; at most {MOST_ROWS:,} are taken"))
    if mistakes:
        raise UploadError(name, mistakes)
    rows = [_row(number, cells, columns, mistakes.append) for number, cells in rest]
    if mistakes:
        raise UploadError(name, mistakes)
    return Rows(tuple(column for column in columns if column), tuple(rows))


def written(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    """A table as `rows_of` reads it."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _unreadable(name: str, what: str) -> UploadError:
    return UploadError(name, [RowMistake(0, "", what)])


def _numbered(text: str, known: Sequence[str]) -> list[tuple[int, list[str]]]:
    """Records with any cell, numbered as a spreadsheet numbers rows."""
    lines = text.removeprefix("\ufeff")
    told = lines[:5].lower()
    skipped = 0
    if told.startswith("sep=") and told[4:] in _SEPARATORS:
        lines, skipped = lines.partition("\n")[2], 1
    first = next((line for line in lines.splitlines() if line.strip(" ,;\t")), "")
    separator = max(_SEPARATORS, key=lambda each: sum(_column(name) in known for name in _cells(first, each)))
    records = enumerate(csv.reader(io.StringIO(lines, newline=""), delimiter=separator, strict=True), 1 + skipped)
    return [(number, [cell.strip() for cell in cells]) for number, cells in records if any(map(str.strip, cells))]


def _cells(line: str, separator: str) -> list[str]:
    return next(csv.reader([line], delimiter=separator), [])


def _column(name: str) -> str:
    """`cost_centre` of `Cost centre`; of tags the letters of the key stay."""
    name = name.strip()
    if name[:4].lower() == "tag:":
        return f"tag:{name[4:].strip()}"
    plain = "_".join(name.lower().replace("-", " ").replace("_", " ").split())
    return {"cost_center": "cost_centre", "from": "valid_from", "to": "valid_to"}.get(plain, plain)


def _wrong_columns(columns: Sequence[str], header: int, known: Sequence[str]) -> Iterator[RowMistake]:
    for place, column in enumerate(columns):
        if column in columns[:place] and column:
            yield RowMistake(header, column, "this column is there twice")
        elif column == "tag:" or inert(column) != column:
            yield RowMistake(header, inert(column), "write tag:KEY with the key of a tag")
        elif column and column not in known and not column.startswith("tag:"):
            yield RowMistake(header, column[:60], f"there is no such column{nearest(column, [*known, 'tag:KEY'])}")


def _row(number: int, cells: Sequence[str], columns: Sequence[str], wrong: Callable[[RowMistake], None]) -> Row:
    if any(cells[len(columns) :]):
        wrong(RowMistake(number, "", f"it has {len(cells)} cells, and there are {len(columns)} columns"))
    named = dict(zip(columns, cells, strict=False))
    for column, cell in named.items():
        if cell and not column:
            wrong(RowMistake(number, "", f"{cell[:30]!r} stands in a column without a name"))
        elif len(cell) > LONGEST_CELL:
            wrong(RowMistake(number, column, f"has {len(cell):,} characters; at most {LONGEST_CELL} are taken"))
        elif inert(cell) != cell or "\n" in cell:
            wrong(RowMistake(number, column, "holds a line break or a character that cannot be seen"))
    return Row(number, {column: named.get(column, "") for column in columns if column})
