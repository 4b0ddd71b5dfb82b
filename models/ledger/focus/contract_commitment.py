"""The columns of FOCUS 1.4 Contract Commitment: what was agreed with a vendor, a row per commitment."""

from __future__ import annotations

from models.ledger.focus.column import Column

_MONEY = (
    Column("BillingCurrency", "text", "mandatory", True, "ISO 4217 code of the commitment's cost", "currency",
           "1.3"),
    Column("ContractCommitmentCost", "decimal", "mandatory", True, "Money committed to, in BillingCurrency",
           since="1.3"),
    Column("ContractCommitmentDiscountPercentage", "decimal", "mandatory", True,
           "Discount that the commitment earns, between 0 and 1", since="1.4"),
    Column("ContractCommitmentPaymentInterval", "text", "mandatory", False, "How often it is paid", since="1.4",
           values=("One-Time", "Monthly", "Quarterly", "Semi-Annual", "Annual", "Custom")),
    Column("ContractCommitmentPaymentModel", "text", "mandatory", False, "How much is paid upfront", since="1.4",
           values=("No Upfront", "Partial Upfront", "All Upfront")),
    Column("ContractCommitmentPaymentUpfrontPercentage", "decimal", "conditional", False,
           "Share that is paid upfront, between 0 and 1", since="1.4"),
    Column("PricingCurrency", "text", "conditional", False, "Currency that it was priced in", since="1.4"),
    Column("PricingCurrencyContractCommitmentCost", "decimal", "conditional", True,
           "ContractCommitmentCost in PricingCurrency", since="1.4"),
)  # fmt: skip

_TERMS = (
    Column("ContractCommitmentApplicability", "json", "mandatory", False,
           "What the commitment applies to", "object", "1.4"),
    Column("ContractCommitmentBenefitCategory", "text", "mandatory", False, "What the commitment earns",
           since="1.4",
           values=("Discount", "Entitlement", "Availability", "Other")),
    Column("ContractCommitmentCategory", "text", "mandatory", False,
           "Whether money or usage is committed to", since="1.3", values=("Spend", "Usage")),
    Column("ContractCommitmentDescription", "text", "mandatory", True, "The commitment in a few words",
           since="1.3"),
    Column("ContractCommitmentFulfillmentInterval", "text", "mandatory", False,
           "Over which stretch it must be fulfilled", since="1.4",
           values=("Hourly", "Daily", "Weekly", "Monthly", "Quarterly", "Semi-Annually", "Annually", "Total Term",
                   "Transactional", "Custom")),
    Column("ContractCommitmentLifecycleStatus", "text", "mandatory", False, "Where it is in its life", since="1.4",
           values=("Proposed", "Pending", "Active", "Exhausted", "Expired", "Canceled", "Superseded")),
    Column("ContractCommitmentModel", "text", "mandatory", False,
           "Whether each interval stands for itself", since="1.4", values=("Continuous", "Discontinuous")),
    Column("ContractCommitmentOfferCategory", "text", "mandatory", False,
           "Whether anyone can have the offer", since="1.4", values=("Negotiated", "Public")),
    Column("ContractCommitmentQuantity", "decimal", "mandatory", True,
           "Usage committed to, in ContractCommitmentUnit", since="1.3"),
    Column("ContractCommitmentType", "text", "mandatory", False, "The vendor's word for this kind of commitment",
           since="1.3"),
    Column("ContractCommitmentUnit", "text", "mandatory", True, "Unit of ContractCommitmentQuantity", "unit",
           "1.3"),
)  # fmt: skip

_IDENTITY_AND_TIME = (
    Column("ContractCommitmentCreated", "instant", "mandatory", False, "When the record was made", since="1.4"),
    Column("ContractCommitmentDurationType", "text", "mandatory", False, "Term as sold, such as 1 Year",
           since="1.4"),
    Column("ContractCommitmentId", "text", "mandatory", False, "The commitment's identifier", since="1.3"),
    Column("ContractCommitmentLastUpdated", "instant", "mandatory", False, "When the record last changed",
           since="1.4"),
    Column("ContractCommitmentPeriodEnd", "instant", "mandatory", False, "End of the commitment, exclusive",
           since="1.3"),
    Column("ContractCommitmentPeriodStart", "instant", "mandatory", False, "Start of the commitment, inclusive",
           since="1.3"),
    Column("ContractId", "text", "mandatory", False, "Contract that the commitment is part of", since="1.3"),
    Column("ContractPeriodEnd", "instant", "mandatory", False, "End of the contract, exclusive", since="1.3"),
    Column("ContractPeriodStart", "instant", "mandatory", False, "Start of the contract, inclusive", since="1.3"),
    Column("InvoiceIssuerName", "text", "mandatory", False, "Who sends its invoices", since="1.4"),
    Column("ServiceProviderName", "text", "mandatory", False, "Who sells what is committed to", since="1.4"),
)  # fmt: skip

CONTRACT_COMMITMENT_COLUMNS: tuple[Column, ...] = tuple(
    sorted((*_MONEY, *_TERMS, *_IDENTITY_AND_TIME), key=lambda column: column.name)
)
"""The 30 columns of FOCUS 1.4."""
