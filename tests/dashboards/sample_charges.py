"""Lines and single charges of the sample: what stands behind its total cost, by plain Python; and accelerator-hours."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.dashboards.sample_basics import HOSTILE, LAST_DAY, at

Row = dict[str, Any]
_COSTS = {
    "billed_cost": "BilledCost",
    "effective_cost": "EffectiveCost",
    "list_cost": "ListCost",
    "contracted_cost": "ContractedCost",
}
_TOLD = {
    "source": "x_Source",
    "billing_month": "x_BillingMonth",
    "provider_name": "ServiceProviderName",
    "host_name": "HostProviderName",
    "issuer_name": "InvoiceIssuerName",
    "service_name": "ServiceName",
    "billing_account_id": "BillingAccountId",
    "project_id": "SubAccountId",
    "project_name": "SubAccountName",
    "model": "x_ModelId",
    "meter": "x_Meter",
    "token_kind": "x_TokenKind",
    "processing_tier": "x_ProcessingTier",
    "charge_category": "ChargeCategory",
    "price_status": "x_PriceStatus",
    "cost_status": "x_CostStatus",
    "currency": "BillingCurrency",
    "unit": "ConsumedUnit",
}


def attributed(charges: Iterable[Row]) -> list[Row]:
    """Rows of `marts.attributed_daily`: the help desk's are in its pool, and of no team; Mistral's of no component."""
    return [
        row
        | {
            "host_name": row["provider_name"],
            "issuer_name": row["provider_name"],
            "team": None if row["team"] == "support" else row["team"],
            "pool": "help desk" if row["team"] == "support" else None,
            "component": None if row["provider_name"] == "Mistral" else "model_apis",
            "layer": None if row["provider_name"] == "Mistral" else "models",
        }
        for row in charges
    ]


def focus(lines: Iterable[Row]) -> list[Row]:
    """Rows of `focus.cost_and_usage`: each line's as many charges as it says, the last with what is left."""
    return [charge for line in lines for charge in _charges(line)]


def _charges(line: Row) -> list[Row]:
    count = line["charges"]
    first, day = line["day"].replace(day=1), line["day"]
    period = {"BillingPeriodStart": first, "BillingPeriodEnd": (first + timedelta(days=31)).replace(day=1)}
    rows: list[Row] = []
    for place in range(count):
        costs = {
            of_charge: (line[name] / count).quantize(Decimal("1e-9"))
            if place
            else line[name] - (line[name] / count).quantize(Decimal("1e-9")) * (count - 1)
            for name, of_charge in _COSTS.items()
        }
        rows.append(
            {of_charge: line.get(name) for name, of_charge in _TOLD.items()}
            | period
            | costs
            | {
                "ChargePeriodStart": day + timedelta(hours=8 * place),
                "ChargePeriodEnd": day + timedelta(hours=8 * place + 8),
                "ChargeDescription": f"{line['model']}, input {HOSTILE}",
                "x_ApiKeyName": f"key {place}",
                "ConsumedQuantity": line["consumed_quantity"] / count,
                "x_ChargeId": f"{line['source']}-{day:%Y%m%d}-{line['project_id']}-{line['model']}-{place}",
            }
        )
    return rows


def accelerators() -> list[Row]:
    """Rows of `marts.attributed_daily` with hours, June and July: search's H100 on demand, a plan's L4 of HOSTILE half
    of which is left unused, and L4 in a pool. They are in no total cost of the sample."""
    rows: list[Row] = []
    day = date(2026, 6, 1)
    while day <= LAST_DAY:
        rows += [
            _hours(day, "H100", "8", "55.2", "Standard", team="search"),
            _hours(day, "L4", "24", "12", "Committed", team=HOSTILE, commitment_status="Used"),
            _hours(day, "L4", "12.5", "6.25", "Committed", team=HOSTILE, commitment_status="Unused"),
            _hours(day, "L4", "3", "2", "Dynamic", pool="reserved", region=HOSTILE),
        ]
        day += timedelta(days=1)
    return rows


def _hours(day: date, accelerator: str, hours: str, cost: str, category: str, **more: Any) -> Row:
    return {
        "source": "aws",
        "billing_month": f"{day:%Y-%m}",
        "day": at(day),
        "provider_name": "AWS",
        "host_name": "AWS",
        "issuer_name": "AWS",
        "service_name": "Amazon EC2",
        "billing_account_id": "aws-org",
        "region": "us-east-1",
        "accelerator_type": accelerator,
        "pricing_category": category,
        "charge_category": "Usage",
        "component": "accelerator_compute",
        "layer": "compute",
        "currency": "USD",
        "unit": "Hours",
        "charges": 1,
        **dict.fromkeys(_COSTS, Decimal(cost)),
        "consumed_quantity": Decimal(hours),
        "accelerator_hours": Decimal(hours),
    } | more
