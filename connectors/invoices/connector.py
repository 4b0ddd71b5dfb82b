"""Invoices as a source: `pull` takes every invoice file, `translate` makes one month's rows of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from connectors.errors import whose
from connectors.exports.places import FoundFile, is_data_file, place_at
from connectors.invoices.charges import invoice_charges, owned_lines, read_of
from connectors.invoices.details import invoice_details
from connectors.invoices.invoice import Invoice
from connectors.invoices.options import InvoicesOptions
from connectors.invoices.reading import read_invoices
from connectors.invoices.together import one_of_each
from connectors.native_charges import claims_of
from connectors.protocol import Answer, ChargesPart, Surroundings, Translation, Window

STREAM = "invoices/lines"
_CSV = (".csv", ".csv.gz")


class InvoicesConnector:
    """One configured place of invoices. All of its files belong to every month: a line may pay for many."""

    def __init__(self, source: str, options: InvoicesOptions, surroundings: Surroundings) -> None:
        self._source = source
        self._options = options
        self._clock = surroundings.clock

    @property
    def source(self) -> str:
        return self._source

    def pull(self, window: Window) -> Iterator[Answer]:
        """Every invoice file. Raises `IncompleteError` where there is none, `VendorUnavailableError` for a store that
        cannot be reached."""
        with whose(self._source, STREAM, window):
            for sequence, (file, body) in enumerate(_files(self._options)):
                request = {"url": file.url, "name": file.name}
                yield Answer(self._source, STREAM, window, request, sequence, self._clock(), body)

    def translate(self, window: Window, answers: Iterable[Answer]) -> Translation:
        """The month that the window begins in: the invoices that it bills, their charges, and the days of it that any
        invoice pays for. A month without an invoice is a month without one. Raises `AnswerError` for what cannot be
        read, and for invoices that contradict each other."""
        with whose(self._source, STREAM, window):
            found: list[Invoice] = []
            read_at = window.start
            for answer in answers:
                assert isinstance(answer.body, bytes)
                found += read_invoices(answer.body, answer.request["name"])
                read_at = answer.fetched_at
            invoices = one_of_each(found)
        billed = [invoice for invoice in invoices if invoice.head.billing_period == f"{window.start:%Y-%m}"]
        charges = invoice_charges(invoices, window, source=self._source)
        return Translation(
            invoices=invoice_details(billed, source=self._source, read_at=read_at),
            parts=(ChargesPart(charges, read_of(invoices, window)),),
            claims=claims_of(charges),
        )


def billed_and_paid_for(invoices: Iterable[Invoice], now: datetime) -> list[str]:
    """The months, YYYY-MM, sorted, that invoices bill or pay for, up to the month of `now`."""
    together = one_of_each(invoices)
    months = {invoice.head.billing_period for invoice in together}
    for owned in owned_lines(together):
        first = owned.line.service_start.replace(day=1)
        while first < owned.line.service_end and first <= now.date():
            months.add(f"{first:%Y-%m}")
            first = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    return sorted(month for month in months if month <= f"{now:%Y-%m}")


def periods_in(options: InvoicesOptions, now: datetime) -> list[str]:
    """The months that the invoices at a place bill or pay for, up to the present. Raises what reading them raises."""
    return billed_and_paid_for(
        (invoice for file, body in _files(options) for invoice in read_invoices(body, file.name)), now
    )


def _files(options: InvoicesOptions) -> Iterator[tuple[FoundFile, bytes]]:
    """Each invoice file with its content; a single file may have any name."""
    storage = {name: secret.get_secret_value() for name, secret in options.storage.items()}
    place = place_at(options.path, storage)
    found = place.files()
    chosen = [file for file in found if is_data_file(file.name) and file.name.casefold().endswith(_CSV)]
    for file in chosen if len(found) > 1 else found:
        yield file, place.read(file.url)
