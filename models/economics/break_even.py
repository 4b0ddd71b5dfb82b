"""Break-even: when accelerators of one's own cost less than an API for the same output, from the real curve of usage.

Arithmetic over one month's hours: how many accelerators its busiest hour needs, how busy they are on average, what an
output token costs then, and from which utilisation and volume on it costs less than the API. Where prices per hour and
throughput come from is `serving_options`; whether a model does the work of another is not judged.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from functools import reduce
from math import ceil
from typing import Literal

from models.errors import OutlayError
from models.ledger.money import parse_money

CASES = ("cautious", "likely", "hopeful")
"""Low throughput at a high price; the likeliest of both; high throughput at a low price."""

Verdict = Literal["self-hosting", "API", "depends"]

_WIDE = Context(prec=60)
_SECONDS = 3600
_MILLION = 1_000_000
_ZERO = Decimal(0)
_MOST_STEPS = 200


@dataclass(frozen=True)
class Range:
    """A figure that is known within bounds, and who says so."""

    low: Decimal
    likely: Decimal
    high: Decimal
    source: str

    def __post_init__(self) -> None:
        if not 0 < self.low <= self.likely <= self.high:
            raise OutlayError(
                f"{self.low} – {self.likely} – {self.high} is no range of positive figures ({self.source})",
                remedy="mend the price or throughput that it comes from",
            )

    @property
    def is_sharp(self) -> bool:
        return self.low == self.high


@dataclass(frozen=True)
class Demand:
    """Output tokens of each hour of a month, and what the API cost for them, prompts and all."""

    tokens_by_hour: tuple[Decimal, ...]
    api_cost: Decimal

    def __post_init__(self) -> None:
        if self.tokens <= 0:
            raise OutlayError(
                "no output tokens were metered",
                remedy="throughput is told in output tokens: choose a model that generates text",
            )

    @property
    def tokens(self) -> Decimal:
        return reduce(_WIDE.add, self.tokens_by_hour, _ZERO)

    @property
    def busiest(self) -> Decimal:
        return max(self.tokens_by_hour)


USUAL_LOAD = Decimal("0.7")
"""Share of a measured throughput at which to plan: benchmarks drive machines at their limit, services leave room."""


@dataclass(frozen=True)
class Fleet:
    """How accelerators would be run.

    `together`: so many serve the model as one, so that they are had in multiples of it. `lot`: so many are paid for at
    once, used or not, such as all of a machine that is owned. `load`: the share of their
    throughput that they are driven at, at most. `peak_factor`: how much the busiest moment exceeds the busiest hour (or
    day, where usage is metered by the day). `scaled`: rented hour by hour as the curve asks, else all of the month as
    many as the peak needs. `overhead`: what it takes a month beside the accelerators (people, network), in currency.
    """

    together: int = 1
    load: Decimal = Decimal(1)
    peak_factor: Decimal = Decimal(1)
    scaled: bool = False
    overhead: Decimal = Decimal(0)
    lot: int = 1

    def __post_init__(self) -> None:
        if min(self.together, self.lot) < 1 or not 0 < self.load <= 1 or self.peak_factor < 1 or self.overhead < 0:
            raise OutlayError(
                "accelerators cannot be run like that",
                remedy="together and lot are at least 1, load in (0, 1], peak factor at least 1, overhead not negative",
            )

    def accelerators(self, groups: int) -> int:
        """How many are had where so many groups of `together` are needed; none where none are."""
        return -(-groups * self.together // self.lot) * self.lot


@dataclass(frozen=True)
class Outcome:
    """What serving the demand on accelerators comes to in one case; costs of the month, in the demand's currency.

    `break_even_utilisation` (1 is always busy; above 1 it cannot be): at which an accelerator-hour with its overhead
    costs what the API takes for its output. `break_even_tokens`: the smallest volume a month of that curve at which
    self-hosting costs no more, to the token; None: at no volume. Within a hair of the API's price, where steps leave
    many such volumes, it may be a later one; a token less would be dearer still.
    """

    accelerators_at_peak: int
    mean_accelerators: Decimal
    accelerator_hours: Decimal
    utilisation: Decimal
    cost: Decimal
    cost_per_million: Decimal
    break_even_utilisation: Decimal
    break_even_tokens: Decimal | None


@dataclass(frozen=True)
class Comparison:
    """Self-hosting in the three cases beside the API."""

    api_cost: Decimal
    api_cost_per_million: Decimal
    cautious: Outcome
    likely: Outcome
    hopeful: Outcome

    @property
    def verdict(self) -> Verdict:
        """Which costs less; `depends` where the cases do not agree."""
        if self.cautious.cost < self.api_cost:
            return "self-hosting"
        return "API" if self.hopeful.cost >= self.api_cost else "depends"


def compare(demand: Demand, tokens_per_second: Range, price_per_hour: Range, fleet: Fleet) -> Comparison:
    """The demand served at a throughput (output tokens a second of an accelerator) and a price (of an hour of it).

    All products and quotients are exact to 60 digits and rounded half-even to 12 places once.
    """
    return Comparison(
        demand.api_cost,
        _rounded(_WIDE.divide(_WIDE.multiply(demand.api_cost, Decimal(_MILLION)), demand.tokens)),
        cautious=outcome(demand, tokens_per_second.low, price_per_hour.high, fleet),
        likely=outcome(demand, tokens_per_second.likely, price_per_hour.likely, fleet),
        hopeful=outcome(demand, tokens_per_second.high, price_per_hour.low, fleet),
    )


def outcome(demand: Demand, tokens_per_second: Decimal, price_per_hour: Decimal, fleet: Fleet) -> Outcome:
    """One case: see `compare`."""
    with localcontext(_WIDE):
        capacity = tokens_per_second * _SECONDS * fleet.load
        curve = _Curve.of(demand, fleet, capacity, price_per_hour)
        hours = Decimal(curve.hours(Fraction(demand.tokens)))
        cost = hours * price_per_hour + fleet.overhead
        api_per_token = demand.api_cost / demand.tokens
        at_peak = demand.busiest * fleet.peak_factor / (capacity * fleet.together)
        least = curve.break_even()
        return Outcome(
            accelerators_at_peak=fleet.accelerators(ceil(at_peak)),
            mean_accelerators=_rounded(demand.tokens / len(demand.tokens_by_hour) / capacity),
            accelerator_hours=hours,
            utilisation=_rounded(demand.tokens / (hours * capacity)),
            cost=_rounded(cost),
            cost_per_million=_rounded(cost * _MILLION / demand.tokens),
            break_even_utilisation=_rounded(cost / hours / (capacity * api_per_token)),
            break_even_tokens=None if least is None else Decimal(least),
        )


@dataclass(frozen=True)
class _Curve:
    """What volumes cost that come in the shape of a demand's hours, on a fleet and through the API; all exact.

    `groups`: of each size that an hour can ask for, the groups of accelerators that a token of volume keeps busy, and
    how many hours they are paid for.
    """

    fleet: Fleet
    groups: tuple[tuple[Fraction, int], ...]
    price_per_hour: Fraction
    api_price: Fraction
    """Of an output token."""

    @classmethod
    def of(cls, demand: Demand, fleet: Fleet, capacity: Decimal, price_per_hour: Decimal) -> _Curve:
        sized = (
            Counter(demand.tokens_by_hour)
            if fleet.scaled
            else {demand.busiest * fleet.peak_factor: len(demand.tokens_by_hour)}
        )
        tokens = Fraction(demand.tokens)
        full = Fraction(capacity) * fleet.together * tokens
        groups = tuple((Fraction(each) / full, hours) for each, hours in sized.items() if each > 0)
        return cls(fleet, groups, Fraction(price_per_hour), Fraction(demand.api_cost) / tokens)

    def hours(self, volume: Fraction | int) -> int:
        """Accelerator-hours that are paid for."""
        whole, parts = volume.numerator, volume.denominator
        return sum(
            self.fleet.accelerators(-(-busy.numerator * whole // (busy.denominator * parts))) * hours
            for busy, hours in self.groups
        )

    def break_even(self) -> int | None:
        """The whole tokens at which own cost is no more than the API's, and with one less is more.

        Cost grows in steps above a line (accelerators that are all full) and never by more than one group or lot each
        hour. Below overhead ÷ (what a token saves on that line) none pays; so much more that the steps are paid too,
        all do. Between them the volume that the API sells for the cost of one that does not pay is a lower bound again:
        the first that stays is the least that pays. Near parity the bounds creep; there halving what is left finds one.
        """
        full = sum((busy * hours for busy, hours in self.groups), Fraction(0)) * self.fleet.together
        saved = self.api_price - full * self.price_per_hour
        if saved <= 0:
            return None
        overhead = Fraction(self.fleet.overhead)
        volume = max(ceil(overhead / saved), 1)
        for _ in range(_MOST_STEPS):
            higher = self._worth(volume)
            if higher <= volume:
                return volume
            volume = higher
        steps = sum(hours for _, hours in self.groups) * (self.fleet.together + self.fleet.lot) * self.price_per_hour
        return self._halved(volume, ceil((overhead + steps) / saved))

    def _worth(self, volume: int) -> int:
        """The whole tokens that the API sells for what a volume costs on the fleet."""
        return ceil((self.hours(volume) * self.price_per_hour + Fraction(self.fleet.overhead)) / self.api_price)

    def _halved(self, dearer: int, pays: int) -> int:
        while pays - dearer > 1:
            middle = (dearer + pays) // 2
            if self._worth(middle) <= middle:
                pays = middle
            else:
                dearer = middle
        return pays


def _rounded(figure: Decimal) -> Decimal:
    return parse_money(figure)[0]
