"""Break-even: when accelerators of one's own cost less than an API for the same output, from the real curve of usage.

Arithmetic over one month's hours: how many accelerators its busiest hour needs, how busy they are on average, what an
output token costs then, and from which utilisation and volume on it costs less than the API. Where prices per hour and
throughput come from is `serving_options`; whether a model does the work of another is not judged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_CEILING, Context, Decimal, localcontext
from functools import reduce
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
_MOST_STEPS = 300


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

    `together`: so many serve the model as one, so that they are had in multiples of it. `load`: the share of their
    throughput that they are driven at, at most. `peak_factor`: how much the busiest moment exceeds the busiest hour (or
    day, where usage is metered by the day). `scaled`: rented hour by hour as the curve asks, else all of the month as
    many as the peak needs. `overhead`: what it takes a month beside the accelerators (people, network), in currency.
    """

    together: int = 1
    load: Decimal = Decimal(1)
    peak_factor: Decimal = Decimal(1)
    scaled: bool = False
    overhead: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        if self.together < 1 or not 0 < self.load <= 1 or self.peak_factor < 1 or self.overhead < 0:
            raise OutlayError(
                "accelerators cannot be run like that",
                remedy="together is at least 1, load in (0, 1], the peak factor at least 1, overhead not negative",
            )


@dataclass(frozen=True)
class Outcome:
    """What serving the demand on accelerators comes to in one case; costs of the month, in the demand's currency.

    `break_even_utilisation` (1 is always busy; above 1 it cannot be): at which an accelerator-hour with its overhead
    costs what the API takes for its output. `break_even_tokens`: the smallest volume a month of that curve at which
    self-hosting costs no more; None: at no volume.
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
        hours_of = _accelerator_hours(demand, capacity, fleet)
        hours = hours_of(demand.tokens)
        cost = hours * price_per_hour + fleet.overhead
        api_per_token = demand.api_cost / demand.tokens
        at_peak = _accelerators(demand.busiest * fleet.peak_factor, capacity, fleet.together)
        return Outcome(
            accelerators_at_peak=int(at_peak),
            mean_accelerators=_rounded(demand.tokens / len(demand.tokens_by_hour) / capacity),
            accelerator_hours=hours,
            utilisation=_rounded(demand.tokens / (hours * capacity)),
            cost=_rounded(cost),
            cost_per_million=_rounded(cost * _MILLION / demand.tokens),
            break_even_utilisation=_rounded(cost / hours / (capacity * api_per_token)),
            break_even_tokens=_break_even_tokens(demand, hours_of, price_per_hour, fleet.overhead),
        )


def _accelerators(tokens: Decimal, capacity: Decimal, together: int) -> Decimal:
    """How many an hour of so many tokens needs; in an hour without any, none."""
    return (tokens / (capacity * together)).to_integral_value(ROUND_CEILING) * together


def _accelerator_hours(demand: Demand, capacity: Decimal, fleet: Fleet) -> Callable[[Decimal], Decimal]:
    """Accelerator-hours that a volume takes if it comes in the shape of the demand's curve."""
    alike = Counter(demand.tokens_by_hour)

    def scaled(volume: Decimal) -> Decimal:
        factor = volume / demand.tokens
        needs = (_accelerators(tokens * factor, capacity, fleet.together) * times for tokens, times in alike.items())
        return sum(needs, _ZERO)

    def kept_running(volume: Decimal) -> Decimal:
        busiest = demand.busiest * fleet.peak_factor * volume / demand.tokens
        return _accelerators(busiest, capacity, fleet.together) * len(demand.tokens_by_hour)

    return scaled if fleet.scaled else kept_running


def _break_even_tokens(
    demand: Demand, hours_of: Callable[[Decimal], Decimal], price_per_hour: Decimal, overhead: Decimal
) -> Decimal | None:
    """The least volume whose own cost is what the API takes for it.

    Cost grows with volume in steps, so from the cost of the least fleet upwards each volume that the API would sell for
    the cost of the one before is a lower bound: the first that stays is the answer. It exists where whole accelerators,
    well filled, cost less per token than the API.
    """
    api_per_token = demand.api_cost / demand.tokens
    if api_per_token <= 0:
        return None
    much = demand.tokens * 10**9  # so much that the last accelerator does not matter
    if hours_of(much) * price_per_hour >= much * api_per_token:
        return None
    volume = (hours_of(demand.tokens / 10**9) * price_per_hour + overhead) / api_per_token
    for _ in range(_MOST_STEPS):
        higher = (hours_of(volume) * price_per_hour + overhead) / api_per_token
        if higher <= volume:
            break
        volume = higher
    # rounded up: a token less would still be dearer
    return volume.to_integral_value(ROUND_CEILING)


def _rounded(figure: Decimal) -> Decimal:
    return parse_money(figure)[0]
