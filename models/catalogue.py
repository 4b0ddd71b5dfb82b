"""The one list of all tables. A new table is one import and one entry; everything else reads this.

Lake dtypes, the warehouse's views and COMMENTs, `docs/tables.md` and the checks on load come from here. A table's
definition stands beside the function that fills it, never here.
"""

from __future__ import annotations

from collections.abc import Mapping

from models.control.alert_tables import ALERT_TABLES
from models.control.budget_days import BUDGET_DAYS
from models.control.budget_outlook import BUDGET_FORECASTS, BUDGET_OUTLOOK
from models.control.budget_status import BUDGET_STATUS
from models.control.budget_thresholds import BUDGET_THRESHOLDS
from models.control.burn_rate import BURN_RATES
from models.control.condition_tables import ALERT_CONDITIONS, ALERT_RULES
from models.economics.accelerator_usage import ACCELERATOR_RATES, ACCELERATOR_USAGE
from models.economics.attribution import ATTRIBUTED_DAILY
from models.economics.business_units import DRIVER_COSTS
from models.economics.commitments import COMMITMENT_BURN_DOWN, COMMITMENTS
from models.economics.contracts import CONTRACTS
from models.economics.declared_costs import DECLARED_COSTS
from models.economics.disputes import PRICE_DISPUTES
from models.economics.estimated import ESTIMATED_DAILY
from models.economics.idle_accelerators import IDLE_ACCELERATORS
from models.economics.model_tokens import MODEL_TOKENS
from models.economics.repriced_models import REPRICED_MODELS
from models.economics.residency import RESIDENCY
from models.economics.self_hosting import BREAK_EVEN
from models.economics.single_vendors import SINGLE_PROVIDER_USE_CASES
from models.economics.statements import STATEMENTS
from models.economics.tco import TCO_DAILY
from models.economics.tco_monthly import TCO_MONTHLY
from models.economics.unit_costs import UNIT_COSTS
from models.economics.unmatched import UNMATCHED_SPEND
from models.economics.unpriced import UNPRICED_USAGE
from models.economics.utilisation import ACCELERATOR_UTILISATION
from models.economics.vendors import VENDOR_CONCENTRATION
from models.foresight.anomaly_tables import ANOMALIES, ANOMALY_CAUSES, ANOMALY_DAYS, ANOMALY_DETECTION
from models.foresight.cost_changes import COST_CHANGES
from models.foresight.outlook import FORECAST_ACCURACY, FORECAST_EVENTS, FORECAST_LANDINGS, FORECASTS, MONTH_END
from models.ledger.billing import BILL_LINES
from models.ledger.correction import AS_BOOKED, CORRECTIONS
from models.ledger.estimates import USAGE_ESTIMATES
from models.ledger.focus import BILLING_PERIOD, CONTRACT_COMMITMENT, COST_AND_USAGE, INVOICE_DETAIL
from models.ledger.invoice_reconciliation import INVOICE_RECONCILIATION
from models.ledger.metering import METER_READINGS
from models.ledger.operations import OPERATIONS
from models.ledger.prices import PRICE_BOOK
from models.ledger.reconciliation import RECONCILIATION
from models.ledger.reconciliation_reasons import RECONCILIATION_DIFFERENCES, RECONCILIATION_REASONS
from models.ledger.rollup import DAILY_COSTS
from models.ledger.trust import CHECKS
from models.table import Table

_LEDGER = (
    METER_READINGS,
    BILL_LINES,
    USAGE_ESTIMATES,
    RECONCILIATION,
    RECONCILIATION_REASONS,
    RECONCILIATION_DIFFERENCES,
    COST_AND_USAGE,
    AS_BOOKED,
    CORRECTIONS,
    DAILY_COSTS,
    CHECKS,
    PRICE_BOOK,
    BILLING_PERIOD,
    INVOICE_DETAIL,
    CONTRACT_COMMITMENT,
    INVOICE_RECONCILIATION,
)

_ECONOMICS = (
    ACCELERATOR_USAGE,
    ACCELERATOR_RATES,
    ATTRIBUTED_DAILY,
    TCO_DAILY,
    TCO_MONTHLY,
    ESTIMATED_DAILY,
    DECLARED_COSTS,
    UNMATCHED_SPEND,
    ACCELERATOR_UTILISATION,
    IDLE_ACCELERATORS,
    UNIT_COSTS,
    MODEL_TOKENS,
    REPRICED_MODELS,
    UNPRICED_USAGE,
    DRIVER_COSTS,
    PRICE_DISPUTES,
    COMMITMENTS,
    COMMITMENT_BURN_DOWN,
    CONTRACTS,
    VENDOR_CONCENTRATION,
    SINGLE_PROVIDER_USE_CASES,
    RESIDENCY,
    STATEMENTS,
)

_FORESIGHT = (
    COST_CHANGES,
    FORECASTS,
    MONTH_END,
    FORECAST_ACCURACY,
    FORECAST_LANDINGS,
    FORECAST_EVENTS,
    ANOMALIES,
    ANOMALY_CAUSES,
    ANOMALY_DAYS,
    ANOMALY_DETECTION,
)

TABLES: Mapping[str, Table] = {
    table.qualified_name: table
    for table in (
        *_LEDGER,
        *_ECONOMICS,
        *OPERATIONS,
        *ALERT_TABLES,
        *_FORESIGHT,
        BREAK_EVEN,
        BUDGET_STATUS,
        BUDGET_THRESHOLDS,
        BUDGET_OUTLOOK,
        BUDGET_FORECASTS,
        BUDGET_DAYS,
        BURN_RATES,
        ALERT_CONDITIONS,
        ALERT_RULES,
    )
}
"""Every table by its qualified name, such as `focus.cost_and_usage`."""


def facts() -> list[Table]:
    """The tables that lie in the lake."""
    return [table for table in TABLES.values() if table.kind == "fact"]
