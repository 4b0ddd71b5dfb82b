"""Google Cloud as a source: `pull` takes the billing table (BigQuery, or Parquet of it), `translate` its month's
charges."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import AbstractContextManager

from connectors.errors import whose
from connectors.gcp import bigquery_table, catalog, export_pull, monitoring
from connectors.gcp.export_pull import MANIFEST_STREAM, STREAM
from connectors.gcp.focus_export import focus_translation
from connectors.gcp.monitored_tokens import BilledTokens, monitored_part
from connectors.gcp.options import GcpOptions
from connectors.gcp.usage_export import usage_translation
from connectors.protocol import Answer, ChargesPart, Surroundings, Translation, Window


class GcpConnector:
    """One billing account's export, where it lies."""

    def __init__(self, source: str, options: GcpOptions, surroundings: Surroundings) -> None:
        self._source = source
        self._options = options
        self._surroundings = surroundings

    @property
    def source(self) -> str:
        return self._source

    def pull(self, window: Window) -> Iterator[Answer]:
        """The month's rows as Parquet; public prices and token counts where the options ask for them.

        Raises `IncompleteError` for missing shards, `ConfigurationError` for a table that is not there,
        `CredentialsError`, `RateLimitError` and `VendorUnavailableError` of the services.
        """
        with self._named(window):
            if self._options.table is not None:
                yield from bigquery_table.pulled(self._source, self._options, self._surroundings, window)
            else:
                yield from export_pull.pulled(self._source, self._options, self._surroundings, window)
            if self._options.price_catalog:
                yield from catalog.pulled(self._source, self._options, self._surroundings, window)
            yield from monitoring.pulled(self._source, self._options, self._surroundings, window)

    def translate(self, window: Window, answers: Iterable[Answer]) -> Translation:
        """Charges billed in the month that the window begins in, with the readings that they pay.

        A month without a charge is not proven complete. Raises `AnswerError` for rows that cannot be read.
        """
        given = list(answers)
        tables = [answer for answer in given if answer.stream == STREAM]
        with self._named(window):
            if self._options.report == "focus":
                read = focus_translation(self._source, self._options, window, tables)
            else:
                prices = catalog.list_prices([answer for answer in given if answer.stream == catalog.STREAM])
                read = usage_translation(self._source, self._options, window, tables, prices)
        counts = [answer for answer in given if answer.stream == monitoring.STREAM]
        return Translation(
            parts=self._parts(window, read.parts, counts),
            claims=read.claims,
            missing=(*read.missing, *_short_of_rows(given)),
            findings=read.findings,
        )

    def _parts(self, window: Window, parts: Iterable[ChargesPart], counts: list[Answer]) -> Generator[ChargesPart]:
        """The charges' parts, then token counts that no bill tells; errors learn whose they are."""
        billed = BilledTokens()
        with self._named(window):
            for part in parts:
                billed.add(part)
                yield part
            if counts:
                yield monitored_part(self._source, window, counts, billed)

    def _named(self, window: Window) -> AbstractContextManager[None]:
        return whose(self._source, STREAM, window)


def periods_in(options: GcpOptions, surroundings: Surroundings) -> list[str]:
    """Billing periods, YYYY-MM, of all rows of the export, sorted."""
    if options.table is not None:
        return bigquery_table.periods(options, surroundings)
    return export_pull.periods(options)


def _short_of_rows(answers: list[Answer]) -> tuple[str, ...]:
    """Pages that a query counted and that are not among the answers."""
    tables = [answer for answer in answers if answer.stream == STREAM]
    told = {answer.facts["pages"] for answer in tables if "pages" in answer.facts}
    if told and {str(len(tables))} != told:
        return (f"{len(tables)} of {', '.join(sorted(told))} pages of the query",)
    return ()


__all__ = ["MANIFEST_STREAM", "STREAM", "GcpConnector", "periods_in"]
