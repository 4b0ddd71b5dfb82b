"""The billing table asked in BigQuery: pages that are its month, and refusals in plain words."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from google.api_core import exceptions
from google.auth.exceptions import RefreshError

from connectors.errors import (
    AnswerError,
    ConfigurationError,
    ConnectorError,
    CredentialsError,
    RateLimitError,
    VendorUnavailableError,
)
from connectors.gcp import GcpOptions, bigquery_table, periods_in
from connectors.gcp.connector import GcpConnector
from connectors.gcp.google_access import credentials_for, google_errors
from connectors.protocol import Surroundings
from tests.connectors.gcp.billing_rows import at, row, schema
from tests.connectors.gcp.conftest import NOW, SEPTEMBER, gone_through

if TYPE_CHECKING:
    from tests.emulators.servers import BigQuery

_SQL = {
    pa.string(): "STRING",
    pa.float64(): "FLOAT64",
    pa.bool_(): "BOOL",
    pa.timestamp("us", tz="UTC"): "TIMESTAMP",
    pa.decimal128(38, 9): "NUMERIC",
}


def sql_type(dtype: pa.DataType) -> str:
    if pa.types.is_list(dtype):
        return f"ARRAY<{sql_type(dtype.value_type)}>"
    if pa.types.is_struct(dtype):
        return f"STRUCT<{', '.join(f'{field.name} {sql_type(field.type)}' for field in dtype)}>"
    return _SQL[dtype]


def as_json(value: Any) -> Any:
    """A value as the streaming interface of BigQuery takes it."""
    if isinstance(value, dict):
        return {name: as_json(item) for name, item in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


TABLE = "gcp_billing.gcp_billing_export_resource_v1_0A1B2C"


@pytest.fixture(scope="module")
def table(bigquery_emulator: BigQuery) -> str:
    """Five rows of September, one of them late, and one of October, in the export's own shape."""
    rows = [row(cost=str(day), at=at(day), credits=[("PROMOTION", "-0.25")], labels={"team": "a"}) for day in (3, 4, 5)]
    rows += [row(cost="0.1", at=at(30, month=8)), row(cost="0.2", at=at(6))]
    rows.append(row(cost="99", at=at(2, month=10), invoice={"month": "202610", "publisher_type": "GOOGLE"}))
    shape = schema()
    columns = ", ".join(f"`{field.name}` {sql_type(field.type)}" for field in shape)
    with bigquery_emulator.client() as client:
        client.create_dataset("gcp_billing")
        client.query_and_wait(f"CREATE TABLE {TABLE} ({columns}) PARTITION BY DATE(export_time)")
        given = [{**as_json(values), "export_time": at(7).isoformat()} for values in rows]
        assert client.insert_rows_json(f"{bigquery_emulator.project}.{TABLE}", given) == []
    return f"{bigquery_emulator.project}.{TABLE}"


def options(bigquery_emulator: BigQuery, table: str, **more: Any) -> GcpOptions:
    return GcpOptions(table=table, bigquery_endpoint_url=bigquery_emulator.url, **more)


@pytest.mark.emulator
@pytest.mark.slow
def test_the_months_rows_come_in_pages(bigquery_emulator: BigQuery, table: str) -> None:
    surroundings = Surroundings(clock=lambda: NOW)
    asked = options(bigquery_emulator, table, maximum_gib_billed=5)
    answers = list(bigquery_table.pulled("gcp", asked, surroundings, SEPTEMBER, page_rows=2))
    assert [pq.read_metadata(io.BytesIO(answer.body)).num_rows for answer in answers] == [2, 2, 1]  # type: ignore[arg-type]
    assert {answer.facts["pages"] for answer in answers} == {"3"}
    assert set(answers[0].request) == {"table", "month", "name", "shard_set"}

    source = GcpConnector("gcp", asked, surroundings)
    month = gone_through(source.translate(SEPTEMBER, answers))
    assert month.charges["BilledCost"].sum() == Decimal(3) + 4 + 5 + Decimal("0.3") - Decimal("0.75")
    assert month.charges["Tags"].drop_nulls().unique().to_list() == ['{"team":"a"}']
    assert month.missing == ()
    # a page that was lost between pull and translate is seen
    assert source.translate(SEPTEMBER, answers[:2]).missing == ("2 of 3 pages of the query",)


@pytest.mark.emulator
def test_the_whole_connector_asks_bigquery(bigquery_emulator: BigQuery, table: str) -> None:
    asked = options(bigquery_emulator, table, billing_account="0A1B2C-3D4E5F-678901")
    source = GcpConnector("gcp", asked, Surroundings(clock=lambda: NOW))
    assert gone_through(source.translate(SEPTEMBER, list(source.pull(SEPTEMBER)))).charges.height == 5 + 3
    assert periods_in(asked, Surroundings()) == ["2026-09", "2026-10"]
    other = GcpConnector(
        "gcp", options(bigquery_emulator, table, billing_account="FFFFFF-000000-000000"), Surroundings()
    )
    answers = list(other.pull(SEPTEMBER))
    assert len(answers) == 1
    assert other.translate(SEPTEMBER, answers).missing == ("no row of invoice month 2026-09 in 1 files or pages",)


@pytest.mark.emulator
def test_a_table_that_is_not_there_is_told(bigquery_emulator: BigQuery, table: str) -> None:
    lost = options(bigquery_emulator, table.replace("_0A1B2C", "_FFFFFF"))
    with pytest.raises(ConfigurationError, match="it is not there") as caught:
        list(GcpConnector("gcp", lost, Surroundings()).pull(SEPTEMBER))
    assert (caught.value.source, caught.value.window) == ("gcp", str(SEPTEMBER))


@pytest.mark.emulator
def test_googles_focus_table_is_asked_by_its_billing_period(bigquery_emulator: BigQuery) -> None:
    """Periods begin at Pacific midnight: August's ends where September's begins, seven hours into the month."""
    texts = ("BillingAccountId", "BillingCurrency", "ChargeCategory", "InvoiceIssuerName", "ProviderName")
    times = ("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd")
    costs = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
    kinds = {"STRING": texts, "TIMESTAMP": times, "NUMERIC": costs}
    columns = [f"{name} {kind}" for kind, names in kinds.items() for name in names]
    name = f"{bigquery_emulator.project}.gcp_focus.gcp_billing_export_focus_0A1B2C"
    with bigquery_emulator.client() as client:
        client.create_dataset("gcp_focus")
        client.query_and_wait(f"CREATE TABLE {name.partition('.')[2]} ({', '.join(columns)})")
        known = dict.fromkeys(texts, "Google Cloud") | {"BillingCurrency": "USD", "ChargeCategory": "Usage"}
        rows = [
            {**known, **dict.fromkeys(costs, str(month)),
             **dict(zip(times, (at(1, 7, month), at(1, 7, month + 1), at(2, 7, month), at(3, 7, month)), strict=True))}
            for month in (8, 9, 10)
        ]  # fmt: skip
        assert client.insert_rows_json(name, [as_json(values) for values in rows]) == []
    asked = options(bigquery_emulator, name, report="focus")
    source = GcpConnector("gcp", asked, Surroundings(clock=lambda: NOW))
    month = gone_through(source.translate(SEPTEMBER, list(source.pull(SEPTEMBER))))
    assert month.charges["BilledCost"].to_list() == [9]
    assert periods_in(asked, Surroundings()) == ["2026-08", "2026-09", "2026-10"]


def _reason(kind: Callable[..., Exception], reason: str) -> Exception:
    return kind("said", errors=[{"reason": reason}])


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        (exceptions.Forbidden("no"), CredentialsError, "Google refuses"),
        (exceptions.Unauthorized("no"), CredentialsError, "Google refuses"),
        (RefreshError("invalid_grant: Bad Request"), CredentialsError, "does not take the credentials"),
        (_reason(exceptions.Forbidden, "quotaExceeded"), RateLimitError, "a quota is used up"),
        (_reason(exceptions.Forbidden, "rateLimitExceeded"), RateLimitError, "a quota is used up"),
        (exceptions.TooManyRequests("slow"), RateLimitError, "limits our rate"),
        (exceptions.NotFound("Table x"), ConfigurationError, "it is not there"),
        (_reason(exceptions.BadRequest, "bytesBilledLimitExceeded"), ConfigurationError, "maximum_gib_billed"),
        (_reason(exceptions.Cancelled, "stopped"), VendorUnavailableError, "stopped before its end"),
        (exceptions.BadRequest("Unrecognized name: invoice"), AnswerError, "does not take the query"),
        (exceptions.ServiceUnavailable("later"), VendorUnavailableError, "did not answer"),
        (TimeoutError("600 s"), VendorUnavailableError, "did not answer"),
    ],
    ids=lambda value: getattr(value, "__name__", None) or type(value).__name__,
)
def test_what_google_refuses_is_said_in_plain_words(error: Exception, kind: type[ConnectorError], told: str) -> None:
    with pytest.raises(kind, match=told) as caught, google_errors("the query of a.b.c"):
        raise error
    assert "the query of a.b.c" in str(caught.value)
    assert caught.value.remedy


def test_our_own_mistakes_stay_what_they_are() -> None:
    with pytest.raises(KeyError), google_errors("the query"):
        raise KeyError("ours")


def test_a_key_file_that_is_not_there_is_told(tmp_path: Any) -> None:
    asked = GcpOptions(table="a.b.c", credentials_file=str(tmp_path / "key.json"))
    with pytest.raises(ConfigurationError, match="credentials_file names no file"):
        credentials_for(asked, None)
    (tmp_path / "key.json").write_text("{}")
    with pytest.raises(CredentialsError, match="no Google credentials"):
        credentials_for(asked, None)


@pytest.mark.parametrize("ask", ["pull", "periods"])
def test_without_googles_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, ask: str) -> None:
    monkeypatch.setitem(sys.modules, "google.cloud.bigquery", None)
    monkeypatch.delattr("google.cloud.bigquery", raising=False)
    options, surroundings = GcpOptions(table="acme.billing.export"), Surroundings()
    with pytest.raises(ConfigurationError, match=r"not installed .*pip install 'outlay\[gcp\]'"):
        if ask == "pull":
            list(GcpConnector("gcp", options, surroundings).pull(SEPTEMBER))
        else:
            periods_in(options, surroundings)
