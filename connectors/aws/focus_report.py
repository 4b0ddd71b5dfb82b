"""AWS's own FOCUS export as charges: up-converted row for row, with what its `x_` columns say of Bedrock's models and
of machines. What a FOCUS row means belongs to `connectors.focus_rows`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

import polars as pl

from connectors.aws.bedrock_usage import TokenUsage, parse_capacity, parse_usage_type
from connectors.aws.parts import as_made, charges_part, usage_claims
from connectors.aws.pricing_units import focus_unit, token_block
from connectors.aws.services import is_bedrock
from connectors.aws.skus import instance_type
from connectors.aws.slices import OpenFile
from connectors.errors import AnswerError
from connectors.focus_rows.as_read import as_read
from connectors.focus_rows.columns import with_focus_names
from connectors.focus_rows.judged import as_judged, vendor_findings
from connectors.focus_rows.times import with_instants
from connectors.focus_rows.upconvert import upconvert
from connectors.native_charges import claims_of, readings_of
from connectors.protocol import ChargesPart, Finding, Window
from models.ledger.focus.invariants.periods import billing_month
from models.ledger.money import product
from models.table import MONEY

_KEYS = ("ServiceName", "x_ServiceCode", "x_UsageType", "PricingUnit", "ConsumedUnit", "SkuMeter")
_FACTS: dict[str, pl.DataType] = {
    **dict.fromkeys(
        (
            "x_ModelId",
            "x_Meter",
            "x_ProcessingTier",
            "x_InferenceGeo",
            "x_ContextWindow",
            "x_InstanceType",
            "unit",
            "unknown",
        ),
        pl.String(),
    ),
    "block": MONEY,
}


def parts(source: str, window: Window, files: Iterable[OpenFile], *, is_listed: bool) -> Iterator[ChargesPart]:
    """Each slice's charges of the month that the window begins in. `is_listed`: a manifest says that the files are this
    month's, so that rows of another are an error: nobody else would count them. Raises `AnswerError` for them."""
    month, rows = f"{window.start:%Y-%m}", 0
    for file in files:
        for part in _parts_of(file, source, month, is_listed=is_listed):
            rows += part.charges.height
            yield part
            del part
        # the next file is opened when nobody holds this one
        del file
    if not rows:
        empty = charges_part([], as_made(None, ()), "unblended", source)
        missing = (f"no charge of {month} in the export",)
        yield ChargesPart(empty.charges, empty.as_read, missing=missing)


def _parts_of(file: OpenFile, source: str, month: str, *, is_listed: bool) -> Iterator[ChargesPart]:
    for frame in file.whole_slices() if file.rows else ():
        named, _ = with_focus_names(frame, file.name, {})
        months = with_instants(named, file.name).select(billing_month()).to_series()
        inside = named.filter(months == month)
        if is_listed and inside.height < named.height:
            others = ", ".join(months.filter(months != month).unique().sort().head(3))
            raise AnswerError(
                f"{file.name} holds rows of {others}, its manifest says {month}",
                remedy="the delivery was mixed up or changed: wait for the vendor, or deliver it anew",
            )
        if inside.height:
            yield _part(source, file.name, inside)


def _part(source: str, name: str, inside: pl.DataFrame) -> ChargesPart:
    converted = upconvert(inside, source=source, file=name)
    charges, unknown = _with_models(converted.charges, inside)
    readings = readings_of(charges, provider="aws")
    return ChargesPart(
        charges,
        as_read(inside, name),
        readings,
        (*claims_of(charges), *(usage_claims(charges) if readings.height else ())),
        (),
        (*converted.findings, *vendor_findings(as_judged(inside)), *unknown),
    )


def _with_models(charges: pl.DataFrame, told: pl.DataFrame) -> tuple[pl.DataFrame, tuple[Finding, ...]]:
    """Charges with models, meters and machines; token quantities are raw tokens. Findings: what is not understood."""
    words = {
        name: told[name].cast(pl.String) if name in told.columns else pl.lit(None, dtype=pl.String).alias(name)
        for name in ("x_ServiceCode", "x_UsageType")
    }
    keyed = charges.select("ServiceName", "PricingUnit", "ConsumedUnit", "SkuMeter").with_columns(**words).select(_KEYS)
    distinct = keyed.unique(maintain_order=True)
    facts = pl.DataFrame([_facts(row) for row in distinct.iter_rows(named=True)], schema=_FACTS)
    joined = keyed.join(distinct.hstack(facts), on=list(_KEYS), how="left", nulls_equal=True, maintain_order="left")
    known = joined.select(facts.columns)
    is_token = pl.col("x_Meter").is_not_null() & pl.col("ConsumedQuantity").is_not_null()
    filled = (
        charges.drop(set(facts.columns) & set(charges.columns))
        .hstack(known)
        .with_columns(
            ConsumedQuantity=pl.when(is_token)
            .then(product(pl.col("ConsumedQuantity"), pl.col("block")))
            .otherwise("ConsumedQuantity"),
            ConsumedUnit=pl.when(is_token).then(pl.lit("Tokens")).otherwise("ConsumedUnit"),
            PricingUnit=pl.coalesce("unit", "PricingUnit"),
            x_Meter=pl.when(is_token).then("x_Meter"),
            x_TokenKind=pl.when(is_token).then("x_Meter"),
        )
    )
    unknown = (
        filled.filter(pl.col("unknown").is_not_null())
        .group_by("unknown", "BillingCurrency")
        .agg(pl.col("BilledCost").sum(), count=pl.len())
    )
    findings = tuple(
        Finding("not_understood", f"{what}: {cost.normalize():f} {currency}", count)
        for what, currency, cost, count in unknown.sort("unknown").iter_rows()
    )
    return filled.select(charges.columns), findings


def _facts(row: dict[str, Any]) -> dict[str, Any]:
    usage_type = row["x_UsageType"] or row["SkuMeter"] or ""
    facts: dict[str, Any] = dict.fromkeys(_FACTS)
    facts["x_InstanceType"] = instance_type(usage_type, None)
    if not is_bedrock(row["x_ServiceCode"], usage_type, row["ServiceName"]) and row["ServiceName"] != "Amazon Bedrock":
        return facts
    tokens = parse_usage_type(usage_type, row["ServiceName"])
    # quantities are told in the unit that was consumed; the one that is priced may be another
    block = _block(row["ConsumedUnit"] or row["PricingUnit"], tokens)
    priced = _block(row["PricingUnit"], tokens)
    if tokens is None or block is None:
        return facts | {"unknown": None if parse_capacity(usage_type) else f"usage type {usage_type}"}
    return facts | {
        "x_ModelId": tokens.model,
        "x_Meter": tokens.meter,
        "x_ProcessingTier": tokens.tier,
        "x_InferenceGeo": tokens.geography,
        "x_ContextWindow": tokens.context_window,
        "unit": None if priced is None else "Tokens" if priced == 1 else f"{priced} Tokens",
        "block": Decimal(block),
    }


def _block(word: str | None, tokens: TokenUsage | None) -> int | None:
    """How many tokens one of a unit is; a bare unit of the marketplace is a million."""
    unit = focus_unit(word)
    is_bare = unit == "Units" and tokens is not None and tokens.grammar == "marketplace"
    return 1_000_000 if is_bare else token_block(unit)
