"""Mistakes in invoice files: each is told with file, line and what to write instead."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.errors import AnswerError
from connectors.invoices import InvoicesOptions
from connectors.invoices.columns import COLUMNS
from connectors.invoices.connector import periods_in
from connectors.invoices.reading import read_invoices
from connectors.invoices.together import one_of_each

GOOD = {
    "invoice_id": "INV-1",
    "issuer": "Chat Inc",
    "account": "A1",
    "currency": "USD",
    "billing_period": "2026-11",
    "issue_date": "2026-11-30",
    "amount": "1000",
    "charges": "own",
}


def csv(*rows: dict[str, str]) -> bytes:
    """A file of these rows, each `GOOD` but for what it says."""
    filled = [{**GOOD, **row} for row in rows]
    names = list(dict.fromkeys(name for row in filled for name in row))
    lines = [",".join(f'"{row.get(name, "")}"' for name in names) for row in filled]
    return "\n".join([",".join(names), *lines]).encode()


def refused(*rows: dict[str, str]) -> AnswerError:
    with pytest.raises(AnswerError) as caught:
        one_of_each(read_invoices(csv(*rows), "november.csv"))
    return caught.value


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"amount": "1.070,00"}, "november.csv line 2: amount is '1.070,00'"),
        ({"amount": ""}, "november.csv line 2: amount is empty"),
        ({"amount": "0.1234567890123"}, "amount is '0.1234567890123'"),
        ({"currency": "usd"}, "currency is 'usd'"),
        ({"billing_period": "2026-13"}, "billing_period is '2026-13'"),
        ({"issue_date": "30.11.2026"}, "issue_date is '30.11.2026'"),
        ({"issue_date": "2026-11-31"}, "issue_date is '2026-11-31'"),
        ({"issue_date": ""}, "issue_date is empty"),
        ({"category": "Seats"}, "category is 'Seats'"),
        ({"charges": "yes"}, "charges is 'yes'"),
        ({"tags": "team"}, "tags is 'team'"),
        ({"service_start": "2026-11-20", "service_end": "2026-11-10"}, "service_end lies before service_start"),
        (
            {"service_start": "2026-04-01", "service_end": "2999-03-31"},
            "november.csv line 2: pays for more than ten years, from 2026-04-01 to 2999-03-31",
        ),
        ({"service_end": "9999-12-31"}, "service_end is '9999-12-31'"),
        ({"amount": "-5"}, "a Purchase of -5"),
        ({"category": "Credit"}, "a Credit of 1000"),
        ({"category": "Usage", "service_start": "2026-10-20"}, "usage outside its billing_period"),
        ({"charges": "none", "declared_cost": "Seats"}, "a declared_cost on a line that is no cost of ours"),
        ({"declared_part": "electricity"}, "a declared_part without declared_cost"),
        ({"invoice_total": "999"}, "invoice_total is 999, and the lines of INV-1 sum to 1000"),
        ({"servce": "x"}, "november.csv line 1: there is no column 'servce'"),
    ],
)
def test_a_line_that_cannot_be_is_told_with_its_place(row: dict[str, str], told: str):
    error = refused(row)
    assert told in error.what
    assert error.remedy


def test_lines_of_an_invoice_share_what_is_the_invoices():
    error = refused({}, {"currency": "EUR"})
    assert error.what == ("november.csv line 3: currency is EUR, and USD on line 2 of the same invoice INV-1")


def test_a_line_stands_once():
    assert "line 7 of invoice INV-1 stands on line 2 already" in refused({"line": "7"}, {"line": "7"}).what


def test_an_invoice_is_charges_of_its_own_or_a_feeds():
    assert "INV-1 has lines that are charges of their own and lines that a feed brings" in (
        refused({}, {"charges": "feed"}).what
    )


def test_an_account_is_billed_in_one_currency_a_month():
    error = refused({}, {"invoice_id": "INV-2", "currency": "EUR"})
    assert "bills account A1 in EUR, and in november.csv line 2 in USD" in error.what


def test_a_service_has_one_category():
    assert "Chat Inc is Compute here and Other elsewhere" in refused({}, {"service_category": "Compute"}).what


def test_the_header_says_which_column_is_missing():
    with pytest.raises(AnswerError, match="the column issuer is missing"):
        read_invoices(b"invoice_id,amount\nINV-1,5\n", "a.csv")


def test_a_row_of_another_length_is_told_with_its_line():
    body = csv({"description": "two\nlines of text"}, {}) + b"\nINV-1,too short\n"
    with pytest.raises(AnswerError, match=r"a\.csv line 5: has 2 fields"):
        read_invoices(body, "a.csv")


def test_a_file_of_a_header_alone_is_refused():
    with pytest.raises(AnswerError, match="has a header and no line"):
        read_invoices(
            csv().split(b"\n")[0] or b"invoice_id,issuer,account,currency,billing_period,amount,charges\n", "a.csv"
        )


def test_semicolons_are_read_too():
    body = csv({}).replace(b",", b";")
    assert read_invoices(body, "a.csv") == read_invoices(csv({}), "b.csv")


def together(*files: bytes):
    return one_of_each(
        invoice for number, body in enumerate(files, 1) for invoice in read_invoices(body, f"{number}.csv")
    )


def test_the_same_invoice_in_two_files_is_one():
    assert len(together(csv({}), csv({"amount": "1000.00"}))) == 1


def test_another_content_under_the_same_number_is_refused():
    with pytest.raises(AnswerError, match=r"2\.csv line 2: invoice INV-1 of Chat Inc stands in 1\.csv line 2"):
        together(csv({}), csv({"amount": "1070"}))


def test_an_invoice_that_is_voided_or_issued_after_a_draft_takes_the_earlier_ones_place():
    draft = csv({"status": "Open", "amount": "990"})
    voided = csv({"status": "Voided"})
    assert [invoice.head.status for invoice in together(csv({}), draft)] == ["Issued"]
    assert [invoice.head.status for invoice in together(voided, csv({}))] == ["Voided"]


def test_a_credit_note_stands_beside_what_it_adjusts():
    note = csv({"invoice_id": "CN-1", "reference_invoice": "INV-1", "category": "Credit", "amount": "-1000"})
    assert [invoice.head.invoice_id for invoice in together(csv({}), note)] == ["CN-1", "INV-1"]


def test_months_are_those_that_are_billed_or_paid_for_up_to_the_present(tmp_path: Path):
    (tmp_path / "year.csv").write_bytes(csv({"service_start": "2026-09-01", "service_end": "2027-08-31"}))
    options = InvoicesOptions(path=str(tmp_path))
    december = datetime(2026, 12, 24, tzinfo=UTC)
    assert periods_in(options, december) == ["2026-09", "2026-10", "2026-11", "2026-12"]
    assert periods_in(options, datetime(2026, 8, 1, tzinfo=UTC)) == []


def test_the_readme_tells_every_column():
    readme = (Path(__file__).resolve().parents[3] / "connectors" / "invoices" / "README.md").read_text("utf-8")
    assert [column.name for column in COLUMNS if f"| `{column.name}` |" not in readme] == []
