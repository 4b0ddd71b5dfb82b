"""Google's detailed export as Parquet: what `EXPORT DATA` makes of the BigQuery table, a folder an invoice month."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from connectors.simulator.clouds.accounts import GCP_BILLING
from connectors.simulator.clouds.lines import Line
from connectors.simulator.clouds.parquet import as_parquet

TABLE = f"gcp_billing_export_resource_v1_{GCP_BILLING.id.replace('-', '_')}"
_SHARDS = 2


@lru_cache(maxsize=1)
def _schema() -> Any:
    import pyarrow as pa

    text, number, exact = pa.string(), pa.float64(), pa.decimal128(38, 9)
    instant = pa.timestamp("us", "UTC")
    pair = pa.list_(pa.struct([("key", text), ("value", text)]))
    ancestors = pa.list_(pa.struct([("resource_name", text), ("display_name", text)]))
    project = [("id", text), ("number", text), ("name", text), ("labels", pair), ("ancestry_numbers", text)]
    place = [("location", text), ("country", text), ("region", text), ("zone", text)]
    price = [("effective_price", exact), ("tier_start_amount", exact), ("unit", text), ("pricing_unit_quantity", exact)]
    usage = [("amount", number), ("unit", text), ("amount_in_pricing_units", number), ("pricing_unit", text)]
    credit = [("name", text), ("amount", number), ("full_name", text), ("id", text), ("type", text)]
    tag = [("key", text), ("value", text), ("inherited", pa.bool_()), ("namespace", text)]
    adjustment = [("id", text), ("description", text), ("mode", text), ("type", text)]
    return pa.schema(
        [
            ("billing_account_id", text),
            ("service", pa.struct([("id", text), ("description", text)])),
            ("sku", pa.struct([("id", text), ("description", text)])),
            ("usage_start_time", instant),
            ("usage_end_time", instant),
            ("project", pa.struct([*project, ("ancestors", ancestors)])),
            ("labels", pair),
            ("system_labels", pair),
            ("location", pa.struct(place)),
            ("resource", pa.struct([("name", text), ("global_name", text)])),
            ("tags", pa.list_(pa.struct(tag))),
            ("price", pa.struct(price)),
            ("cost", number),
            ("cost_at_list", number),
            ("currency", text),
            ("currency_conversion_rate", number),
            ("usage", pa.struct(usage)),
            ("credits", pa.list_(pa.struct(credit))),
            ("invoice", pa.struct([("month", text), ("publisher_type", text)])),
            ("cost_type", text),
            ("adjustment_info", pa.struct(adjustment)),
            ("transaction_type", text),
            ("seller_name", text),
            ("export_time", instant),
        ]
    )


def gcp_files(month: str, lines: Sequence[Line]) -> Iterator[tuple[str, bytes]]:
    """The month's shards by their path below the export's folder."""
    size = -(-len(lines) // _SHARDS)
    for number in range(_SHARDS):
        shard = lines[number * size : (number + 1) * size]
        name = f"invoice_month={month}/{TABLE}-{number:012d}.parquet"
        yield name, as_parquet([line.columns for line in shard], _schema())
