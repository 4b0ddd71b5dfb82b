"""The bill's columns: which are read, how the legacy report spells them, each in one type whatever it was stored as.

Names are CUR 2.0's. What a value means belongs to `skus` and `charges`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import polars as pl

from connectors.aws.exact import exact_amounts
from connectors.aws.known_columns import is_new
from connectors.aws.maps import as_json_objects
from connectors.errors import AnswerError
from connectors.protocol import Finding

TEXTS: tuple[str, ...] = (
    "bill_billing_entity",
    "bill_invoice_id",
    "bill_invoicing_entity",
    "bill_payer_account_id",
    "bill_payer_account_name",
    "capacity_reservation_capacity_reservation_arn",
    "capacity_reservation_capacity_reservation_status",
    "capacity_reservation_capacity_reservation_type",
    "line_item_availability_zone",
    "line_item_currency_code",
    "line_item_iam_principal",
    "line_item_legal_entity",
    "line_item_line_item_description",
    "line_item_line_item_type",
    "line_item_operation",
    "line_item_product_code",
    "line_item_resource_id",
    "line_item_usage_account_id",
    "line_item_usage_account_name",
    "line_item_usage_type",
    "pricing_lease_contract_length",
    "pricing_purchase_option",
    "pricing_rate_code",
    "pricing_term",
    "pricing_unit",
    "product_instance_type",
    "product_product_family",
    "product_product_name",
    "product_region_code",
    "product_sku",
    "reservation_end_time",
    "reservation_reservation_a_r_n",
    "reservation_start_time",
    "savings_plan_end_time",
    "savings_plan_savings_plan_a_r_n",
    "savings_plan_start_time",
    "split_line_item_parent_resource_id",
)
AMOUNTS: tuple[str, ...] = (
    "line_item_net_unblended_cost",
    "line_item_unblended_cost",
    "line_item_usage_amount",
    "pricing_public_on_demand_cost",
    "reservation_effective_cost",
    "reservation_net_effective_cost",
    "reservation_total_reserved_units",
    "reservation_unused_amortized_upfront_fee_for_billing_period",
    "reservation_unused_quantity",
    "reservation_unused_recurring_fee",
    "savings_plan_net_savings_plan_effective_cost",
    "savings_plan_savings_plan_effective_cost",
    "savings_plan_total_commitment_to_date",
    "savings_plan_used_commitment",
    "split_line_item_split_cost",
    "split_line_item_unused_cost",
)
INSTANTS: tuple[str, ...] = (
    "bill_billing_period_end_date",
    "bill_billing_period_start_date",
    "line_item_usage_end_date",
    "line_item_usage_start_date",
)
TAGS = "resource_tags"
WRITTEN_TAGS = "resource_tags_as_json"
"""Tags that the reader of a file has already written as JSON."""
MAPS: tuple[str, ...] = ("product", TAGS)

NEEDED: tuple[str, ...] = (*TEXTS, *AMOUNTS, *INSTANTS, *MAPS)
"""Every column that is read; those that a bill lacks are null."""

REQUIRED: tuple[str, ...] = (
    *INSTANTS,
    "bill_payer_account_id",
    "line_item_currency_code",
    "line_item_line_item_type",
    "line_item_product_code",
    "line_item_unblended_cost",
    "line_item_usage_account_id",
    "line_item_usage_amount",
    "line_item_usage_type",
)
"""Without these a bill cannot be read at all."""

EXPECTED: tuple[str, ...] = (
    "line_item_resource_id",
    "pricing_public_on_demand_cost",
    "pricing_rate_code",
    "pricing_unit",
    "product_region_code",
    "product_sku",
    "reservation_effective_cost",
    "reservation_reservation_a_r_n",
    "savings_plan_savings_plan_a_r_n",
    "savings_plan_savings_plan_effective_cost",
)
"""Read without, but worse: their absence is told."""

_TAG_FAMILY = "resource_tags_"


def cur2_name(name: str) -> str:
    """CUR 2.0's name of a legacy column: `savingsPlan/SavingsPlanARN` → `savings_plan_savings_plan_a_r_n`.

    Tags (`resourceTags/user:team`) keep their own spelling: `resource_tags_user:team`.
    """
    family, slash, column = name.partition("/")
    if not slash:
        return name
    if family == "resourceTags":
        return _TAG_FAMILY + column
    return f"{_snake(family)}_{_snake(column)}"


def same_name(name: str) -> str:
    """What all spellings of a column share: `bill/InvoiceId`, `bill/invoice_id` and `bill_invoice_id` are one, so are a
    tag's `resourceTags/user:team` and `resource_tags_user_team`."""
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def _snake(word: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", word).lower()


def wanted(names: Iterable[str]) -> dict[str, str]:
    """The file's columns that are read → their CUR 2.0 names. Raises nothing; see `check_columns`."""
    known = {name: cur2_name(name) for name in names}
    has_map = "resource_tags" in known.values()
    return {
        name: new
        for name, new in known.items()
        if new in NEEDED or new == "product_region" or (not has_map and new.startswith(_TAG_FAMILY))
    }


def check_columns(names: Sequence[str], file: str) -> tuple[Finding, ...]:
    """What a file's columns tell. Raises `AnswerError` naming the required ones that are missing."""
    known = {cur2_name(name) for name in names}
    missing = [name for name in REQUIRED if name not in known]
    if missing:
        raise AnswerError(
            f"{file} is no cost and usage report: {len(missing)} of {len(REQUIRED)} required columns are missing "
            f"({', '.join(missing)})",
            remedy="export the table COST_AND_USAGE_REPORT with all of its columns, or choose another `report`",
        )
    findings: list[Finding] = []
    absent = [name for name in EXPECTED if name not in known]
    if absent:
        findings.append(Finding("missing_columns", f"{file}: {', '.join(absent)}", len(absent)))
    new = sorted(name for name in known if is_new(name))
    if new:
        findings.append(Finding("new_columns", f"{file}: {', '.join(new)}", len(new)))
    return tuple(findings)


def normalised(frame: pl.DataFrame, file: str) -> tuple[pl.DataFrame, tuple[Finding, ...]]:
    """Rows under CUR 2.0's names in one type each: text, Decimal(38, 12), UTC instants; `resource_tags` as JSON text.

    `product` is not among them: few of its rows are looked at. Raises `AnswerError` for values that cannot be read.
    """
    named = frame.rename({name: cur2_name(name) for name in frame.columns})
    if "product_region" in named.columns:
        region = (
            pl.coalesce("product_region_code", "product_region") if "product_region_code" in named.columns else None
        )
        named = named.with_columns(product_region_code=pl.col("product_region") if region is None else region)
    is_written = WRITTEN_TAGS in named.columns
    tags = named[WRITTEN_TAGS] if is_written else as_json_objects(named, TAGS, _TAG_FAMILY, file)
    exact, findings = exact_amounts(named, AMOUNTS, file)
    columns = [
        *(_text(named, name, file) for name in TEXTS),
        *(exact[name] for name in AMOUNTS),
        *(instant(named, name, file) for name in INSTANTS),
        tags.alias(TAGS),
    ]
    return pl.DataFrame(columns).with_row_index("row"), findings


def _text(frame: pl.DataFrame, name: str, file: str) -> pl.Series:
    if name not in frame.columns:
        return pl.Series(name, [None], dtype=pl.String).new_from_index(0, frame.height)
    series = frame[name]
    if series.dtype.is_integer():
        # an account's number lost its leading zeros when it was stored as a number
        text = series.cast(pl.String)
        return text.str.zfill(12) if name.endswith("account_id") else text
    if series.dtype.is_nested() or series.dtype.is_float():
        raise AnswerError(
            f"{file}: {name} is {series.dtype}, not text", remedy="the export's types changed: export it as AWS does"
        )
    text = series.cast(pl.String)
    return text.set((text == "").fill_null(value=False), None) if (text == "").any() else text


_UTC = pl.Datetime("us", "UTC")


def instant(frame: pl.DataFrame, name: str, file: str) -> pl.Series:
    series = frame[name]
    dtype = series.dtype
    if isinstance(dtype, pl.Datetime):
        times = series if dtype.time_zone else series.dt.replace_time_zone("UTC")
        read = times.dt.convert_time_zone("UTC").cast(_UTC)
    elif dtype == pl.Date:
        read = series.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    elif dtype == pl.String:
        read = parsed_instants(series)
    else:
        raise AnswerError(f"{file}: {name} is {dtype}, not a time", remedy="export times as AWS does: ISO 8601, UTC")
    if lost := read.null_count():
        first = series.filter(read.is_null())[0]
        raise AnswerError(
            f"{file}: {name} is no time in {lost} rows, first {'null' if first is None else repr(first)}",
            remedy="export times as AWS does, such as 2026-09-01T00:00:00.000Z",
        )
    return read


def parsed_instants(texts: pl.Series) -> pl.Series:
    """AWS's texts of times, `2026-09-01T00:00:00.000Z` or `2026-09-01 00:00:00.000`, as UTC; null for others."""
    distinct = texts.unique()
    clean = distinct.str.strip_chars().str.replace(r"(?:Z|\+00:?00| UTC)$", "").str.replace(" ", "T", literal=True)
    read = clean.str.strptime(pl.Datetime("us"), "%Y-%m-%dT%H:%M:%S%.f", strict=False).dt.replace_time_zone("UTC")
    table = pl.DataFrame({"text": distinct, "time": read})
    joined = pl.DataFrame({"text": texts}).join(table, on="text", how="left", nulls_equal=True, maintain_order="left")
    return joined["time"].alias(texts.name)
