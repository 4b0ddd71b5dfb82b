"""FOCUS exports of Cost Management (1.0, 1.0r2, 1.2) as charges: up-converted as they are, with the facts that only
Microsoft's own columns tell (which model and how many tokens, which machine)."""

from __future__ import annotations

import polars as pl

from connectors.azure.billing_accounts import every_claim, ids_by_account
from connectors.azure.file_answers import check_month
from connectors.azure.focus_quantities import exchange_rates, with_quantities
from connectors.azure.json_texts import instance_types
from connectors.azure.meter_facts import with_meter_facts
from connectors.azure.not_understood import of_meters
from connectors.focus_rows.as_read import as_read
from connectors.focus_rows.columns import with_focus_names
from connectors.focus_rows.judged import as_judged, vendor_findings
from connectors.focus_rows.times import with_instants
from connectors.focus_rows.upconvert import upconvert
from connectors.native_charges import claims_of, readings_of
from connectors.protocol import Answer, ChargesPart, Claim, Window
from models.ledger.focus.invariants.periods import billing_month

_SOURCES: dict[str, tuple[str, ...]] = {
    "meter_category": ("x_SkuMeterCategory", "ServiceName"),
    "meter_subcategory": ("x_SkuMeterSubcategory",),
    "product": ("x_SkuDescription",),
    "meter": ("x_SkuMeterName", "SkuMeter"),
    "unit": ("x_PricingUnitDescription", "PricingUnit"),
    "details": ("x_SkuDetails", "SkuPriceDetails"),
}
"""Where versions tell a meter: 1.2 has SkuMeter for x_SkuMeterName, and SkuPriceDetails for x_SkuDetails."""
_FACTS = ("x_InstanceType", "x_Meter", "x_ModelId", "x_ProcessingTier", "x_InferenceGeo", "x_ContextWindow")


def focus_part(frame: pl.DataFrame, window: Window, answer: Answer, *, source: str) -> tuple[ChargesPart, pl.DataFrame]:
    """Charges of the window's month in a slice of an answer's file, and what of their meters was not understood.

    Raises `AnswerError` for a file that is no FOCUS export, or of another month, or values that cannot be read.
    """
    file = answer.request["name"]
    named, told = with_focus_names(frame, file, {})
    months = with_instants(named, file).select(billing_month()).to_series()
    check_month(answer, months)
    inside = named.filter(months == f"{window.start:%Y-%m}")
    converted = upconvert(inside, source=source, file=file)
    facts = with_quantities(_facts(inside), converted.charges, exchange_rates(inside, file))
    charges = _with_facts(converted.charges, facts)
    broken = vendor_findings(as_judged(inside)) if inside.height else ()
    part = ChargesPart(
        charges,
        as_read(inside, file),
        readings=readings_of(charges, provider="azure"),
        claims=_claims(charges, inside),
        findings=(*told, *converted.findings, *broken),
    )
    costs = facts.with_columns(
        currency=charges["BillingCurrency"], cost=charges["BilledCost"], category=charges["ChargeCategory"]
    )
    return part, of_meters(costs)


def _claims(charges: pl.DataFrame, inside: pl.DataFrame) -> tuple[Claim, ...]:
    """By the ids of account and profile: FOCUS exports write a path, and each in a column of Microsoft's own."""
    columns = inside.select(name for name in ("x_BillingAccountId", "x_BillingProfileId") if name in inside.columns)
    others = ids_by_account(charges["BillingAccountId"], columns) if columns.width else {}
    metered = claims_of(charges.filter(pl.col("x_TokenKind").is_not_null()))
    usage = [Claim(claim.issuer, claim.account_id, "usage") for claim in metered]
    return every_claim((*claims_of(charges), *usage), others)


def _facts(rows: pl.DataFrame) -> pl.DataFrame:
    """The facts of each row's meter, in the rows' order."""
    told = {
        ours: pl.coalesce([pl.col(name).cast(pl.String) for name in names if name in rows.columns] or [pl.lit(None)])
        for ours, names in _SOURCES.items()
    }
    meters = rows.select(**{name: value.cast(pl.String) for name, value in told.items()})
    if meters.height != rows.height:  # a frame without any of the columns gives one row of nulls
        meters = meters.clear(rows.height)
    return with_meter_facts(meters.with_columns(size=instance_types(meters["details"])))


def _with_facts(charges: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """Units of a token meter are tokens, as many as `focus_quantities` finds them to be."""
    known = charges.with_columns(
        *(facts[name] for name in _FACTS), facts["raw"], facts["priced"], counted=facts["ConsumedUnit"],
        unit=facts["PricingUnit"],
    )  # fmt: skip
    is_used = (pl.col("ChargeCategory") == "Usage") & pl.col("ConsumedQuantity").is_not_null()
    is_metered = is_used & pl.col("raw").is_not_null()
    named = [name for name in _FACTS if name not in {"x_InstanceType", "x_Meter"}]
    return known.with_columns(
        *(pl.when(is_used).then(name).alias(name) for name in named),
        x_Meter=pl.when(is_metered).then("x_Meter"),
        x_TokenKind=pl.when(is_metered & (pl.col("counted") == "Tokens")).then("x_Meter"),
        ConsumedQuantity=pl.when(is_metered).then("raw").otherwise("ConsumedQuantity"),
        ConsumedUnit=pl.when(is_metered).then("counted").otherwise("ConsumedUnit"),
        PricingQuantity=pl.when(is_metered).then("priced").otherwise("PricingQuantity"),
        PricingUnit=pl.when(is_metered).then("unit").otherwise("PricingUnit"),
    ).select(charges.columns)
