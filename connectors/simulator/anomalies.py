"""What goes wrong on purpose, so that it can be found: which key or machine, when, and how much more or less it uses.

Each happens to a key, model or group of machines of its own, and only after `HISTORY` days in which nothing was odd
there; in a shorter window it does not happen. In a window of more than half a year every kind happens again and again
(`_again`), so that how many of it are found is a figure. A `Calendar` that leaves one out by its name gives the world
without it: what it cost is the difference. What other events do belongs to `events`, how usage is made to `traffic`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache, partial

from connectors.simulator.events import Calendar
from connectors.simulator.organisation import ANTHROPIC, LABS, OPENAI
from connectors.simulator.workloads import WEEKDAYS, Workload

HISTORY = 35
"""Days before anything is planted."""

LONG = 200
"""Days of a window in which kinds happen again."""

_MONDAY, _TUESDAY, _WEDNESDAY, _FRIDAY, _SATURDAY = 0, 1, 2, 4, 5
_RAMP_DAYS = 21


@dataclass(frozen=True)
class Target:
    """One key's use of one model in one tier."""

    key: str
    model: str
    tier: str = "standard"


@dataclass(frozen=True)
class Planted:
    """An anomaly of use, from `first_day` to `last_day`. `targets` are keys, or `machines` a group that was left on.

    Use is `permille` of the usual, reached at once or (ramp) within three weeks; weekend is like a Friday.
    `expected`: someone knew, and `outlay.yaml` says so.
    """

    name: str
    kind: str
    source: str
    first_day: date
    last_day: date
    targets: tuple[Target, ...] = ()
    permille: int = 1000
    machines: str | None = None
    expected: bool = False

    def covers(self, day: date) -> bool:
        return self.first_day <= day <= self.last_day

    def volume(self, workload: Workload, day: date) -> int:
        """Thousandths of the usual use of a workload of it on one of its days."""
        if self.kind == "weekend":
            week = WEEKDAYS[workload.shape]
            return 1000 * week[_FRIDAY] // week[day.weekday()] if day.weekday() >= _SATURDAY else 1000
        if self.kind == "ramp":
            grown = min((day - self.first_day).days + 1, _RAMP_DAYS)
            return 1000 + (self.permille - 1000) * grown // _RAMP_DAYS
        return self.permille


@lru_cache(maxsize=64)
def planted(calendar: Calendar) -> tuple[Planted, ...]:
    """What is planted in a window, by first day; without what its calendar leaves out."""
    earliest = calendar.first_day + timedelta(days=HISTORY)
    return tuple(
        each
        for each in sorted((*_all(calendar), *_again(calendar)), key=lambda each: each.first_day)
        if each.name != calendar.without and earliest <= each.first_day and each.last_day < calendar.last_day
    )


def _all(calendar: Calendar) -> Iterator[Planted]:
    end, on, of = calendar.settled[-1], partial(_on, calendar), _of
    yield Planted("reranker stood still", "drop", OPENAI, *on(455, _TUESDAY, 3),
                  of("search-reranker", "gpt-4o-mini-2024-07-18"), 80)  # fmt: skip
    yield Planted("load test of search", "burst", OPENAI, *on(640, _TUESDAY, 3),
                  of("search-api", "gpt-5-mini"), 2100, expected=True)  # fmt: skip
    yield Planted("contracts read over weekends", "weekend", ANTHROPIC, *on(690, _SATURDAY, 16),
                  of("contracts-reader", "claude-opus-4-8"))  # fmt: skip
    yield Planted("evaluations ran five times", "spike", ANTHROPIC, *on(740, _WEDNESDAY, 1),
                  of("safety-harness", "claude-opus-5-5", "batch"), 5000)  # fmt: skip
    yield Planted("research sends whole files", "ramp", ANTHROPIC, end - timedelta(days=_RAMP_DAYS + 2), end,
                  of("assist-research", "claude-haiku-4-5-20251001"), 2600)  # fmt: skip
    yield Planted("notebooks moved up", "level_shift", ANTHROPIC, on(800, _MONDAY, 1)[0], end,
                  of("notebook-server", "claude-sonnet-5"), 1800)  # fmt: skip
    yield Planted("Trainium left on", "machines_left_on", "aws", *on(860, _SATURDAY, 2), machines="train-trn")
    yield Planted("prototype and planner at once", "burst", LABS, *on(900, _TUESDAY, 2),
                  (*of("prototype-web", "claude-sonnet-5-5"), *of("trial-planner", "claude-opus-5-5")),
                  3200)  # fmt: skip


_AGAIN: tuple[tuple[str, str, str, int, int, int | None, int, Target], ...] = (
    ("backfill stood still", "drop", OPENAI, 130, _TUESDAY, 3, 80, Target("catalogue-backfill", "o4-mini", "flex")),
    ("code review stood still", "drop", ANTHROPIC, 330, _TUESDAY, 3, 80,
     Target("code-review-bot", "claude-sonnet-4-6")),
    ("nightly trials stood still", "drop", LABS, 580, _TUESDAY, 3, 80,
     Target("trial-nightly", "claude-opus-5-5", "batch")),
    ("browser trials in a hurry", "burst", LABS, 170, _TUESDAY, 3, 2600, Target("trial-browser", "claude-sonnet-5-5")),
    ("clauses by the hundred", "burst", ANTHROPIC, 420, _TUESDAY, 3, 3000,
     Target("contracts-clauses", "claude-opus-4-8")),
    ("lab in a hurry", "burst", OPENAI, 610, _TUESDAY, 3, 2800, Target("lab-notebooks", "o4-mini")),
    ("lab batch ran five times", "spike", OPENAI, 200, _WEDNESDAY, 1, 5000,
     Target("lab-notebooks", "gpt-6.1-sol", "batch")),
    ("archives read again", "spike", ANTHROPIC, 370, _WEDNESDAY, 1, 5000,
     Target("intake-archives", "claude-sonnet-4-5-20250929")),
    ("prototype batch ran five times", "spike", LABS, 660, _WEDNESDAY, 1, 5000,
     Target("prototype-batch", "claude-sonnet-5-5", "batch")),
    ("Claude Code calls itself", "runaway", ANTHROPIC, 250, _WEDNESDAY, 1, 9000,
     Target("claude_code_key_greta", "claude-opus-5-5")),
    ("loop in staging", "runaway", OPENAI, 480, _WEDNESDAY, 1, 20000, Target("support-bot-staging", "gpt-5-mini")),
    ("mobile prototype retries", "runaway", LABS, 720, _WEDNESDAY, 1, 12000,
     Target("prototype-mobile", "claude-sonnet-5-5")),
    ("calls over weekends", "weekend", OPENAI, 220, _SATURDAY, 16, 1000, Target("voice-realtime", "gpt-realtime")),
    ("copy over weekends", "weekend", OPENAI, 310, _SATURDAY, 16, 1000, Target("studio-copy", "gpt-4.1")),
    ("coding over weekends", "weekend", ANTHROPIC, 600, _SATURDAY, 16, 1000,
     Target("claude_code_key_dmitri", "claude-opus-5-5")),
    ("intake sends more", "ramp", ANTHROPIC, 265, _MONDAY, None, 2600,
     Target("intake-live", "claude-haiku-4-5-20251001")),
    ("Jonas codes more", "ramp", ANTHROPIC, 440, _MONDAY, None, 3000,
     Target("claude_code_key_jonas", "claude-sonnet-5")),
    ("announcements grow", "ramp", OPENAI, 640, _MONDAY, None, 2600, Target("voice-announcements", "gpt-audio")),
    ("catalogue sends more", "level_shift", OPENAI, 230, _MONDAY, None, 1800,
     Target("catalogue-nightly", "gpt-4.1", "batch")),
    ("assist moved up", "level_shift", ANTHROPIC, 350, _MONDAY, None, 1800, Target("assist-prod", "claude-sonnet-5")),
    ("browser trials for all", "level_shift", LABS, 560, _MONDAY, None, 1800,
     Target("trial-browser", "claude-sonnet-5-5")),
)  # fmt: skip
"""Name, kind, source, where in the window, weekday of the first day, days (None: for good), permille, whose."""
_LEFT_ON_AGAIN = (("Trainium left on in the first third", 280), ("Trainium left on in the second third", 540))


def _again(calendar: Calendar) -> Iterator[Planted]:
    """What happens besides in a long window. A key that it happens to twice has had months in between."""
    if len(calendar.days) < LONG:
        return
    for name, kind, source, permille, weekday, days, times, target in _AGAIN:
        first, last = _on(calendar, permille, weekday, days or 1)
        yield Planted(name, kind, source, first, last if days else calendar.settled[-1], (target,), times)
    for name, permille in _LEFT_ON_AGAIN:
        yield Planted(name, "machines_left_on", "aws", *_on(calendar, permille, _SATURDAY, 2), machines="train-trn")


def _on(calendar: Calendar, permille: int, weekday: int, days: int) -> tuple[date, date]:
    """The first such weekday from a place in the window on, and the last of so many days."""
    first = calendar.at(permille)
    first += timedelta(days=(weekday - first.weekday()) % 7)
    return first, first + timedelta(days=days - 1)


def _of(key: str, model: str, tier: str = "standard") -> tuple[Target, ...]:
    return (Target(key, model, tier),)


def volume(calendar: Calendar, workload: Workload, day: date) -> int:
    """Thousandths of a workload's usual use on `day`."""
    permille = 1000
    for each in planted(calendar):
        if each.source == workload.source and each.covers(day) and _is_of(workload, each):
            permille = permille * each.volume(workload, day) // 1000
    return permille


def _is_of(workload: Workload, each: Planted) -> bool:
    return Target(workload.key or "", workload.model or "", workload.tier) in each.targets


def left_on(calendar: Calendar, machines: str, day: date) -> bool:
    """Whether somebody forgot to switch off a group of machines."""
    return any(each.machines == machines and each.covers(day) for each in planted(calendar))
