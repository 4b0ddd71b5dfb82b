"""What forecasts know of days to come: events that outlay.yaml tells, public holidays, and clean steps of contracts.

What an event does to a forecast is in `models.foresight.events`; reading the file is in `configuration`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from models.foresight.events import Event, Kind
from models.foresight.holiday_factors import Holidays
from models.ledger.contract_rates import ContractRate
from models.ledger.vendors import VENDORS, issuer_family
from pipelines.settings.foresight import EventSettings, HolidaySettings

_HISTORY = timedelta(days=400)
"""Steps of so long ago are in all that forecasts look back on."""
_LATELY = timedelta(days=28)
"""Steps of before are in the levels that forecasts go on from."""
_UNKNOWN_PRICE = "a price of its own does not say by how much prices change"
_NARROWER = ("meter", "processing_tier", "unit")
_PATTERNS = ("model", "sku", "service", "region", "instance_type", "issuer")


@dataclass(frozen=True)
class KnownEvents:
    """Events for `models.foresight`, and steps of contracts that are in no forecast, with the reason."""

    events: tuple[Event, ...]
    untold: Mapping[str, str] = field(default_factory=dict[str, str])


def known_events(
    told: Sequence[EventSettings],
    rates: Sequence[ContractRate],
    vendors: Mapping[str, Set[str]],
    made_on: date,
) -> KnownEvents:
    """`vendors`: by name the sources that their costs are from.

    A step of a contract is clean where it changes the discount on all that one vendor sells: of part of it (a model, a
    meter, a region, one of several sources) nobody knows how much of a series it is; a price of its own does not say
    what it was before; and of several rates for one vendor the first that fits wins, charge by charge.
    """
    events = [_event(event) for event in told]
    untold: dict[str, str] = {}
    for vendor_rates in _by_vendor(rates):
        steps = list(_steps(vendor_rates, made_on))
        vendor = _vendor(vendor_rates[0], vendors)
        why = None if vendor is None else _unclean(vendor_rates, vendor, vendors[vendor])
        for name, day, price_pct in steps:
            if vendor is None or why is not None or price_pct is None:
                if day <= made_on - _LATELY:
                    continue
                untold[name] = why or ("it is of a vendor without costs" if vendor is None else _UNKNOWN_PRICE)
            else:
                scope = {"vendor": vendor}
                events.append(Event(name, Kind.CONTRACT_STEP, day, scope, price_pct=float(price_pct)))
    return KnownEvents(tuple(events), untold)


def public_holidays(told: HolidaySettings | None, made_on: date) -> Holidays | None:
    """Those of the history that levels look back on, and of the days ahead."""
    if told is None:
        return None
    import holidays

    years = range(made_on.year - 2, made_on.year + 2)
    place = told.country if told.subdivision is None else f"{told.country}-{told.subdivision}"
    days = holidays.country_holidays(told.country, subdiv=told.subdivision, years=years)
    return Holidays(f"public holidays of {place}", frozenset(days))


def _event(told: EventSettings) -> Event:
    scope = {name: str(value) for name, value in told.scope if value is not None}
    amount = told.amount_per_day
    return Event(
        name=told.name,
        kind=Kind(told.kind),
        day=told.day,
        scope=scope if amount is None else {**scope, "currency": told.currency},
        price_pct=_number(told.price_pct),
        change_pct=_number(told.change_pct),
        amount_per_day=_number(amount),
        ramp_days=told.ramp_days,
        until=told.until,
    )


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _by_vendor(rates: Sequence[ContractRate]) -> list[list[ContractRate]]:
    found: dict[str, list[ContractRate]] = {}
    for rate in rates:
        found.setdefault(issuer_family(rate.provider or ""), []).append(rate)
    return list(found.values())


def _steps(rates: Sequence[ContractRate], made_on: date) -> Iterator[tuple[str, date, Decimal | None]]:
    """Name, day and change of price in % where a discount begins, ends or gives way to another."""
    days = {day for rate in rates for day in (rate.valid_from, rate.valid_to) if day is not None}
    for day in sorted(day for day in days if day > made_on - _HISTORY):
        before, after = (_holds(rates, at) for at in (day - timedelta(days=1), day))
        named = after or before
        if named is None or (before and after and before.part_of_list == after.part_of_list is not None):
            continue
        parts = [Decimal(1) if rate is None else rate.part_of_list for rate in (before, after)]
        known = parts[0] is not None and parts[1] is not None and parts[0] != 0
        change = (parts[1] / parts[0] - 1) * 100 if known else None  # type: ignore[operator]
        yield f"{named.name} {'from' if after else 'until'} {day}", day, change


def _holds(rates: Sequence[ContractRate], day: date) -> ContractRate | None:
    return next((r for r in rates if r.valid_from <= day and (r.valid_to is None or day < r.valid_to)), None)


def _unclean(rates: Sequence[ContractRate], vendor: str, costs_from: Set[str]) -> str | None:
    """Why steps of these rates are in no forecast; None where they are clean."""
    if any(not _is_whole(rate) for rate in rates):
        return f"it is of part of what {vendor} sells, and how much of a series that is, is not known"
    sources = {rate.source for rate in rates}
    if sources not in ({None}, costs_from):
        return f"it is of one source, and {vendor} has costs of {', '.join(sorted(costs_from))}"
    return None


def _is_whole(rate: ContractRate) -> bool:
    patterns = all(getattr(rate, name) in (None, "*") for name in _PATTERNS[:-1])
    return patterns and all(getattr(rate, name) is None for name in _NARROWER)


def _vendor(rate: ContractRate, vendors: Mapping[str, Set[str]]) -> str | None:
    """The vendor as costs name it."""
    known = VENDORS.get(rate.provider or "")
    wanted = issuer_family(known.name if known else rate.provider or "")
    return next((name for name in sorted(vendors) if issuer_family(name) == wanted), None)
