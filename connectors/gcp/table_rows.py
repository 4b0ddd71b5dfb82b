"""The billing export's nested rows as flat ones, in exact types: columns known, columns missed, columns that are new.

The table may grow, and says so in a finding; a column that charges cannot do without, or that is of another type, is an
error. What a row means belongs to `charges`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from connectors.errors import AnswerError
from connectors.exports.amounts import with_exact_amounts
from connectors.gcp.shards import check_folder
from connectors.gcp.tag_objects import first_value, tag_object
from connectors.protocol import Finding

_UTC = pl.Datetime("us", "UTC")

NEEDED: Mapping[str, str] = {
    "account": "billing_account_id",
    "month": "invoice.month",
    "cost_type": "cost_type",
    "service": "service.description",
    "sku_id": "sku.id",
    "sku": "sku.description",
    "start": "usage_start_time",
    "end": "usage_end_time",
    "cost": "cost",
    "currency": "currency",
    "amount": "usage.amount",
    "usage_unit": "usage.unit",
    "priced_amount": "usage.amount_in_pricing_units",
    "pricing_unit": "usage.pricing_unit",
    "export_time": "export_time",
}
"""Our name of each column that no row goes without, and where the table has it."""

WANTED: Mapping[str, str] = {
    "project_id": "project.id",
    "project_name": "project.name",
    "region": "location.region",
    "location": "location.location",
    "zone": "location.zone",
    "resource_name": "resource.name",
    "resource_global_name": "resource.global_name",
    "effective_price": "price.effective_price",
    "tier_start": "price.tier_start_amount",
    "price_block": "price.pricing_unit_quantity",
    "list_cost": "cost_at_list",
    "adjustment_id": "adjustment_info.id",
    "adjustment_text": "adjustment_info.description",
    "adjustment_mode": "adjustment_info.mode",
    "adjustment_type": "adjustment_info.type",
    "consumption_model_id": "consumption_model.id",
    "consumption_model": "consumption_model.description",
    "seller_name": "seller_name",
    "transaction_type": "transaction_type",
    "conversion_rate": "currency_conversion_rate",
}
"""Columns that are null where the table lacks them: it is the standard export, or an older one."""

_LISTS = ("credits", "labels", "system_labels", "tags")
_UNUSED = (
    *("subscription", "cost_at_effective_price_default", "cost_at_list_consumption_model", "price_list", "usage_id"),
    *("_PARTITIONTIME", "_PARTITIONDATE"),
)
AMOUNTS = (
    *("cost", "amount", "priced_amount", "effective_price", "tier_start", "price_block", "list_cost"),
    "conversion_rate",
)
COLUMNS = tuple(dict.fromkeys(path.partition(".")[0] for path in (*NEEDED.values(), *WANTED.values(), *_LISTS)))
"""The table's own columns that are read."""
SURVEYED = tuple(name for name in COLUMNS if name not in {"labels", "system_labels", "tags"})
"""Those that a first look needs; labels are the dearest to read."""
CREDIT_SCHEMA = pl.Schema(
    {
        "row": pl.Int64,
        "credit_type": pl.String,
        "credit_name": pl.String,
        "credit_id": pl.String,
        "credit": pl.Decimal(38, 12),
    }
)
MODEL_LABEL = "goog-generativelanguage-model"


def new_columns(names: Iterable[str]) -> list[str]:
    """Columns of the table that nobody here knows."""
    return sorted(set(names) - {*COLUMNS, *_UNUSED})


def check_columns(schema: pl.Schema, file: str) -> None:
    """Raises `AnswerError` where the table lacks a column, or a field of one, that charges need."""
    lacking = [path for path in (*NEEDED.values(), "credits") if _field_type(schema, path) is None]
    if lacking:
        raise AnswerError(
            f"{file} is no billing export: {len(lacking)} of the columns that it must have are missing "
            f"({', '.join(lacking[:6])})",
            remedy="export the table whole (SELECT *), of the standard or detailed usage cost; for Google's FOCUS "
            "export set report: focus",
        )


def _field_type(schema: pl.Schema, path: str) -> pl.DataType | None:
    name, _, field = path.partition(".")
    dtype = schema.get(name)
    if not field or dtype is None:
        return dtype
    fields = {inner.name: inner.dtype for inner in dtype.fields} if isinstance(dtype, pl.Struct) else {}
    found = fields.get(field)
    return found() if isinstance(found, type) else found


def flat_rows(
    frame: pl.DataFrame, file: str, *, first_row: int, month: str, url: str | None = None
) -> tuple[pl.DataFrame, tuple[Finding, ...]]:
    """The month's rows of a slice of the table, under our names; `row` numbers all rows from `first_row`, credits stay
    nested. `url` is where it lies, if in a file.

    Raises `AnswerError` for columns that are missing, or whose values cannot be read exactly, and for rows of another
    month than their folder's.
    """
    check_columns(frame.schema, file)
    months = _month(_text(frame.select(_picked(frame.schema, "month", NEEDED["month"])).to_series(), file), file)
    check_folder(url, months.unique().to_list(), file)
    numbers = pl.int_range(first_row, first_row + frame.height, dtype=pl.Int64, eager=True)
    inside = frame.with_columns(numbers.alias("row")).filter(months == month)
    picked = inside.select(
        "row",
        *(_picked(frame.schema, name, path) for name, path in {**NEEDED, **WANTED}.items()),
        "credits",
        tag_object(frame.schema).alias("tags"),
        first_value(frame.schema, "labels", MODEL_LABEL).alias("model_label"),
        first_value(frame.schema, "system_labels", "compute.googleapis.com/machine_spec").alias("machine"),
    )
    texts = [name for name in {**NEEDED, **WANTED} if name not in (*AMOUNTS, "start", "end", "export_time")]
    typed = picked.with_columns(
        *(_text(picked[name], file) for name in texts),
        *(_instant(picked[name], file) for name in ("start", "end", "export_time")),
    )
    exact, findings = with_exact_amounts(typed, file, AMOUNTS)
    return exact.with_columns(month=pl.lit(month)), findings


def flat_credits(rows: pl.DataFrame, file: str) -> tuple[pl.DataFrame, tuple[Finding, ...]]:
    """`CREDIT_SCHEMA`: one row per credit that is not zero, of rows by `flat_rows`."""
    dtype = rows.schema["credits"]
    fields: set[str] = set()
    if isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct):
        fields = {field.name for field in dtype.inner.fields}
    elif rows["credits"].null_count() < len(rows):
        raise AnswerError(f"{file}: credits is {dtype}, not a list of records", remedy="export the table as it is")
    if not fields:
        return pl.DataFrame(schema=CREDIT_SCHEMA), ()
    if "amount" not in fields:
        raise AnswerError(f"{file}: credits have no amount", remedy="export the table whole")
    given = rows.filter(pl.col("credits").list.len() > 0).select("row", "credits").explode("credits").drop_nulls()
    inner = pl.col("credits").struct

    def told(name: str) -> pl.Expr:
        return inner.field(name).cast(pl.String) if name in fields else pl.lit(None, dtype=pl.String)

    spread = given.select(
        "row",
        credit_type=told("type"),
        credit_name=pl.coalesce(told("full_name"), told("name")),
        credit_id=told("id"),
        credit=inner.field("amount"),
    )
    exact, findings = with_exact_amounts(spread, file, ("credit",))
    return exact.filter(pl.col("credit") != 0).select(list(CREDIT_SCHEMA)), findings


def _picked(schema: pl.Schema, name: str, path: str) -> pl.Expr:
    top, _, field = path.partition(".")
    if _field_type(schema, path) is None:
        return pl.lit(None, dtype=pl.String).alias(name)
    return (pl.col(top).struct.field(field) if field else pl.col(top)).alias(name)


def _text(series: pl.Series, file: str) -> pl.Series:
    """Text, empty text as null. A number in a text column (a month as 202609) is its digits."""
    if series.dtype.is_nested() or series.dtype.is_float() or series.dtype == pl.Binary:
        raise AnswerError(f"{file}: {series.name} is {series.dtype}, not text", remedy="export the table as it is")
    return series.cast(pl.String).replace("", None)


def _instant(series: pl.Series, file: str) -> pl.Series:
    dtype = series.dtype
    if isinstance(dtype, pl.Datetime):
        zoned = series if dtype.time_zone else series.dt.replace_time_zone("UTC")
        instants = zoned.dt.convert_time_zone("UTC").cast(_UTC)
    elif dtype == pl.String:
        plain = series.str.replace(r" UTC$", "Z").str.replace(" ", "T")
        instants = plain.str.to_datetime(time_unit="us", time_zone="UTC", strict=False)
    else:
        raise AnswerError(f"{file}: {series.name} is {dtype}, not a time", remedy="export the table as it is")
    if lost := instants.null_count():
        raise AnswerError(f"{file}: {series.name} is no time in {lost} rows", remedy="export the table as it is")
    return instants.alias(series.name)


def _month(series: pl.Series, file: str) -> pl.Series:
    """Invoice months, 202609, as 2026-09."""
    months = series.str.replace("-", "").str.replace(r"^(\d{4})(0[1-9]|1[0-2])$", "${1}-${2}")
    wrong = series.filter(~months.str.contains(r"^\d{4}-\d{2}$").fill_null(value=False))
    if len(wrong):
        raise AnswerError(
            f"{file}: invoice.month is no month in {len(wrong)} rows, first {wrong[0]!r}",
            remedy="export the table as it is; rows without an invoice month cannot be billed to one",
        )
    return months
