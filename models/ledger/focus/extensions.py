"""Our own columns of `focus.cost_and_usage`: what FOCUS 1.4 has no place for. Each begins with `x_`.

Some anticipate FOCUS 1.5, which is about to define model identity and credentials; they keep the prefix until then.
"""

from __future__ import annotations

from models.ledger.focus.column import Column

COST_SOURCES = ("vendor_cost_report", "vendor_charges", "imported_invoice")
COST_STATUSES = ("provisional", "invoiced")
MATCHES = ("matched", "unmatched", "native")
PRICE_STATUSES = ("priced", "unpriced", "estimated", "native")


def _extension(name: str, description: str, *, nullable: bool = True, values: tuple[str, ...] = ()) -> Column:
    return Column(name, "text", "extension", nullable, description, since="", values=values)


AI_KINDS = ("accelerator", "model", "platform")

EXTENSION_COLUMNS: tuple[Column, ...] = (
    Column("x_AcceleratorCount", "decimal", "extension", True,
           "Accelerators in one unit of ConsumedQuantity; less than one where one is shared", since=""),
    Column("x_AcceleratorHours", "decimal", "extension", True,
           "Accelerator-hours that were used, or left unused of a commitment", since=""),
    _extension("x_AcceleratorType", "Accelerator, such as H100 or TPU v5p; null where there is none or it is unknown"),
    _extension("x_AcceleratorVendor", "Who makes it: NVIDIA, AMD, Intel, AWS, Google, …"),
    _extension(
        "x_AiKind",
        "accelerator: hours of one; model: use of a model; platform: another service for AI; null: not of AI",
        values=AI_KINDS,
    ),
    _extension("x_ApiKeyId", "API key's identifier, never the secret (FOCUS 1.5: CredentialId)"),
    _extension("x_ApiKeyName", "Its name at that time"),
    _extension("x_BillLineId", "Line of the vendor's cost report that set BilledCost"),
    _extension("x_BillingMonth", "Billing period as YYYY-MM: the month of BillingPeriodStart", nullable=False),
    _extension("x_ChargeId", "Name of the charge, for `outlay explain`: source, billing period, place in its load"),
    _extension("x_Contract", "Contract and rate of ours that gave ContractedCost; null where vendor or list gave it"),
    _extension("x_ContextWindow", "Context band, the vendor's word"),
    _extension("x_CostSource", "Where BilledCost comes from", values=COST_SOURCES),
    _extension("x_CostStatus", "provisional until an invoice confirms it", values=COST_STATUSES),
    _extension("x_InferenceGeo", "Where inference ran, the vendor's word"),
    _extension("x_InstanceType", "Size of machine, the host's name: p5.48xlarge, a3-highgpu-8g"),
    _extension(
        "x_Match",
        "matched: a bill line set against usage; unmatched: a bill line alone; native: the vendor gave the charge",
        values=MATCHES,
    ),
    _extension("x_Meter", "What was metered, in our closed list of meters"),
    _extension("x_ModelId", "Model, as the vendor names it"),
    _extension("x_PriceSource", "Where the list price comes from"),
    _extension(
        "x_PriceStatus", "Whether the list price is known; native: the vendor gave it", values=PRICE_STATUSES
    ),
    _extension("x_ProcessingTier", "standard, batch, flex, priority, fast or unknown"),
    _extension("x_Reason", "Why an unmatched or differing charge is as it is"),
    _extension("x_Source", "Name of the source in outlay.yaml", nullable=False),
    _extension("x_Team", "Team that the delivering file itself names; whose a charge is, marts.attributed_daily says"),
    _extension("x_TokenKind", "The meter where it counts tokens, else null"),
    _extension("x_UserId", "User or service account"),
    _extension("x_UserName", "Its name at that time"),
    Column("x_VendorColumns", "json", "extension", True,
           "Columns that the vendor sent and FOCUS 1.4 has no place for, by name", "object", ""),
)  # fmt: skip
"""Alphabetical, after FOCUS's own."""
