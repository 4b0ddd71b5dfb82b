"""`outlay explain CHARGE`: what a charge is, whose it is and why, how it is shared and where its money comes from.

Only wording belongs here; what is so is found out in `charge_explanations`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from models.economics.first_match import TAG
from models.economics.ownership import POOL, UNALLOCATED
from models.wording import UNKNOWN, count_text, instant_text, money_text, month_text, share_text
from pipelines.charge_explanations import ChargeExplanation, Fit, Reason, Sharing
from pipelines.console import Fact, say, show_facts, show_table, show_title

_COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
_BY: Mapping[str, tuple[str, Callable[[Decimal, str], str]]] = {
    "direct_cost": ("direct cost", money_text),
    "tokens": ("tokens", lambda weight, _: count_text(weight)),
    "accelerator_hours": ("accelerator-hours", lambda weight, _: f"{weight:,.2f}"),
}
_MATCHES = {
    "matched": "set against usage",
    "unmatched": "without usage that it pays for",
    "native": "a charge as the vendor gave it",
}


def tell(explained: ChargeExplanation) -> None:
    """Print it: facts to stdout, remarks to stderr."""
    charge = explained.charge
    show_facts(charge["x_ChargeId"], [*_what(charge), *_costs(charge)])
    show_facts("Whose it is", [_because(reason) for reason in explained.owner])
    show_facts("Part of the AI stack", [_because(explained.component)])
    if explained.sharing is not None:
        _show_sharing(explained.sharing, charge)
    show_facts("Where the money comes from", list(_origin(explained)))
    if not explained.is_published:
        say("outlay.yaml now says something else of this charge than what is published: `outlay run` publishes anew")


def _what(charge: Mapping[str, Any]) -> Iterator[Fact]:
    """Who sold what to whom, and when."""
    yield (
        "what",
        _joined(charge["ChargeDescription"] or charge["ServiceName"], charge["x_ModelId"], charge["x_Meter"]),
        "",
    )
    yield "when", f"{instant_text(charge['ChargePeriodStart'])} to {instant_text(charge['ChargePeriodEnd'])}", ""
    yield "of whom", _joined(charge["ServiceProviderName"], charge["ServiceName"], charge["RegionId"]), ""
    account = _named(charge["BillingAccountName"], charge["BillingAccountId"])
    yield "account", _joined(account, _named(charge["SubAccountName"], charge["SubAccountId"])), ""
    who = _joined(
        _named(charge["x_ApiKeyName"], charge["x_ApiKeyId"]), _named(charge["x_UserName"], charge["x_UserId"])
    )
    if who:
        yield "used by", who, ""
    if charge["ConsumedQuantity"] is not None:
        yield "used", f"{charge['ConsumedQuantity'].normalize():,f} {charge['ConsumedUnit'] or ''}".strip(), ""


def _costs(charge: Mapping[str, Any]) -> Iterator[Fact]:
    for name in _COSTS:
        yield name.removesuffix("Cost").lower(), money_text(charge[name], charge["BillingCurrency"]), ""


def _because(reason: Reason) -> Fact:
    lines = [reason.rule, *(_fitted(fit) for fit in reason.fits)]
    if reason.valid_from or reason.valid_to:
        since = f"from {reason.valid_from}" if reason.valid_from else ""
        until = f"until the day before {reason.valid_to}" if reason.valid_to else ""
        lines.append(f"  holds {since} {until}".rstrip().replace("  until", " until"))
    nothing = UNALLOCATED if reason.what == "team" else UNKNOWN
    return reason.what.replace("_", " "), reason.value or nothing, "\n".join(lines)


def _fitted(fit: Fit) -> str:
    what = f"tag {fit.column.removeprefix(TAG)}" if fit.column.startswith(TAG) else fit.column.replace("_", " ")
    return f"  {what} is {fit.value}" if fit.value == fit.glob else f"  {what} {fit.value} fits {fit.glob}"


def _show_sharing(sharing: Sharing, charge: Mapping[str, Any]) -> None:
    """The pool over its teams; a team that shares by way of several pools has a line for each."""
    pool, currency = sharing.pool, charge["BillingCurrency"]
    measured, text = _BY.get(pool.by, ("", money_text))
    weights = {team: text(weight, weighed_in or currency) for team, weight, weighed_in in sharing.weights.iter_rows()}
    of = "effective_cost" if charge["EffectiveCost"] else "billed_cost"
    whole = sum(sharing.shares[of], Decimal(0))
    month = month_text(f"{charge['ChargePeriodStart']:%Y-%m}")
    by = f"by {measured} of {month}" if measured else "by fixed shares"
    is_nested = bool((sharing.shares[POOL] != pool.name).any())
    columns = ("team", "share", *((measured,) if measured else ()), "effective", "billed")
    rows = [
        (
            row["team"] or UNALLOCATED,
            share_text(row[of], whole),
            *((weights.get(row["team"], UNKNOWN),) if measured else ()),
            money_text(row["effective_cost"], currency),
            money_text(row["billed_cost"], currency),
            *((row[POOL],) if is_nested else ()),
        )
        for row in sharing.shares.sort(of, descending=True).iter_rows(named=True)
    ]
    show_title(f"Pool {pool.name} is split {by}, {sharing.place}")
    show_table(None, (*columns, *(("last split from",) if is_nested else ())), rows, right=columns[1:])


def _origin(explained: ChargeExplanation) -> Iterator[Fact]:
    charge, load, invoice = explained.charge, explained.load, explained.invoice
    pulled = f"pulled {instant_text(load['pulled_at'])}" if load else ""
    yield "source", charge["x_Source"], _joined(f"billing month {month_text(charge['x_BillingMonth'])}", pulled)
    line = charge["x_BillLineId"] or charge["InvoiceDetailId"]
    yield "bill line", line or UNKNOWN, _joined(_MATCHES.get(charge["x_Match"]), charge["x_Reason"])
    told = f"imported, {money_text(invoice['billed_cost'], invoice['currency'])} in all" if invoice else "not imported"
    yield (
        "invoice",
        charge["InvoiceId"] or UNKNOWN,
        _joined(charge["x_CostStatus"], told if charge["InvoiceId"] else None),
    )
    if charge["x_PriceSource"] or charge["x_Contract"]:
        contract = f"contract {charge['x_Contract']}" if charge["x_Contract"] else None
        yield "price", charge["x_PriceStatus"] or UNKNOWN, _joined(charge["x_PriceSource"], contract)


def _named(name: str | None, identifier: str | None) -> str:
    return f"{name} ({identifier})" if name and identifier and name != identifier else name or identifier or ""


def _joined(*parts: str | None) -> str:
    """The parts that are known, each once."""
    return " · ".join(dict.fromkeys(part for part in parts if part))
