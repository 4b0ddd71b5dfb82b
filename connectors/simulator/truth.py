"""The truth to the cent: what the organisation really used and owes, from usage and bills, never from the wire.

Nothing of the ledger is used: prices, spreading and rounding are worked out here a second time. What the file's
parts mean is written in README.md beside this file; all money is decimal text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from connectors.simulator import spending
from connectors.simulator.amounts import text
from connectors.simulator.bills import Line, Paid
from connectors.simulator.clouds.lines import Charge
from connectors.simulator.draws import largest_remainder
from connectors.simulator.events import REFUSED_MODEL
from connectors.simulator.ownership import spend_of_usage
from connectors.simulator.tco_truth import Attribution
from connectors.simulator.traffic import Usage

PLACES = 12
"""Decimal places of all money in the ledger."""

NOTABLE = Decimal("0.005")
"""A smaller difference is rounding: reported and computed agree to the cent."""

_NOT_TOKENS = frozenset(
    ("requests", "images", "characters", "audio_seconds", "stored_bytes", "code_sessions", "file_searches",
     "web_searches")
)  # fmt: skip

Group = tuple[str | None, ...]


@dataclass
class Costs:
    """The four costs and the units of a group of charges."""

    quantity: int = 0
    billed: Decimal = Decimal(0)
    effective: Decimal = Decimal(0)
    listed: Decimal = Decimal(0)
    contracted: Decimal = Decimal(0)

    def add(
        self, quantity: int, billed: Decimal, listed: Decimal, contracted: Decimal, effective: Decimal | None = None
    ) -> None:
        """`effective`: where it is not what is billed; what is paid after its use costs what it bills."""
        self.quantity += quantity
        self.billed += billed
        self.effective += billed if effective is None else effective
        self.listed += listed
        self.contracted += contracted

    def four(self) -> dict[str, str]:
        """Billed, effective, list and contracted cost."""
        return {
            "billed_cost": text(self.billed),
            "effective_cost": text(self.effective),
            "list_cost": text(self.listed),
            "contracted_cost": text(self.contracted),
        }


@dataclass
class Residual:
    """Lines of one kind whose reported and computed amounts differ for one reason."""

    lines: int = 0
    reported: Decimal = Decimal(0)
    computed: Decimal = Decimal(0)


@dataclass
class Ledger:
    """The truth while it grows, day by day."""

    attribution: Attribution
    billed: dict[Group, Costs] = field(default_factory=lambda: defaultdict(Costs))
    keys: dict[Group, Costs] = field(default_factory=lambda: defaultdict(Costs))
    teams: dict[Group, Costs] = field(default_factory=lambda: defaultdict(Costs))
    used: dict[Group, int] = field(default_factory=lambda: defaultdict(int))
    charged: dict[Group, int] = field(default_factory=lambda: defaultdict(int))
    unpaid: dict[Group, list[Any]] = field(default_factory=lambda: defaultdict(lambda: [0, Decimal(0)]))
    residuals: dict[Group, Residual] = field(default_factory=lambda: defaultdict(Residual))
    rounding: dict[Group, Residual] = field(default_factory=lambda: defaultdict(Residual))
    unmatched: list[dict[str, Any]] = field(default_factory=list)

    def add_line(self, line: Line) -> None:
        period = (line.source, _period(line), "USD")
        if not line.pays:
            self._add_unmatched(period, line)
            return
        for paid, billed in zip(line.pays, shares(line), strict=True):
            priced = line.computed is not None and paid.list_cost is not None and paid.contracted_cost is not None
            listed = paid.list_cost if priced and paid.list_cost is not None else billed
            contracted = paid.contracted_cost if priced and paid.contracted_cost is not None else billed
            costs = (paid.quantity, billed, listed, contracted)
            usage, kind = paid.usage, token_kind(paid.meter)
            self.billed[period].add(*costs)
            self.keys[*period[:2], usage.api_key_id, usage.model, paid.meter, kind, usage.tier].add(*costs)
            spend = spend_of_usage(line.source, line.day, usage.project_id, usage.api_key_id, usage.model)
            told = spending.Costs(billed, billed, listed)
            owner = self.attribution.add(spend, told, tokens=paid.quantity if kind else 0)
            self.teams[*period, owner.team].add(*costs)
            if kind:
                self.charged[*period[:2], kind] += paid.quantity
        self._compare(period, line)

    def add_charge(self, charge: Charge) -> None:
        """A charge of a bill that comes as files: nothing is matched and nothing estimated."""
        period = (charge.source, charge.billing_period, charge.currency)
        costs = (0, charge.billed, charge.listed, charge.contracted, charge.effective)
        self.billed[period].add(*costs)
        self.teams[*period, self.attribution.add_charge(charge).team].add(*costs)
        if charge.tokens is not None:
            self.charged[*period[:2], charge.tokens.meter] += charge.tokens.count
            self.used[*period[:2], charge.tokens.meter] += charge.tokens.count

    def _add_unmatched(self, period: Group, line: Line) -> None:
        self.billed[period].add(0, line.amount, line.amount, line.amount)
        told = spending.Costs(line.amount, line.amount, line.amount)
        owner = self.attribution.add(spend_of_usage(line.source, line.day, line.project_id), told)
        self.teams[*period, owner.team].add(0, line.amount, line.amount, line.amount)
        self.unmatched.append(
            {
                "source": line.source,
                "billing_period": _period(line),
                "day": str(line.day),
                "project_id": line.project_id,
                "description": description_of(line),
                "charge_category": "Credit" if line.kind == "credit" else "Adjustment",
                "reason": line.reason,
                "amount": text(line.amount),
            }
        )

    def _compare(self, period: Group, line: Line) -> None:
        if line.computed is None:
            return
        notable = abs(line.amount - line.computed) >= NOTABLE
        tokens = token_kind(line.meter) if line.meter else None
        group: Group = (line.source, str(line.day), line.project_id, line.model, tokens, line.tier, line.reason)
        residual = self.residuals[group] if notable else self.rounding[period[:2]]
        residual.lines += 1
        residual.reported += line.amount
        residual.computed += line.computed

    def add_usage(self, usage: Usage, readings: Iterable[Paid], *, paid: bool, late: bool) -> None:
        period = usage.day.strftime("%Y-%m")
        for reading in readings:
            kind = token_kind(reading.meter)
            if kind:
                self.used[usage.source, period, kind] += reading.quantity
            if paid:
                continue
            spend = spend_of_usage(usage.source, usage.day, usage.project_id, usage.api_key_id, usage.model)
            owner = self.attribution.owner(spend)
            reason = "late" if late else "missing bill" if usage.model == REFUSED_MODEL else "tier"
            group: Group = (
                usage.source, period, str(usage.day), usage.project_id, usage.api_key_id, usage.model, reading.meter,
                kind, usage.tier, "accrued" if late else "notional", reason, owner.team, owner.pool,
            )  # fmt: skip
            sums = self.unpaid[group]
            sums[0] += reading.quantity
            sums[1] = None if sums[1] is None or reading.list_cost is None else sums[1] + reading.list_cost


def shares(line: Line) -> list[Decimal]:
    """The line's amount over the readings that it pays: by contracted cost, or by quantity where one is unpriced.

    Largest remainder at 12 places, so that the sum is exact; ties go to the reading that the vendor lists first.
    """
    unit = Decimal(1).scaleb(-PLACES)
    costs = [paid.contracted_cost for paid in line.pays]
    known = [int(cost / unit) for cost in costs if cost is not None]
    weights = known if len(known) == len(costs) and any(known) else [paid.quantity for paid in line.pays]
    parts = largest_remainder(int((line.amount / unit).to_integral_value()), weights)
    return [part * unit for part in parts]


def token_kind(meter: str) -> str | None:
    """The meter where it counts tokens."""
    return None if meter in _NOT_TOKENS else meter


def description_of(line: Line) -> str | None:
    """The vendor's words for a line that no usage stands behind."""
    return {"credit": "promotional credit", "code_execution": "Code Execution Usage"}.get(line.kind)


def _period(line: Line) -> str:
    return line.day.strftime("%Y-%m")


def rows(groups: dict[Group, Costs], names: tuple[str, ...]) -> list[dict[str, Any]]:
    """One row a group, sorted, with its four costs."""
    ordered = sorted(groups.items(), key=lambda item: tuple(part or "" for part in item[0]))
    return [{**dict(zip(names, group, strict=True)), **costs.four()} for group, costs in ordered]


def as_document(ledger: Ledger) -> dict[str, Any]:
    """The parts of `truth.json` that follow from usage and bills."""
    period = ("source", "billing_period")
    costs = rows(ledger.billed, (*period, "currency"))
    keys = ("api_key_id", "model", "meter", "token_kind", "processing_tier")
    by_key = rows(ledger.keys, (*period, *keys))
    ordered = sorted(ledger.keys.items(), key=lambda item: tuple(part or "" for part in item[0]))
    for row, (_, sums) in zip(by_key, ordered, strict=True):
        row |= {"tokens": sums.quantity if row["token_kind"] else None, "quantity": sums.quantity}
    return {
        "billed": [{name: row[name] for name in (*period, "billed_cost", "currency")} for row in costs],
        "tokens": _counted(ledger.charged),
        "used_tokens": _counted(ledger.used),
        "costs": costs,
        "by_key": by_key,
        "by_team": rows(ledger.teams, (*period, "currency", "team")),
        "unmatched_bills": ledger.unmatched,
        "unpaid_usage": _unpaid(ledger),
        "residuals": _residuals(
            ledger.residuals, ("source", "day", "project_id", "model", "token_kind", "processing_tier", "reason")
        ),
        "rounding": _residuals(ledger.rounding, period),
    }


def _counted(tokens: dict[Group, int]) -> list[dict[str, Any]]:
    names = ("source", "billing_period", "token_kind")
    return [
        {**dict(zip(names, group, strict=True)), "tokens": count}
        for group, count in sorted(tokens.items(), key=lambda item: tuple(part or "" for part in item[0]))
    ]


def _unpaid(ledger: Ledger) -> list[dict[str, Any]]:
    names = (
        "source", "billing_period", "day", "project_id", "api_key_id", "model", "meter", "token_kind",
        "processing_tier", "kind", "reason", "team", "pool",
    )  # fmt: skip
    return [
        {
            **dict(zip(names, group, strict=True)),
            "tokens": sums[0] if group[7] else None,
            "quantity": sums[0],
            "list_cost": None if sums[1] is None else text(sums[1]),
        }
        for group, sums in sorted(ledger.unpaid.items(), key=lambda item: tuple(part or "" for part in item[0]))
    ]


def _residuals(residuals: dict[Group, Residual], names: tuple[str, ...]) -> list[dict[str, Any]]:
    return [
        {
            **dict(zip(names, group, strict=True)),
            "lines": residual.lines,
            "reported": text(residual.reported),
            "computed": text(residual.computed),
            "difference": text(residual.reported - residual.computed),
        }
        for group, residual in sorted(residuals.items(), key=lambda item: tuple(part or "" for part in item[0]))
    ]
