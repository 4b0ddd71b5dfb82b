"""Reading an invoice file: CSV with a header line, one row a line of an invoice, several invoices a file.

Each mistake is an `AnswerError` that names the file, the line and what to write instead. What invoices of several files
are to each other is in `together`.
"""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from connectors.errors import AnswerError
from connectors.exports.sniffing import sniff
from connectors.invoices.columns import COLUMNS, InvoiceColumn, UnreadableError
from connectors.invoices.invoice import Invoice, InvoiceHead, InvoiceLine, Place
from connectors.protocol import Window

_BY_NAME = {column.name: column for column in COLUMNS}
_OF_INVOICE = [column.name for column in COLUMNS if column.of == "invoice"]
_HEAD = [each.name for each in fields(InvoiceHead)]
_ONE_DAY = timedelta(days=1)
_LONGEST = timedelta(days=3653)
"""Ten years and their leap days: a line that pays for longer has a slip in a date."""
Values = Mapping[str, Any]


def read_invoices(body: bytes, file: str) -> list[Invoice]:
    """The invoices of one file, in its order. Raises `AnswerError`."""
    found: dict[tuple[str, str], list[tuple[Place, Values]]] = {}
    for place, values in _rows(body, file):
        found.setdefault((values["issuer"], values["invoice_id"]), []).append((place, values))
    if not found:
        raise AnswerError(f"{file} has a header and no line", remedy="write a row for each line of the invoice")
    return [_invoice(rows) for rows in found.values()]


def _rows(body: bytes, file: str) -> Iterator[tuple[Place, Values]]:
    sniffed = sniff(body, file)
    if sniffed.format != "csv":
        raise AnswerError(f"{file} is no CSV", remedy="export the invoice as CSV with a header line")
    text = sniffed.body.decode("utf-8-sig")
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if first.count(";") > first.count(",") else ",")
    header = [name.strip() for name in next(reader)]
    _check_header(header, file)
    row = reader.line_num + 1
    for cells in reader:
        place, row = Place(file, row), reader.line_num + 1
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            raise _mistake(place, f"has {len(cells)} fields, the header has {len(header)}", "quote text with commas")
        yield place, _values(dict(zip(header, cells, strict=True)), place)


def _check_header(header: list[str], file: str) -> None:
    place = Place(file, 1)
    for name in header:
        if name not in _BY_NAME:
            near = difflib.get_close_matches(name, _BY_NAME, n=1)
            hint = f"it may be {near[0]}" if near else f"known columns: {', '.join(_BY_NAME)}"
            raise _mistake(place, f"there is no column {name!r}", hint)
        if header.count(name) > 1:
            raise _mistake(place, f"the column {name} stands there twice", "keep one of them")
    missing = [column.name for column in COLUMNS if column.required and column.name not in header]
    if missing:
        raise _mistake(place, f"the column {missing[0]} is missing", f"add it: {_BY_NAME[missing[0]].meaning}")


def _values(cells: Mapping[str, str], place: Place) -> Values:
    return {column.name: _value(column, cells.get(column.name, "").strip(), place) for column in COLUMNS}


def _value(column: InvoiceColumn, text: str, place: Place) -> Any:
    if not text:
        if column.required:
            raise _mistake(place, f"{column.name} is empty", f"write it: {column.meaning}")
        return column.default
    try:
        return column.read(text)
    except UnreadableError as error:
        raise _mistake(place, f"{column.name} is {text!r}", str(error)) from None


def _invoice(rows: list[tuple[Place, Values]]) -> Invoice:
    """One invoice of the rows that bear its number."""
    place, head = rows[0]
    for where, values in rows[1:]:
        for name in _OF_INVOICE:
            if values[name] != head[name]:
                raise _mistake(
                    where,
                    f"{name} is {_shown(values[name])}, and {_shown(head[name])} on line {place.row} of the same "
                    f"invoice {head['invoice_id']}",
                    "lines of an invoice share it: write the same in each, or give the other invoice its own number",
                )
    if head["issue_date"] is None and head["status"] != "Open":
        raise _mistake(place, "issue_date is empty", "write the day of issue, or status Open for a draft")
    lines = [_line(values, where, number) for number, (where, values) in enumerate(rows, 1)]
    _check_lines(lines, head, place)
    in_order = tuple(sorted(lines, key=lambda line: line.line))
    return Invoice(InvoiceHead(**{name: head[name] for name in _HEAD}), in_order, place)


def _check_lines(lines: list[InvoiceLine], head: Values, place: Place) -> None:
    seen: dict[str, Place] = {}
    for line in lines:
        if line.line in seen:
            raise _mistake(
                line.place,
                f"line {line.line} of invoice {head['invoice_id']} stands on line {seen[line.line].row} already",
                "number its lines apart, or remove the copy",
            )
        seen[line.line] = line.place
    kinds = {line.charges for line in lines} - {"none"}
    if len(kinds) > 1:
        raise _mistake(
            place,
            f"invoice {head['invoice_id']} has lines that are charges of their own and lines that a feed brings",
            "one source says what an account owes in a month: write own or feed for all of its lines",
        )
    total = sum((line.amount for line in lines), Decimal(0))
    if head["invoice_total"] is not None and total != head["invoice_total"]:
        raise _mistake(
            place,
            f"invoice_total is {_plain(head['invoice_total'])}, and the lines of {head['invoice_id']} sum to "
            f"{_plain(total)}",
            "add the line that is missing (tax has lines of its own), or mend the amount that is wrong",
        )


def _line(values: Values, place: Place, number: int) -> InvoiceLine:
    billed = Window.of_period(values["billing_period"])
    start = values["service_start"] or billed.start.date()
    last = values["service_end"] or billed.end.date() - _ONE_DAY
    provider = values["provider"] or values["issuer"]
    line = InvoiceLine(
        line=values["line"] or str(number),
        service_start=start,
        service_end=last + _ONE_DAY,
        provider=provider,
        service=values["service"] or provider,
        place=place,
        **{name: values[name] for name in _AS_WRITTEN},
    )
    for broken, what, remedy in _mistakes_of(line, billed.start.date(), billed.end.date()):
        if broken:
            raise _mistake(place, what, remedy)
    return line


_AS_WRITTEN = (
    "description", "category", "amount", "charges", "service_category", "declared_cost", "declared_part", "tags",
)  # fmt: skip


def _mistakes_of(line: InvoiceLine, billed_from: date, billed_to: date) -> Iterable[tuple[bool, str, str]]:
    """What a line cannot be: whether it is so, what it is, and what to do."""
    is_cost = line.category in ("Purchase", "Usage")
    is_elsewhere = line.service_start < billed_from or line.service_end > billed_to
    yield (
        line.service_end <= line.service_start,
        "service_end lies before service_start",
        "write the first and the last day that the line pays for",
    )
    yield (
        line.service_end - line.service_start > _LONGEST,
        f"pays for more than ten years, from {line.service_start} to {line.service_end - _ONE_DAY}",
        "mend service_start or service_end; what lasts longer is a line for each ten years",
    )
    yield (
        is_cost and line.amount < 0,
        f"a {line.category} of {_plain(line.amount)}",
        "money given back is a Credit or an Adjustment",
    )
    yield (
        line.category == "Credit" and line.amount > 0,
        f"a Credit of {_plain(line.amount)}",
        "a credit is negative; money taken back is an Adjustment",
    )
    yield (
        line.category == "Usage" and line.charges == "own" and is_elsewhere,
        "usage outside its billing_period",
        "bill it in the month of its days, or write Purchase for what is paid before or after",
    )
    yield (
        line.charges == "none" and line.declared_cost is not None,
        "a declared_cost on a line that is no cost of ours",
        "write own or feed under charges, or leave declared_cost empty",
    )
    yield (
        line.declared_part is not None and line.declared_cost is None,
        "a declared_part without declared_cost",
        "name the declared cost that it is a part of",
    )


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    return _plain(value) if isinstance(value, Decimal) else str(value)


def _plain(amount: Decimal) -> str:
    """Without the zeros of the 12 places."""
    return f"{amount:f}".rstrip("0").rstrip(".")


def _mistake(place: Place, what: str, remedy: str) -> AnswerError:
    return AnswerError(f"{place}: {what}", remedy=remedy)
