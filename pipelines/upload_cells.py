"""What one cell of an upload says: an amount, a month, a day, a list; and the same written into a cell.

A cell that two people could read in two ways is refused: nobody should pay a thousand times what was meant. Text that
a spreadsheet would take for a formula is written behind a backslash, and read without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from models.spreadsheets import is_formula

BETWEEN = "|"
"""Between several values in one cell."""
NONE = "none"
"""What says that a list is empty; an empty cell says nothing of it."""
_NUMBER = re.compile(r"-?\d[\d.,' \u00a0\u202f]*")
_GROUPED = re.compile(r"-?\d{1,3}(?P<mark>[.,' \u00a0\u202f])\d{3}(?:(?P=mark)\d{3})*")
_UNCLEAR = re.compile(r"-?[1-9]\d{0,2}[.,]\d{3}")
_MONTH = re.compile(r"(\d{4}-\d{2})(?:-01)?")
_PARTS = re.compile(r"\\(.)|(\|)|(.)", re.DOTALL)


def amount_in(cell: str) -> Decimal:
    """`1234.56`, `1,234.56`, `1.234,56` or `1 234,56`, exactly. Raises `ValueError` in words."""
    if not _NUMBER.fullmatch(cell):
        raise ValueError(f"{cell!r} is no amount; write the number alone, such as 1234.56 (currency has its column)")
    if _UNCLEAR.fullmatch(cell):
        whole, places = re.sub("[.,]", "", cell), cell.replace(",", ".")
        raise ValueError(f"{cell!r} may mean {whole} or {places}0; write the one that you mean")
    marks = [mark for mark in ".," if mark in cell]
    if len(marks) == 2:
        last = max(marks, key=cell.rindex)
        whole, _, places = cell.rpartition(last)
    elif len(marks) == 1 and cell.count(marks[0]) == 1:
        whole, _, places = cell.partition(marks[0])
    else:
        whole, places = cell, ""
    grouped = _GROUPED.fullmatch(whole)
    digits = re.sub(r"[^\d-]", "", whole)
    if not (grouped or digits == whole) or (places and not places.isdecimal()):
        raise ValueError(f"{cell!r} is no amount that can be read without doubt; write it without separators: 1234.56")
    return Decimal(f"{digits}.{places}" if places else digits)


def amount_cell(amount: Decimal) -> str:
    """Such that `amount_in` reads the same: never with three decimal places, which may be thousands."""
    text = f"{amount:f}"
    return f"{text}0" if len(text.partition(".")[2]) == 3 else text


def whole_in(cell: str) -> int:
    """A whole number, `%` or not. Raises `ValueError` in words."""
    digits = cell.removesuffix("%").strip()
    if not (digits.isdecimal() and digits.isascii() and len(digits) <= 9):
        raise ValueError(f"{cell!r} is no whole number")
    return int(digits)


def month_in(cell: str) -> str:
    """YYYY-MM; its first day stands for it, too. Raises `ValueError` in words."""
    found = _MONTH.fullmatch(cell)
    if found is None:
        raise ValueError(f"{cell!r} is no month; write it as YYYY-MM, for example 2026-11")
    return found[1]


def day_in(cell: str) -> date:
    """YYYY-MM-DD. Raises `ValueError` in words."""
    try:
        if len(cell) == len("2026-11-28"):
            return date.fromisoformat(cell)
    except ValueError:
        pass
    raise ValueError(f"{cell!r} is no day; write it as YYYY-MM-DD, for example 2026-11-28")


def yes_in(cell: str) -> bool:
    """Raises `ValueError` in words."""
    word = cell.lower()
    if word in ("", "no", "n", "false", "0"):
        return False
    if word in ("yes", "y", "x", "true", "1"):
        return True
    raise ValueError(f"{cell!r} is neither yes nor no")


def text_in(cell: str) -> str:
    return cell.removeprefix("\\")


def text_cell(text: str | None) -> str:
    if text is None:
        return ""
    return f"\\{text}" if text.startswith("\\") or is_formula(text) else text


def list_in(cell: str) -> tuple[str, ...]:
    r"""`a|b` as two; `\|` and `\\` stand for the character itself."""
    parts = [""]
    for escaped, between, other in _PARTS.findall(cell):
        if between:
            parts.append("")
        else:
            parts[-1] += escaped or other
    return tuple(part.strip() for part in parts if part.strip())


def list_cell(values: Iterable[str]) -> str:
    cell = BETWEEN.join(value.replace("\\", "\\\\").replace(BETWEEN, f"\\{BETWEEN}") for value in values)
    return f"\\{cell}" if is_formula(cell) else cell


def wholes_in(cell: str) -> tuple[int, ...]:
    """`80|100`, also `80, 100`; none of `none`. Raises `ValueError` in words."""
    return () if cell.lower() == NONE else tuple(whole_in(part) for part in re.split(r"[|;,\s]+", cell) if part)


def pairs_in(cell: str, pattern: re.Pattern[str], like: str) -> Sequence[re.Match[str]]:
    """What `pattern` finds in each of several values; none of `none`. Raises `ValueError` in words."""
    if cell.lower() == NONE:
        return []
    found = [pattern.fullmatch(part) for part in list_in(cell)]
    matches = [match for match in found if match is not None]
    if len(matches) < len(found):
        raise ValueError(f"{cell!r} is not written like {like}")
    return matches
