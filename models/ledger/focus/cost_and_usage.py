"""The columns of FOCUS 1.4 Cost and Usage, and the two deprecated ones whose presence is still checked.

One row a column, alphabetical. What must hold between columns stands in `invariants`; our own columns in
`extensions`.
"""

from __future__ import annotations

from models.ledger.focus.column import Column
from models.ledger.focus.services import SERVICE_CATEGORIES, SERVICE_SUBCATEGORIES

CHARGE_CATEGORIES = ("Usage", "Purchase", "Tax", "Credit", "Adjustment")
CHARGE_FREQUENCIES = ("One-Time", "Recurring", "Usage-Based")
PRICING_CATEGORIES = ("Standard", "Committed", "Dynamic", "Other")
USED_OR_UNUSED = ("Used", "Unused")

_ALLOCATION = (
    Column("AllocatedMethodDetails", "json", "recommended", True,
           "How a vendor split a shared charge: elements with ratio, unit and quantity", "object", "1.3"),
    Column("AllocatedMethodId", "text", "conditional", True,
           "Identifier of the method by which a vendor split a shared charge", since="1.3"),
    Column("AllocatedResourceId", "text", "conditional", True,
           "Resource that a split share was given to; null for the share left over", since="1.3"),
    Column("AllocatedResourceName", "text", "conditional", True,
           "Display name of AllocatedResourceId", since="1.3"),
    Column("AllocatedTags", "json", "conditional", True,
           "Tags of the allocated resource that Tags does not hold", "key_value", "1.3"),
)  # fmt: skip

_ACCOUNT = (
    Column("BillingAccountId", "text", "mandatory", False, "Account that the issuer invoices"),
    Column("BillingAccountName", "text", "mandatory", True, "Display name of BillingAccountId"),
    Column("BillingAccountType", "text", "conditional", True,
           "The issuer's word for what kind of account that is", since="1.2"),
    Column("SubAccountId", "text", "conditional", True,
           "Project, workspace, subscription or member account below the billing account"),
    Column("SubAccountName", "text", "conditional", True, "Display name of SubAccountId"),
    Column("SubAccountType", "text", "conditional", True, "The vendor's word for what SubAccountId is",
           since="1.2"),
)  # fmt: skip

_TIME = (
    Column("BillingPeriodEnd", "instant", "mandatory", False, "End of the invoiced period, exclusive, UTC"),
    Column("BillingPeriodStart", "instant", "mandatory", False, "Start of the invoiced period, inclusive, UTC"),
    Column("ChargePeriodEnd", "instant", "mandatory", False, "End of what is charged, exclusive, UTC"),
    Column("ChargePeriodStart", "instant", "mandatory", False, "Start of what is charged, inclusive, UTC"),
)

_CHARGE = (
    Column("ChargeCategory", "text", "mandatory", False,
           "What kind of charge it is", values=CHARGE_CATEGORIES),
    Column("ChargeClass", "text", "mandatory", True,
           "Correction where the row corrects a closed billing period, else null", since="1.0",
           values=("Correction",)),
    Column("ChargeDescription", "text", "mandatory", True,
           "The charge in a few words, the vendor's where it has any",
           since="1.0"),
    Column("ChargeFrequency", "text", "recommended", False,
           "How often it is charged", since="1.0", values=CHARGE_FREQUENCIES),
    Column("InvoiceDetailId", "text", "conditional", True, "Line of the invoice that it stands on", since="1.4"),
    Column("InvoiceId", "text", "conditional", True,
           "Invoice that it stands on; null until the issuer names one", since="1.2"),
)  # fmt: skip

_COST = (
    Column("BilledCost", "decimal", "mandatory", False,
           "What the issuer invoices, in BillingCurrency; provisional until invoiced"),
    Column("BillingCurrency", "text", "mandatory", False, "ISO 4217 code of the four costs", "currency"),
    Column("ContractedCost", "decimal", "mandatory", False,
           "Negotiated price × quantity, in BillingCurrency, before commitments", since="1.0"),
    Column("EffectiveCost", "decimal", "mandatory", False,
           "What it really cost: billed, with prepaid purchases moved to what they cover, in BillingCurrency"),
    Column("ListCost", "decimal", "mandatory", False, "Public price × quantity, in BillingCurrency", since="1.0"),
)  # fmt: skip

_PRICE = (
    Column("ContractedUnitPrice", "decimal", "conditional", True,
           "Negotiated price of one PricingUnit, in BillingCurrency", since="1.0"),
    Column("ListUnitPrice", "decimal", "conditional", True,
           "Public price of one PricingUnit, in BillingCurrency", since="1.0"),
    Column("PricingCategory", "text", "conditional", True,
           "How the price came about", since="1.0", values=PRICING_CATEGORIES),
    Column("PricingCurrency", "text", "conditional", False,
           "Currency that it was priced in: ISO 4217, or the vendor's name of its credits", since="1.2"),
    Column("PricingCurrencyContractedUnitPrice", "decimal", "optional", True,
           "Negotiated price of one PricingUnit, in PricingCurrency", since="1.2"),
    Column("PricingCurrencyEffectiveCost", "decimal", "optional", False,
           "EffectiveCost in PricingCurrency", since="1.2"),
    Column("PricingCurrencyListUnitPrice", "decimal", "optional", True,
           "Public price of one PricingUnit, in PricingCurrency", since="1.2"),
    Column("PricingQuantity", "decimal", "mandatory", True, "How many PricingUnits are priced", since="1.0"),
    Column("PricingUnit", "text", "mandatory", True,
           "Unit of the price list, such as 1000000 Tokens or Hours", "unit", "1.0"),
    Column("SkuId", "text", "conditional", True, "What is sold, whatever it costs", since="1.0"),
    Column("SkuMeter", "text", "conditional", True, "What is counted, such as Input Tokens", since="1.1"),
    Column("SkuPriceDetails", "json", "conditional", True,
           "Properties of the priced SKU; keys that FOCUS does not define begin with x_", "key_value", "1.1"),
    Column("SkuPriceId", "text", "conditional", True,
           "Line of the price list: what is sold, in which tier, band and scope", since="1.0"),
)  # fmt: skip

_USAGE = (
    Column("ConsumedQuantity", "decimal", "conditional", True, "How much was used, in ConsumedUnit", since="1.0"),
    Column("ConsumedUnit", "text", "conditional", True, "Unit of ConsumedQuantity, such as Tokens", "unit", "1.0"),
)

_COMMITMENT = (
    Column("CapacityReservationId", "text", "conditional", True,
           "Capacity reservation that the charge belongs to", since="1.1"),
    Column("CapacityReservationStatus", "text", "conditional", True,
           "Whether the reserved capacity was used", since="1.1", values=USED_OR_UNUSED),
    Column("CommitmentDiscountCategory", "text", "conditional", True,
           "Whether the commitment is to money or to usage", since="1.0", values=("Spend", "Usage")),
    Column("CommitmentDiscountId", "text", "conditional", True,
           "Commitment that the charge belongs to", since="1.0"),
    Column("CommitmentDiscountName", "text", "conditional", True,
           "Display name of CommitmentDiscountId", since="1.0"),
    Column("CommitmentDiscountQuantity", "decimal", "conditional", True,
           "How much of the commitment was bought, used or left, in CommitmentDiscountUnit", since="1.1"),
    Column("CommitmentDiscountStatus", "text", "conditional", True,
           "Whether this part of the commitment was used", since="1.0", values=USED_OR_UNUSED),
    Column("CommitmentDiscountType", "text", "conditional", True,
           "The vendor's word for this kind of commitment", since="1.0"),
    Column("CommitmentDiscountUnit", "text", "conditional", True,
           "Unit of CommitmentDiscountQuantity", "unit", "1.1"),
    Column("CommitmentProgramEligibilityDetails", "json", "conditional", True,
           "Commitment programs that the usage could be bought under", "object", "1.4"),
    Column("ContractApplied", "json", "conditional", True,
           "Contract commitments that the charge was counted against", "object", "1.3"),
)  # fmt: skip

_WHERE_AND_WHO = (
    Column("AvailabilityZone", "text", "recommended", True, "Zone within the region"),
    Column("HostProviderName", "text", "mandatory", True, "On whose infrastructure it ran", since="1.3"),
    Column("InvoiceIssuerName", "text", "mandatory", False, "Who sends the invoice"),
    Column("RegionId", "text", "conditional", True, "Region, the host's identifier", since="1.0"),
    Column("RegionName", "text", "conditional", True, "Display name of RegionId", since="1.0"),
    Column("ResourceId", "text", "conditional", True, "Resource that was charged"),
    Column("ResourceName", "text", "conditional", True, "Display name of ResourceId"),
    Column("ResourceType", "text", "conditional", True, "What kind of resource it is", since="1.0"),
    Column("ServiceCategory", "text", "mandatory", False,
           "What the service is mainly for", values=SERVICE_CATEGORIES),
    Column("ServiceName", "text", "mandatory", False, "The service's name"),
    Column("ServiceProviderName", "text", "mandatory", False, "Who sells the service", since="1.3"),
    Column("ServiceSubcategory", "text", "recommended", False,
           "What the service is mainly for, within its category", since="1.1",
           values=tuple(name for names in SERVICE_SUBCATEGORIES.values() for name in names)),
    Column("Tags", "json", "conditional", True, "Tags of the resource, by key", "key_value", "1.0"),
)  # fmt: skip

COST_AND_USAGE_COLUMNS: tuple[Column, ...] = tuple(
    sorted(
        (*_ALLOCATION, *_ACCOUNT, *_TIME, *_CHARGE, *_COST, *_PRICE, *_USAGE, *_COMMITMENT, *_WHERE_AND_WHO),
        key=lambda column: column.name,
    )
)
"""The 65 columns of FOCUS 1.4."""

DEPRECATED_COLUMNS: tuple[Column, ...] = (
    Column("ProviderName", "text", "deprecated", True, "Who sells the service, as FOCUS 1.0 to 1.3 called it",
           until="1.4", replaced_by="ServiceProviderName"),
    Column("PublisherName", "text", "deprecated", True, "Who made the service, as FOCUS 1.0 to 1.3 called it",
           until="1.4", replaced_by="ServiceProviderName"),
)  # fmt: skip
"""Gone from 1.4's columns, yet its requirements model still asks for their presence
(CAU-CostAndUsage-D-038-M and -D-021-M), so they are kept and exported."""
