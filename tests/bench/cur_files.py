"""A month of CUR 2.0 as AWS delivers it, of any size: Parquet chunks of a million rows, a manifest, tag maps.

Made of a list of SKUs and numbers, the same for the same arguments. What the rows mean is in the vendor's words; what
becomes of them is measured by `cloud_month`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

PERIOD, START, HOURS = "2026-09", np.datetime64("2026-09-01T00:00:00", "ms"), 720
CHUNK_ROWS = 1_000_000
ACCOUNTS, TAG_SETS, RESOURCES, SKUS = 60, 400, 50_000, 3_000
PAYER = "100000000001"
PLAN = "arn:aws:savingsplans::100000000001:savingsplan/0f6c2e1a"
RESERVATION = "arn:aws:ec2:us-east-1:100000000001:reserved-instances/7a41"
REGIONS = ("us-east-1", "us-west-2", "eu-central-1", "ap-northeast-1")
INSTANCES = (
    "m7i.large",
    "c7g.xlarge",
    "r7i.2xlarge",
    "g5.xlarge",
    "g6.12xlarge",
    "p5.48xlarge",
    "p4d.24xlarge",
    "trn1.32xlarge",
)
MODELS = ("Claude3Sonnet", "Nova2.0Pro", "Claude3Haiku", "Llama3-70B")
KINDS = ("input-tokens", "output-tokens", "cache-read-input-token-count", "input-tokens-batch")
SERVICES = (
    "AmazonS3",
    "AmazonRDS",
    "AWSLambda",
    "AmazonCloudWatch",
    "AWSDataTransfer",
    "AmazonDynamoDB",
    "AWSGlue",
    "AmazonSageMaker",
)


@dataclass(frozen=True)
class Sku:
    """One thing that is sold: columns of a row that do not depend on the row."""

    product_code: str
    service: str
    usage_type: str
    operation: str
    family: str
    instance_type: str | None
    unit: str
    region: str
    sku: str
    description: str
    rate: int  # 1e-10 dollars a unit


def skus() -> list[Sku]:
    """The price list: instances, tokens of models, and everything else."""
    made: list[Sku] = []
    for n in range(SKUS):
        region, code = REGIONS[n % 4], f"{n:04d}{'ABCDEFGHJKLM'}"
        rate = 1_000_000 + (n * 7_919) % 90_000_000
        if n % 10 < 3:
            size = INSTANCES[(n // 10) % len(INSTANCES)]
            what = (
                "AmazonEC2",
                "Amazon Elastic Compute Cloud",
                f"BoxUsage:{size}",
                f"RunInstances:{n % 40:04d}",
                "Compute Instance",
                size,
                "Hrs",
            )
        elif n % 10 == 3:
            usage = f"USE1-{MODELS[(n // 10) % 4]}-{KINDS[(n // 40) % 4]}"
            what, rate = (
                ("AmazonBedrock", "Amazon Bedrock", usage, "InvokeModelInference", "Amazon Bedrock", None, "1K tokens"),
                rate // 1000 + 1,
            )
        else:
            name = SERVICES[n % len(SERVICES)]
            what = (
                name,
                name.removeprefix("Amazon"),
                f"USE1-{name}-Usage{n}",
                f"Operation{n % 30}",
                "Service",
                None,
                "Units",
            )
        made.append(Sku(*what, region, code, f"${rate / 1e10:.10f} per {what[6]} of {what[2]}", rate))
    return made


def write_month(folder: Path, rows: int, *, chunk_rows: int = CHUNK_ROWS) -> Path:
    """The export of `rows` rows below `folder`; returns the export's folder."""
    export = folder / "exports" / "cur2"
    data = export / "data" / f"BILLING_PERIOD={PERIOD}"
    metadata = export / "metadata" / f"BILLING_PERIOD={PERIOD}"
    for place in (data, metadata):
        place.mkdir(parents=True, exist_ok=True)
    sold, names = skus(), []
    for number, first in enumerate(range(0, rows, chunk_rows), start=1):
        table = chunk(sold, first, min(chunk_rows, rows - first))
        names.append(data / f"cur2-{number:05d}.snappy.parquet")
        pq.write_table(table, names[-1], compression="snappy", row_group_size=250_000)
    listed = [path.as_uri() for path in names]
    manifest = {"exportName": "cur2", "billingPeriod": PERIOD, "columns": [], "dataFiles": listed}
    manifest["columns"] = [{"name": name} for name in pq.read_schema(names[0]).names]
    (metadata / "cur2-Manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return export


def chunk(sold: list[Sku], first: int, rows: int) -> pa.Table:
    """Rows `first` to `first + rows` of the month."""
    row = np.arange(first, first + rows, dtype=np.int64)
    instance = np.array([each.instance_type is not None for each in sold])
    negated = (row % 6 == 1) & instance[_sku_of(row - 1, sold)]
    n = np.where(negated, row - 1, row)  # a negation is of the row before it, and alike in all but its sign
    sku = _sku_of(n, sold)
    covered = ~negated & (row % 6 == 0) & instance[sku]
    kind = np.where(negated, 2, np.where(covered, 1, np.where(instance[sku] & (row % 12 == 3), 3, 0)))
    units = (n * 2_654_435_761) % 9_973 + 1  # thousandths
    rate = np.array([each.rate for each in sold], dtype=np.int64)[sku]
    cost = units * rate  # 1e-13 dollars
    public = np.rint(cost / 1000.0) / 1e10
    hour = START + (n % HOURS).astype("timedelta64[h]")
    used, plan, reserved = kind == 0, kind == 1, kind == 3
    unblended = np.where(negated, -public, np.where(reserved, 0.0, public))
    nothing = np.full(rows, np.nan)
    effective = np.rint(public * 0.7e10) / 1e10
    columns = {
        **_who(n),
        **_what(sold, sku, kind),
        "identity_line_item_id": _numbered("kfz", row, 10**9),
        "identity_time_interval": _dictionary(_intervals(), n % HOURS),
        "line_item_usage_start_date": pa.array(hour, pa.timestamp("ms")),
        "line_item_usage_end_date": pa.array(hour + np.timedelta64(1, "h"), pa.timestamp("ms")),
        "line_item_usage_amount": pa.array(units / 1000.0),
        "line_item_unblended_cost": pa.array(unblended),
        "line_item_blended_cost": pa.array(unblended),
        "line_item_net_unblended_cost": pa.array(np.rint(unblended * 0.9e10) / 1e10),
        "line_item_unblended_rate": _dictionary([f"{each.rate / 1e10:.10f}" for each in sold], sku),
        "line_item_blended_rate": _dictionary([f"{each.rate / 1e10:.10f}" for each in sold], sku),
        "line_item_normalization_factor": pa.array(np.where(used | plan, 1.0, np.nan), from_pandas=True),
        "line_item_normalized_usage_amount": pa.array(np.where(used | plan, units / 1000.0, np.nan), from_pandas=True),
        "pricing_public_on_demand_cost": pa.array(np.where(negated, 0.0, public)),
        "pricing_public_on_demand_rate": _dictionary([f"{each.rate / 1e10:.10f}" for each in sold], sku),
        "savings_plan_savings_plan_a_r_n": _where(PLAN, plan | negated),
        "savings_plan_savings_plan_effective_cost": pa.array(np.where(plan, effective, nothing), from_pandas=True),
        "savings_plan_savings_plan_rate": pa.array(np.where(plan, effective / units * 1000, nothing), from_pandas=True),
        "reservation_reservation_a_r_n": _where(RESERVATION, reserved),
        "reservation_effective_cost": pa.array(np.where(reserved, effective, nothing), from_pandas=True),
        "resource_tags": _tags(n),
        "cost_category": _maps(n, lambda each: [("Department", f"dept-{each % 7}")]),
        "product": _maps(n, lambda each: [("vcpu", str(each % 96)), ("memory", f"{each % 768} GiB")]),
        "discount": _maps(n, lambda _each: []),
    }
    return pa.table(columns)


def _sku_of(n: np.ndarray, sold: list[Sku]) -> np.ndarray:
    return (n * 48_271 + n // 977) % len(sold)


def _who(n: np.ndarray) -> dict[str, pa.Array]:
    account = (n // 7) % ACCOUNTS
    return {
        "bill_payer_account_id": _same(PAYER, n),
        "bill_payer_account_name": _same("Acme payer", n),
        "bill_billing_entity": _same("AWS", n),
        "bill_invoicing_entity": _same("Amazon Web Services, Inc.", n),
        "bill_bill_type": _same("Anniversary", n),
        "bill_invoice_id": pa.nulls(len(n), pa.string()),
        "bill_billing_period_start_date": pa.array(np.full(len(n), START), pa.timestamp("ms")),
        "bill_billing_period_end_date": pa.array(
            np.full(len(n), np.datetime64("2026-10-01T00:00:00", "ms")), pa.timestamp("ms")
        ),
        "line_item_usage_account_id": _dictionary([f"{200_000_000_000 + each}" for each in range(ACCOUNTS)], account),
        "line_item_usage_account_name": _dictionary([f"Account {each}" for each in range(ACCOUNTS)], account),
        "line_item_legal_entity": _same("Amazon Web Services, Inc.", n),
        "line_item_currency_code": _same("USD", n),
        "line_item_resource_id": _dictionary(
            [f"arn:aws:ec2:us-east-1:200000000000:instance/i-{each:017x}" for each in range(RESOURCES)],
            (n * 31) % RESOURCES,
        ),
        "line_item_availability_zone": _dictionary([f"us-east-1{each}" for each in "abcdef"], n % 6),
        "line_item_tax_type": pa.nulls(len(n), pa.string()),
        "line_item_iam_principal": pa.nulls(len(n), pa.string()),
    }


def _what(sold: list[Sku], sku: np.ndarray, kind: np.ndarray) -> dict[str, pa.Array]:
    types = ["Usage", "SavingsPlanCoveredUsage", "SavingsPlanNegation", "DiscountedUsage"]
    of = {
        "line_item_product_code": [each.product_code for each in sold],
        "line_item_usage_type": [each.usage_type for each in sold],
        "line_item_operation": [each.operation for each in sold],
        "line_item_line_item_description": [each.description for each in sold],
        "product_servicecode": [each.product_code for each in sold],
        "product_product_family": [each.family for each in sold],
        "product_instance_type": [each.instance_type for each in sold],
        "product_region_code": [each.region for each in sold],
        "product_sku": [each.sku for each in sold],
        "product_usagetype": [each.usage_type for each in sold],
        "product_location": [each.region for each in sold],
        "pricing_unit": [each.unit for each in sold],
        "pricing_term": ["OnDemand" for _ in sold],
        "pricing_rate_code": [f"{each.sku}.JRTCKXETXF.6YS6EN2CT7" for each in sold],
        "pricing_rate_id": [f"{index}" for index, _ in enumerate(sold)],
        "pricing_currency": ["USD" for _ in sold],
        "pricing_purchase_option": [None for _ in sold],
    }
    columns = {name: _dictionary(values, sku) for name, values in of.items()}
    return {"line_item_line_item_type": _dictionary(types, kind), **columns}


def _dictionary(values: list[str] | list[str | None], index: np.ndarray) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(index, pa.int32()), pa.array(values, pa.string())).cast(pa.string())


def _same(value: str, n: np.ndarray) -> pa.Array:
    return pa.repeat(pa.scalar(value, pa.string()), len(n))


def _where(value: str, mask: np.ndarray) -> pa.Array:
    return _dictionary([value, None], np.where(mask, 0, 1))


def _numbered(prefix: str, n: np.ndarray, base: int) -> pa.Array:
    return pa.compute.binary_join_element_wise(prefix, pa.array(n + base).cast(pa.string()), "")


def _intervals() -> list[str]:
    hours = [START + np.timedelta64(hour, "h") for hour in range(HOURS + 1)]
    return [f"{begin}Z/{end}Z" for begin, end in pairwise(hours)]


def _tags(n: np.ndarray) -> pa.Array:
    return _maps(
        n,
        lambda each: [
            ("user_team", f"team-{each % 20}"),
            ("user_env", "prod" if each % 3 else "dev"),
            ("user_app", f"app-{each}"),
        ],
    )


def _maps(n: np.ndarray, entries) -> pa.Array:
    distinct = pa.array([entries(each) for each in range(TAG_SETS)], pa.map_(pa.string(), pa.string()))
    return distinct.take(pa.array((n * 13) % TAG_SETS, pa.int32()))
