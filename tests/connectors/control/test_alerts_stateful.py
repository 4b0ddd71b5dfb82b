"""Ten thousand lives of alerts, from condition to Slack, with everything that can go wrong on the way.

No alert is lost, none is told twice, the log replays to the same state, and the lake has what the store has. What only
a webhook cannot promise (it can be asked nothing) is in the tests of `connectors.slack.delivery`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from connectors.control import ControlStore
from models.control.alerts import Act, AlertEvent, Request
from models.control.conditions import Condition
from models.control.policy import Policy
from tests.connectors.control.alert_world import (
    CONDITIONS,
    DEATHS,
    HOUR,
    KINDS,
    MEETINGS,
    POLICIES,
    TROUBLES,
    World,
)
from tests.connectors.control.memory_log import MemoryLog

LIVES, STEPS = 10_000, 8
STORED_LIVES = 8
WAYS = 8
"""The lives are led in so many tests, for as many workers."""

_WORSE = [(severity, Decimal(amount)) for severity in ("info", "warning", "critical") for amount in (100, 160)]
_FIRING = [replace(each, severity=severity, amount=amount) for each in CONDITIONS for severity, amount in _WORSE]
_STANDING = [*_FIRING, *(replace(condition, standing="lingering") for condition in _FIRING[::3])]
_TOGETHER = [few for count in (1, 2, 3) for few in combinations(_FIRING[::3], count)]
_ACTS = [("acknowledge", 0), ("resolve", 0), ("snooze", 1), ("snooze", 3), ("snooze", 30), ("snooze", 0)]
_Mishap = tuple[str | None, int, str | None, str | None]
"""Slack's trouble and after how many calls, where the process dies, where it meets another."""
_MISHAPS: list[_Mishap] = [
    *[(None, 0, None, None)] * 8,
    *((trouble, calls, None, None) for trouble in TROUBLES for calls in (0, 1)),
    *((None, 0, death, None) for death in DEATHS),
    *((None, 0, None, meeting) for meeting in MEETINGS),
    ("lost answer", 0, "begun, not sent", None),
]  # fmt: skip
_MINUTES = (0, 1, 7, 61, 190, 660, 1441, 8 * 1441)
_NEXT = [None, *((timedelta(minutes=minutes), mishap) for minutes in _MINUTES for mishap in _MISHAPS)]
"""What follows a step: time, and a pass with its mishap; or, seldom, nothing."""
_Next = tuple[timedelta, _Mishap] | None
then = st.sampled_from(_NEXT)


class Life(RuleBasedStateMachine):
    """Steps in any order, each with time and a pass after it; at the end everything comes to rest, and then all must
    have been told."""

    make_log: Callable[[Callable[[], datetime]], Any] = MemoryLog

    def __init__(self) -> None:
        super().__init__()
        self.world = World(type(self).make_log)

    @initialize(conditions=st.sampled_from(_TOGETHER), policy=st.sampled_from(POLICIES[:-1]), then=then)
    def begins(self, conditions: tuple[Condition, ...], policy: Policy, then: _Next) -> None:
        self.world.stands = {condition.alert_id: condition for condition in conditions}
        self.world.policy = policy
        self._go_on(then)

    @rule(condition=st.sampled_from(_STANDING), then=then)
    def stands(self, condition: Condition, then: _Next) -> None:
        """As new, or better or worse than before."""
        self.world.stands[condition.alert_id] = condition
        self._go_on(then)

    @rule(condition=st.sampled_from(CONDITIONS), then=then)
    def disappears(self, condition: Condition, then: _Next) -> None:
        self.world.stands.pop(condition.alert_id, None)
        self._go_on(then)

    @rule(condition=st.sampled_from(_FIRING), then=then)
    def will_stand(self, condition: Condition, then: _Next) -> None:
        """From an hour on; until then it is as good as away."""
        self.world.stands[condition.alert_id] = replace(condition, holds_from=self.world.now + HOUR)
        self._go_on(then)

    @rule(name=st.sampled_from(sorted(KINDS)), how=st.sampled_from(("unknown", "gone")), then=then)
    def is_not_judged(self, name: str, how: str, then: _Next) -> None:
        """Or is again."""
        getattr(self.world, how).symmetric_difference_update({name})
        self._go_on(then)

    @rule(condition=st.sampled_from(CONDITIONS), act=st.sampled_from(_ACTS), then=then)
    def somebody_acts(self, condition: Condition, act: tuple[Act, float], then: _Next) -> None:
        self.world.ask(condition, *act)
        self._go_on(then)

    @rule(policy=st.sampled_from(POLICIES), then=then)
    def is_configured(self, policy: Policy, then: _Next) -> None:
        self.world.policy = policy
        self._go_on(then)

    @rule(then=then)
    def nothing_happens(self, then: _Next) -> None:
        self._go_on(then)

    @rule(then=then)
    def the_store_is_lost(self, then: _Next) -> None:
        self.world.lose_the_store()
        self._go_on(then)

    def _go_on(self, then: _Next) -> None:
        if then is not None:
            wait, (trouble, calls_well, dies_at, meets_at) = then
            self.world.slack.trouble, self.world.slack.calls_well = trouble, calls_well
            self.world.dies_at, self.world.meets_at = dies_at, meets_at
            self.world.now += wait
            self.world.make_a_pass()
            self.world.check()

    def teardown(self) -> None:
        self.world.settle()
        self.world.check_settled()


def _led(lives: int) -> settings:
    return settings(
        max_examples=lives,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )


@pytest.mark.slow
@pytest.mark.parametrize("way", range(WAYS))
def test_no_alert_is_lost_and_none_is_told_twice(way: int) -> None:
    run_state_machine_as_test(seed(way)(Life), settings=_led(LIVES // WAYS))


class _StoredLog:
    """The real log in a database, each one in a file of its own, as `World` asks for it."""

    def __init__(self, folder: Path, clock: Callable[[], datetime]) -> None:
        self._store = ControlStore.open(f"sqlite:///{folder}/{uuid.uuid4().hex}.db", clock)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store.alerts, name)

    def told(self) -> list[AlertEvent]:
        return [logged.event for logged in self._store.alerts.events()]

    def record(self, *recorded: Any) -> None:
        with self._store.lock_alerting():
            self._store.alerts.record(*recorded)

    def refuse(self, request: Request, reason: str) -> None:
        with self._store.lock_alerting():
            self._store.alerts.refuse(request, reason)

    def history(self) -> dict[str, pl.DataFrame]:
        return self._store.alerts.history({})

    def restore(self, history: dict[str, pl.DataFrame]) -> None:
        with self._store.lock_alerting():
            self._store.alerts.restore(history)


@pytest.mark.slow
def test_nor_by_the_log_in_a_database(tmp_path: Path) -> None:
    class Stored(Life):
        make_log = partial(_StoredLog, tmp_path)

    run_state_machine_as_test(seed(0)(Stored), settings=_led(STORED_LIVES))
