"""A year of the make-believe organisation replayed day by day: what is told, when, how often, and what in vain.

`python -m tests.bench.alert_year --home HOME [--first DAY --last DAY]` replays a home that `outlay demo --months 12`
made; without one it makes it first, which takes some minutes. Each day is published as far as alerts ask of it, and
passed by the real pass into a control store of its own (`tests.pipelines.alert_replay`).
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

from connectors.simulator.organisation import KEYS
from tests.bench.measurement import Measurement
from tests.pipelines.alert_replay import Replay, replaying
from tests.pipelines.alert_truth import (
    Compared,
    Opening,
    Row,
    agreement_events,
    agreement_openings,
    budget_events,
    budget_openings,
    compared,
)

MONTHS = 12
KNOWN_AFTER = timedelta(days=28)
"""Nobody can tell what is unusual before."""
_DAY = timedelta(days=1)
_AFTERWARDS = timedelta(days=28)
"""An alert of the same place that begins so long after a planted anomaly did is of that one."""
_BEFORE = timedelta(days=3)
"""The days before it began may have been odd by themselves."""
_NAMES = {key.id: key.name for key in KEYS}
_NOT_OF_USE = ("credit",)
"""Planted, but nothing that is judged."""


def measure(
    home: str | None = None, first: str | None = None, last: str | None = None, forecasts: str = "yes"
) -> Iterator[Measurement]:
    """Of a finished home, or of one that is made. `first` and `last`: of the days that are replayed."""
    with tempfile.TemporaryDirectory(prefix="outlay-bench-") as folder:
        known = Path(home) if home else _made(Path(folder) / "year")
        truth = json.loads((known / "demo" / "truth.json").read_text(encoding="utf-8"))
        begins = date.fromisoformat(min(row["billing_period"] for row in truth["billed"]) + "-01")
        days = _days(
            date.fromisoformat(first) if first else begins + 2 * _DAY,
            date.fromisoformat(last) if last else datetime.fromisoformat(truth["as_of"]).date(),
        )
        with replaying(known, Path(folder) / "replay", forecasts=forecasts == "yes") as replay:
            begun = time.perf_counter()
            for day in days:
                replay.on(day)
                _tell_progress(day, replay, begun)
            yield from _told(replay, truth, days, begins, time.perf_counter() - begun)


def _made(folder: Path) -> Path:
    from pipelines.console import Silence
    from pipelines.demo import World, demo
    from pipelines.home import Home

    demo(Home.at(folder), World.today(1, MONTHS), Silence())
    return folder


def _tell_progress(day: date, replay: Replay, begun: float) -> None:
    if day.day == 1:
        seconds, taken = time.perf_counter() - begun, len(replay.recorder.taken)
        print(f"{day}: {len(replay.openings())} openings, {taken} messages, {seconds:.0f} s", file=sys.stderr)


def _told(replay: Replay, truth: Row, days: Sequence[date], begins: date, seconds: float) -> Iterator[Measurement]:
    first, last = days[0], days[-1]
    openings = [(day, told) for day, told in replay.openings() if day > first]
    yield Measurement("days replayed", f"{len(days)}", "< 10 min", f"{seconds:.0f} s", seconds < 600)
    budgets = compared(budget_events(truth, first + _DAY, last), budget_openings(openings))
    yield _exactly_once("budgets: thresholds reached", budgets)
    agreements = compared(agreement_events(truth, first + _DAY, last), agreement_openings(openings))
    yield _exactly_once("renewals and commitments that run out", agreements)
    yield from _others(openings)
    yield from _of_anomalies(replay, openings, truth, max(begins + KNOWN_AFTER, first), last)
    yield from _messages(replay, days)


def _exactly_once(name: str, events: Compared) -> Measurement:
    known = len(events.same) + len(events.missing)
    words = [f"missing {_words(each)}" for each in events.missing] + [
        f"beside {_words(each)}" for each in events.beside
    ]
    is_so = not events.missing and not events.beside
    detail = f"{len(events.missing)} missing, {len(events.beside)} on another day, twice or of nothing"
    return Measurement(
        name, f"{len(events.same)} of {known} once, on the day", "all", "; ".join([detail, *words]), is_so
    )


def _words(event: tuple[date, tuple[str, ...]]) -> str:
    return f"{event[0]} {' · '.join(event[1])}"


def _others(openings: Iterable[Opening]) -> Iterator[Measurement]:
    """Kinds of which there is no truth by day: how often they open, and the same thing again."""
    by_kind: dict[str, Counter[str]] = defaultdict(Counter)
    for _, told in openings:
        if told.kind in ("budget_forecast", "burn_rate", "commitment_unused"):
            by_kind[told.kind][told.alert_id] += 1
    for kind, counts in sorted(by_kind.items()):
        again = sum(count - 1 for count in counts.values())
        yield Measurement(
            f"· {kind}", f"{sum(counts.values())} openings", detail=f"of {len(counts)} alerts; {again} again"
        )


@dataclass
class _Found:
    """A planted anomaly, and the alerts that tell of it."""

    row: Row
    told: list[tuple[date, str]] = field(default_factory=list[tuple[date, str]])

    @property
    def first_day(self) -> date:
        return date.fromisoformat(self.row["first_day"])

    def is_told_by(self, opening: Opening, places: set[tuple[str, str | None]]) -> bool:
        """In its place, from when it began, in its direction."""
        _, told = opening
        rises = told.amount is None or told.limit is None or told.amount > told.limit
        until = max(
            self.first_day + _AFTERWARDS, min(date.fromisoformat(self.row["last_day"]), self.first_day + _AFTERWARDS)
        )
        in_time = self.first_day - _DAY <= told.since <= until
        return in_time and bool(places & self.places) and rises == (Decimal(self.row["impact"]) > 0)

    @property
    def places(self) -> set[tuple[str, str]]:
        named = {(self.row["dimension"], self.row["value"])}
        for cause in self.row["causes"]:
            named |= set(cause["dimensions"].items())
        return named | {("key", _NAMES[value]) for dimension, value in named if dimension == "key"}


def _of_anomalies(
    replay: Replay, openings: Sequence[Opening], truth: Row, first: date, last: date
) -> Iterator[Measurement]:
    known = [_Found(row) for row in truth["anomalies"] if row["kind"] not in _NOT_OF_USE]
    in_vain: list[Opening] = []
    for opening in openings:
        if opening[1].kind == "anomaly":
            found = next(iter(_candidates(known, opening, replay)), None)
            if found is None:
                in_vain.append(opening)
            else:
                found.told.append((opening[0], opening[1].alert_id))
    asked = [each for each in known if first <= each.first_day <= last - 2 * _DAY and not each.row["expected"]]
    by_kind: dict[str, list[_Found]] = defaultdict(list)
    for each in asked:
        by_kind[each.row["kind"]].append(each)
    for kind, planted in sorted(by_kind.items()):
        hits = [each for each in planted if each.told]
        took = [(each.told[0][0] - each.first_day).days for each in hits]
        detail = f"median {median(took):g}, at most {max(took)} days to alert" if took else ""
        missed = "; ".join(f"missed: {each.row['name']}" for each in planted if not each.told)
        yield Measurement(
            f"anomalies: {kind}", f"{len(hits)} of {len(planted)}", "", "; ".join(filter(None, (detail, missed)))
        )
    # each cause of several may be told by itself
    twice = [each for each in known if len(each.told) > len(each.row["causes"])]
    words = "; ".join(f"{each.row['name']}: {', '.join(str(day) for day, _ in each.told)}" for each in twice)
    yield Measurement("anomalies told twice", f"{len(twice)}", "0", words, not twice)
    expected = [each for each in known if each.row["expected"] and each.told]
    yield Measurement("expected anomalies told", f"{len(expected)}", "0", "", not expected)
    yield from _in_vain(in_vain, first, last)


def _candidates(known: Sequence[_Found], opening: Opening, replay: Replay) -> list[_Found]:
    """Planted anomalies that an alert may tell of, the one that began next to it first."""
    incident = (opening[1].page or "").rpartition("=")[2]
    places = replay.places.get(incident, set())
    fitting = [each for each in known if each.is_told_by(opening, places)]
    return sorted(fitting, key=lambda each: abs((opening[1].since - each.first_day).days))


def _in_vain(openings: Sequence[Opening], first: date, last: date) -> Iterator[Measurement]:
    """False alerts per team and month: those of every team that has any, and the worst month of one."""
    counts = Counter((told.team or "no team", f"{day:%Y-%m}") for day, told in openings if day >= first)
    teams = sorted({team for team, _ in counts})
    months = max((last - first).days / 30.4, 1)
    worst = max(counts.items(), key=lambda item: item[1], default=(("", ""), 0))
    for team in teams:
        of_team = sum(count for (name, _), count in counts.items() if name == team)
        most = max((count for (name, _), count in counts.items() if name == team), default=0)
        figure, words = f"{of_team / months:.2f} a month", f"{of_team} in all, at most {most} in a month"
        yield Measurement(f"· false alerts: {team}", figure, "≤ 1", words, of_team / months <= 1)
    words = "; ".join(f"{day} {told.severity} {told.headline}" for day, told in openings)
    yield Measurement("false alerts per team and month", f"{worst[1]} at most", "≤ 1",
                      f"{len(openings)} in all; worst {' '.join(worst[0])}; {words}", worst[1] <= 1)  # fmt: skip


def _messages(replay: Replay, days: Sequence[date]) -> Iterator[Measurement]:
    weeks = Counter(f"{when:%G-W%V}" for when, _, _ in replay.recorder.taken)
    per_week = [weeks[week] for week in sorted({f"{day:%G-W%V}" for day in days})]
    made = {told.notice.key: told.notice for told in replay.work.control.alerts.made().values()}
    counts = Counter(notice.what for notice in made.values() if notice.what != "edit")
    groups = [len(notice.alert_ids) for notice in made.values() if notice.what == "group"]
    detail = f"median {median(per_week):g}, most {max(per_week)} in a week; {dict(counts)}"
    yield Measurement("messages", f"{sum(per_week)}", "", detail)
    yield Measurement("biggest group", f"{max(groups, default=0)} alerts", "", f"{len(groups)} groups")
    keys = [reference for _, reference, _ in replay.recorder.taken]
    yield Measurement("messages sent twice", f"{len(keys) - len(set(keys))}", "0", "", len(keys) == len(set(keys)))


def _days(first: date, last: date) -> list[date]:
    return [first + n * _DAY for n in range((last - first).days + 1)]


def main(words: Sequence[str]) -> None:
    parser = ArgumentParser(prog="python -m tests.bench.alert_year")
    for name in ("home", "first", "last"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--forecasts", choices=("yes", "no"), default="yes", help="of budgets: most of the time")
    asked: dict[str, Any] = vars(parser.parse_args(words))
    for each in measure(**asked):
        mark = {True: "ok ", False: "NO ", None: "   "}[each.reached]
        print(f"{mark}{each.name:42} {each.figure:28} {each.aim:9} {each.detail}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
