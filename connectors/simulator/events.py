"""What happens when: the days of every awkward event, worked out from the window alone.

Events never touch the same model on the same day, so that each can be told from the data. What an event does to
usage is in `traffic`, what it does to a bill in `bills`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

CACHE_MODEL = "gpt-5.1"
PRICE_RISE_MODEL = "gpt-4.1"
PRICE_RISE_PERCENT = 15
UNKNOWN_MODEL = "gpt-6.5-nova-preview"
REFUSED_MODEL = "claude-fable-5-2"
RESTATED_OPENAI_MODEL = "gpt-5-mini"
RESTATED_ANTHROPIC_MODEL = "claude-haiku-4-5-20251001"
RESTATED_OPENAI_PERMILLE = 1090
RESTATED_ANTHROPIC_PERMILLE = 940
CREDIT_USD = -2500
LOOP, CACHE, PRICE_RISE, NEW_MODEL = "runaway loop", "cache at full price", "price rise", "preview model begins"
CONTRACT, CREDIT, NEWSLETTER = "contract begins", "promotional credit", "newsletter ends"
"""Names of events that show in what is spent, for `Calendar.without`."""

NEVER = date.max
LABS_BEGIN = date(2026, 1, 1)
"""The earliest day that the analytics reports know."""


def _months_back(day: date, months: int) -> date:
    """The first of the month that lies `months` before the month of `day`."""
    position = day.year * 12 + day.month - 1 - months
    return date(position // 12, position % 12 + 1, 1)


@dataclass(frozen=True)
class Calendar:
    """The days of the window and of every event in it.

    The window is the month of yesterday and those before it, up to yesterday, and yesterday is not billed yet.
    `settled` days are the billed ones. In a window of a few days some events do not happen. `without` names one that
    does not happen either, so that what it cost can be told.
    """

    first_day: date
    last_day: date
    without: str = ""

    @classmethod
    def of(cls, months: int, as_of: datetime) -> Calendar:
        yesterday = as_of.date() - timedelta(days=1)
        return cls(_months_back(yesterday, months - 1), yesterday)

    @cached_property
    def days(self) -> list[date]:
        return [self.first_day + timedelta(days=n) for n in range((self.last_day - self.first_day).days + 1)]

    @cached_property
    def settled(self) -> list[date]:
        return self.days[:-1] or self.days

    def at(self, permille: int) -> date:
        """The settled day that lies so far in the window."""
        return self.settled[len(self.settled) * permille // 1000]

    def _unless(self, name: str, permille: int) -> date:
        """The day of an event; never in a world without it."""
        return NEVER if self.without == name else self.at(permille)

    def _from(self, name: str, permille: int, count: int) -> tuple[date, ...]:
        """So many settled days of an event; none in a world without it."""
        first = self.at(permille)
        days = (first + timedelta(days=n) for n in range(count if self.without != name else 0))
        return tuple(day for day in days if day < self.last_day)

    @cached_property
    def refused_day(self) -> date:
        return self.at(450)

    @cached_property
    def cache_days(self) -> tuple[date, ...]:
        return self._from(CACHE, 300, 2)

    @cached_property
    def price_days(self) -> tuple[date, ...]:
        return self._from(PRICE_RISE, 550, 6)

    @cached_property
    def contract_day(self) -> date:
        return self._unless(CONTRACT, 500)

    @cached_property
    def rack_day(self) -> date:
        """The day on which the company's own accelerators went into service."""
        return self.at(200)

    @cached_property
    def voice_day(self) -> date:
        """From when on Voice Line belongs to a team of its own."""
        return self.at(520)

    @cached_property
    def unknown_model_day(self) -> date:
        return self._unless(NEW_MODEL, 400)

    @cached_property
    def credit_day(self) -> date:
        return self._unless(CREDIT, 620)

    @cached_property
    def loop_day(self) -> date:
        return self._unless(LOOP, 850)

    @cached_property
    def restated_openai_day(self) -> date:
        return self.at(700)

    @cached_property
    def restated_anthropic_day(self) -> date:
        return self.at(760)

    @cached_property
    def newsletter_end(self) -> date:
        """The last day of the key that is deleted before the second pull."""
        return self._unless(NEWSLETTER, 650)

    def has_priority(self, day: date) -> bool:
        """Priority tier at Anthropic: not in the last days, where its missing cost could as well be late."""
        return self.at(150) <= day < self.last_day - timedelta(days=3)

    def has_code_execution(self, day: date) -> bool:
        return day < self.last_day and (day - self.first_day).days % 3 == 1

    def is_late(self, day: date) -> bool:
        """Used, but the bill is still to come."""
        return day >= self.last_day

    def described(self) -> list[dict[str, Any]]:
        """Every event for readers of the demo: source, days, what happened, and what reconciliation must say."""
        never = (self.last_day, self.first_day - timedelta(days=1))
        cache_days, price_days = self.cache_days or never, self.price_days or never
        rows: list[tuple[str, date, date, str, str | None]] = [
            ("openai", cache_days[0], cache_days[-1],
             f"cached input of {CACHE_MODEL} (standard tier) is billed at the full input rate", "cache"),
            ("anthropic", self.refused_day, self.refused_day,
             f"Safety Evaluations sends {REFUSED_MODEL} only requests that are refused: tokens, no cost line",
             "missing bill"),
            ("anthropic", self.at(150), self.last_day - timedelta(days=4),
             "assist-priority uses claude-opus-5-5 on the priority tier, which cost reports leave out", "tier"),
            ("anthropic", self.first_day, self.last_day - timedelta(days=1),
             "code execution of Analyst Notebooks stands in the cost report only, every third day",
             "missing usage"),
            ("openai", self.credit_day, self.credit_day, "a promotional credit, a negative line", "credit"),
            ("openai", self.first_day, self.last_day,
             "amounts are rounded to 6 places and sent as numbers, text and in scientific notation", None),
            ("openai", self.unknown_model_day, self.last_day,
             f"lab-preview uses {UNKNOWN_MODEL}, which no price book knows: list = contracted = billed", None),
            ("openai", price_days[0], price_days[-1],
             f"{PRICE_RISE_MODEL} (standard tier) is billed {PRICE_RISE_PERCENT} % above list, unannounced", "price"),
            ("every source", self.last_day, self.last_day, "used, not billed yet", "late"),
            ("anthropic", self.first_day, self.last_day,
             "Contracts Desk keeps inference in the United States: billed at 1.1 times list, and so priced", None),
            ("anthropic", self.contract_day, self.last_day,
             "the contract's discount on claude-sonnet-4-6 begins: contracted is below list, and so billed", None),
            ("anthropic-labs", self.first_day, self.last_day,
             "every price is 10 % below list by contract; the report gives both amounts", None),
            ("openai", self.loop_day, self.loop_day,
             "a runaway loop on lab-agents, gpt-6.1-sol, 02:00 to 08:00 UTC", None),
            ("openai", self.restated_openai_day, self.restated_openai_day,
             f"the second pull gives 9 % more {RESTATED_OPENAI_MODEL}, usage and cost", None),
            ("anthropic", self.restated_anthropic_day, self.restated_anthropic_day,
             f"the second pull gives 6 % less {RESTATED_ANTHROPIC_MODEL}, usage and cost", None),
            ("openai", self.voice_day, self.last_day,
             "Voice Line becomes a team of its own: its project and keys leave support", None),
            ("openai", self.last_day, self.last_day,
             "before the second pull search-reranker is renamed and newsletter-old deleted", None),
            ("anthropic", self.last_day, self.last_day, "before the second pull intake-batch is renamed", None),
        ]  # fmt: skip
        return [
            {"source": source, "first_day": str(first), "last_day": str(last), "what": what, "reason": reason}
            for source, first, last, what, reason in rows
            if first <= last
        ]
