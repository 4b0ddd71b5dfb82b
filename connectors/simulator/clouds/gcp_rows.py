"""A row of Google's detailed billing export, under Google's own nested names. What it means is said by the bill."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from connectors.simulator.clouds.accounts import GCP_BILLING
from connectors.simulator.clouds.lines import ZERO, Account, Charge, Line, rounded
from connectors.simulator.draws import identifier

SERVICES = {
    "Compute Engine": "6F81-5844-456A",
    "Vertex AI": "C7E2-9256-1C43",
    "Cloud Storage": "95FF-2EF5-5EA1",
    "Networking": "E505-1604-58F8",
    "Invoice": "",
}
_BASE_UNITS = {
    "hour": ("seconds", 3600),
    "gibibyte hour": ("byte-seconds", 3600 * 2**30),
    "gibibyte month": ("byte-seconds", 2592000 * 2**30),
    "gibibyte": ("bytes", 2**30),
    "count": ("count", 1),
}
"""What Google counts in, and how much of it makes a unit of the price list."""


@dataclass(frozen=True)
class Credit:
    """Money given back on a row; `amount` is negative."""

    type: str
    name: str
    amount: Decimal


@dataclass(frozen=True)
class GcpRow:
    """What a row of the export says. `quantity` counts units of the price list, `price` and `listed` are of one."""

    month: str
    service: str
    sku: str
    account: Account | None
    start: datetime
    end: datetime
    cost: Decimal
    quantity: Decimal = ZERO
    unit: str = ""
    price: Decimal | None = None
    listed: Decimal | None = None
    cost_type: str = "regular"
    resource: str = ""
    region: str = "us-central1"
    block: int = 1
    labels: Mapping[str, str] = field(default_factory=dict)
    system_labels: Mapping[str, str] = field(default_factory=dict)
    credits: tuple[Credit, ...] = ()
    adjustment: Mapping[str, str] | None = None
    means: tuple[Charge, ...] = ()

    def line(self) -> Line:
        sku = "-".join(identifier("", 4, "gcp sku", self.service, self.sku, part).upper() for part in range(3))
        base, per_unit = _BASE_UNITS.get(self.unit, (self.unit, 1))
        columns: dict[str, object] = {
            "billing_account_id": GCP_BILLING.id,
            "service": {"id": SERVICES[self.service] or None, "description": self.service},
            "sku": {"id": sku, "description": self.sku},
            "usage_start_time": _pacific(self.start),
            "usage_end_time": _pacific(self.end),
            "project": self._project(),
            "labels": _pairs(self.labels),
            "system_labels": _pairs(self.system_labels),
            "location": self._location(),
            "resource": {"name": self.resource, "global_name": self._global_name()} if self.resource else None,
            "tags": [],
            "price": self._price(),
            "cost": self.cost,
            "cost_at_list": self.cost if self.listed is None else rounded(self.quantity * self.listed, 6),
            "currency": "USD",
            "currency_conversion_rate": Decimal(1),
            "usage": {
                "amount": self.quantity * per_unit * self.block,
                "unit": base,
                "amount_in_pricing_units": self.quantity * self.block,
                "pricing_unit": self.unit,
            } if self.unit else None,
            "credits": [
                {"name": credit.name, "amount": credit.amount, "full_name": credit.name, "id": credit.name,
                 "type": credit.type}
                for credit in self.credits
            ],
            "invoice": {"month": self.month.replace("-", ""), "publisher_type": "GOOGLE"},
            "cost_type": self.cost_type,
            "adjustment_info": self.adjustment,
            "transaction_type": "GOOGLE",
            "seller_name": "Google",
            "export_time": self.end + timedelta(hours=9),
        }  # fmt: skip
        return Line(columns, self.means)

    def _project(self) -> dict[str, object] | None:
        if self.account is None:
            return None
        number = str(int.from_bytes(self.account.id.encode()[-5:], "big"))
        return {
            "id": self.account.id, "number": number, "name": self.account.name, "labels": [],
            "ancestry_numbers": "/481516234200/",
            "ancestors": [{"resource_name": f"projects/{number}", "display_name": self.account.name}],
        }  # fmt: skip

    def _location(self) -> dict[str, object] | None:
        if self.region == "global":
            return {"location": "global", "country": None, "region": "global", "zone": None}
        return {"location": self.region, "country": "US", "region": self.region, "zone": f"{self.region}-a"}

    def _global_name(self) -> str:
        return f"//compute.googleapis.com/projects/{self.account.id if self.account else ''}/{self.resource}"

    def _price(self) -> dict[str, object] | None:
        if self.price is None:
            return None
        return {
            "effective_price": self.price, "tier_start_amount": ZERO, "unit": self.unit,
            "pricing_unit_quantity": Decimal(self.block),
        }  # fmt: skip


def _pacific(midnight: datetime) -> datetime:
    """The midnight of that day in US Pacific time: Google's days and months are those, told in UTC."""
    return midnight.replace(tzinfo=ZoneInfo("America/Los_Angeles")).astimezone(UTC)


def _pairs(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in values.items()]
