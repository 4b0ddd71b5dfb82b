"""The billing table, asked in BigQuery: a month's rows as Parquet pages, the same bytes that an export would hold.

Whole months are asked for. The table is append-only: late usage and corrections arrive as new rows, of an invoice month
that may be long begun, so a month's rows now are all that it will ever be billed by so far, and replace what was pulled
before without a trace of what changed. Rows that arrived since would have to be merged with the archive to the same
end.
"""

from __future__ import annotations

import io
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from connectors.gcp.export_pull import STREAM
from connectors.gcp.google_access import credentials_for, google_errors, not_installed
from connectors.gcp.options import GcpOptions
from connectors.gcp.table_rows import COLUMNS, new_columns
from connectors.protocol import Answer, Surroundings, Window

PAGE_ROWS = 100_000
_EARLY = timedelta(days=1)
_TIMEOUT = 600.0


def pulled(
    source: str, options: GcpOptions, surroundings: Surroundings, window: Window, *, page_rows: int = PAGE_ROWS
) -> Iterator[Answer]:
    """The month's rows, `page_rows` an answer; one without rows where there is none, which tells its columns.

    Raises `ConfigurationError` for a table that is not there, `CredentialsError`, `RateLimitError`,
    `VendorUnavailableError`.
    """
    bigquery = _library()
    month = f"{window.start:%Y-%m}"
    with _client(options) as client, google_errors(f"the query of {options.table}"):
        names = [field.name for field in client.get_table(options.table).schema]
        picked = names if options.report == "focus" else [name for name in COLUMNS if name in names]
        # nothing is exported before it was used: by the day of export, which partitions the table, a scan is bounded
        where, parameters = _month_condition(options, window, bigquery)
        query = f"SELECT {', '.join(f'`{name}`' for name in picked)} FROM `{options.table}` WHERE {where}"
        rows = client.query(query, job_config=_job(options, bigquery, parameters)).result(timeout=_TIMEOUT)
        told = {"new_columns": ",".join(new_columns(names))} if options.report != "focus" else {}
        total = rows.total_rows or 0
        facts = {**told, "pages": str(max(-(-total // page_rows), 1)), "total_rows": str(total)}
        for sequence, table in enumerate(_pages(rows, page_rows)):
            request = {
                "table": str(options.table),
                "month": month,
                "name": f"page {sequence + 1}",
                "shard_set": "query",
            }
            yield Answer(source, STREAM, window, request, sequence, surroundings.clock(), _parquet(table), facts)


def periods(options: GcpOptions, surroundings: Surroundings) -> list[str]:
    """Billing periods that the table has rows of."""
    bigquery = _library()
    del surroundings
    if options.report == "focus":
        # a month begins at Pacific midnight or later at UTC's: a day on, both are the month
        month = "FORMAT_TIMESTAMP('%Y%m', TIMESTAMP_ADD(BillingPeriodStart, INTERVAL 1 DAY))"
    else:
        month = "invoice.month"
    query = f"SELECT DISTINCT {month} AS month FROM `{options.table}`"
    with _client(options) as client, google_errors(f"the query of {options.table}"):
        found = client.query(query, job_config=_job(options, bigquery, [])).result(timeout=_TIMEOUT)
        months = [str(row["month"]) for row in found if row["month"]]
    return sorted(f"{month[:4]}-{month[-2:]}" for month in months)


def _month_condition(options: GcpOptions, window: Window, bigquery: Any) -> tuple[str, list[Any]]:
    def at(name: str, value: Any) -> Any:
        return bigquery.ScalarQueryParameter(name, "TIMESTAMP", value)

    early = window.start - _EARLY
    if options.report == "focus":
        last = (window.start + timedelta(days=32)).replace(day=1) - _EARLY
        where = "BillingPeriodStart >= @from_time AND BillingPeriodStart < @to_time"
        return where, [at("from_time", early), at("to_time", last)]
    where = "invoice.month = @month AND export_time >= @from_time"
    month = bigquery.ScalarQueryParameter("month", "STRING", f"{window.start:%Y%m}")
    parameters = [month, at("from_time", early)]
    if options.billing_account is not None:
        where += " AND billing_account_id = @account"
        parameters.append(bigquery.ScalarQueryParameter("account", "STRING", options.billing_account))
    return where, parameters


def _job(options: GcpOptions, bigquery: Any, parameters: list[Any]) -> Any:
    config = bigquery.QueryJobConfig(query_parameters=parameters)
    if options.maximum_gib_billed is not None:
        config.maximum_bytes_billed = options.maximum_gib_billed << 30
    return config


def _pages(rows: Any, page_rows: int) -> Generator[Any]:
    """Arrow tables of `page_rows` rows, the last one shorter; one without rows where there is none."""
    import pyarrow as pa

    if not rows.total_rows:
        yield rows.to_arrow(create_bqstorage_client=False)
        return
    held: list[Any] = []
    count = 0
    # the REST way: it needs neither the storage API nor its role
    for batch in rows.to_arrow_iterable(bqstorage_client=None):
        rest = batch
        while rest.num_rows:
            part = rest.slice(0, page_rows - count)
            rest = rest.slice(part.num_rows)
            held.append(part)
            count += part.num_rows
            if count == page_rows:
                yield pa.Table.from_batches(held)
                held, count = [], 0
    if held:
        yield pa.Table.from_batches(held)


def _parquet(table: Any) -> bytes:
    import pyarrow.parquet as pq

    body = io.BytesIO()
    pq.write_table(table, body, compression="zstd")
    return body.getvalue()


def _library() -> Any:
    """google.cloud.bigquery. Raises `ConfigurationError` where it is missing."""
    try:
        from google.cloud import bigquery
    except ImportError as error:
        raise not_installed() from error
    return bigquery


@contextmanager
def _client(options: GcpOptions) -> Generator[Any]:
    project = (options.table or "").replace(":", ".").partition(".")[0]
    endpoint = options.bigquery_endpoint_url
    client_options = {"api_endpoint": endpoint} if endpoint else None
    credentials = credentials_for(options, endpoint)
    with _library().Client(project=project, credentials=credentials, client_options=client_options) as client:
        yield client
