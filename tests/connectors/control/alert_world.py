"""A small world for alerts to live in: conditions that come and go, people, a make-believe Slack, and sudden deaths.

Everything between a condition and Slack is the real thing but the log, which may be one in memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from connectors.control.alerts import PendingNotice, Posted
from connectors.errors import DeliveryError
from connectors.slack.delivery import deliver
from connectors.slack.message import Message
from connectors.slack.refusals import SlackUnavailableError
from models.control.alerts import Alert, AlertEvent, Request, ask, observe, replay, tick
from models.control.conditions import SEVERITIES, AlertKey, Condition
from models.control.notices import Notice, due_notices, what_to_say
from models.control.policy import Escalation, Maintenance, Match, Policy, QuietHours, Route, destinations, held_until
from models.control.said import Said, opened_key
from models.control.sayings import HISTORY, Saying, sayings
from models.errors import AlertError
from tests.connectors.control.memory_log import MemoryLog

START = datetime(2026, 3, 2, 9, tzinfo=UTC)  # a Monday
HOUR = timedelta(hours=1)


class Killed(BaseException):
    """The process is gone, from one instruction to the next."""


TROUBLES: tuple[str, ...] = ("lost answer", "lost question", "away", "refused", "limited")


@dataclass
class FakeSlack:
    """Channels of messages. The next call after `calls_well` others is in `trouble`, and all after it again well."""

    clock: Callable[[], datetime]
    posts: Counter[str] = field(default_factory=Counter[str])
    messages: dict[tuple[str, str], Posted] = field(default_factory=dict[tuple[str, str], Posted])
    trouble: str | None = None
    calls_well: int = 0
    can_edit: bool = True

    def __hash__(self) -> int:
        return id(self)

    def post(
        self,
        destination: str,
        message: Message,
        *,
        reference: str,
        thread: Posted | None = None,
        broadcast: bool = False,
    ) -> Posted:
        assert message.text == reference
        assert broadcast in (False, True)
        self._fail(before=True)
        posted = Posted(destination, destination, str(sum(self.posts.values()) + 1), reference)
        assert thread is None or thread.destination == destination
        self.posts[f"{reference} at {destination}"] += 1
        self.messages[destination, reference] = posted
        self._fail(before=False)
        return posted

    def edit(self, posted: Posted, message: Message) -> None:
        assert (posted.destination, posted.notice_key) in self.messages
        self._fail(before=True)
        self._fail(before=False)

    def find(self, destination: str, reference: str, since: datetime, thread: Posted | None = None) -> Posted | None:
        assert thread is None or thread.ts
        self._fail(before=True)
        found = self.messages.get((destination, reference))
        return found if since <= self.clock() else None

    def _fail(self, *, before: bool) -> None:
        if self.trouble is None or (self.trouble == "lost answer") == before:
            return
        if self.calls_well > 0:
            self.calls_well -= 1
            return
        trouble, self.trouble = self.trouble, None
        if trouble == "refused":
            raise DeliveryError("Slack said no", source="slack", remedy="wait")
        retry_after = 30.0 if trouble == "limited" else None
        raise SlackUnavailableError(trouble, may_have_it=trouble.startswith("lost"), retry_after=retry_after)


class _Mortal:
    """The log, at whose doors a process may die or meet another."""

    def __init__(self, log: Any, world: World) -> None:
        self._log, self._world = log, world

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    def begin(self, pending: PendingNotice) -> bool:
        claimed = self._log.begin(pending)
        self._world.may_die("begun, not sent")
        return claimed

    def sent(self, pending: PendingNotice, posted: Posted | None) -> None:
        self._world.may_die("sent, not recorded")
        self._log.sent(pending, posted)
        self._world.may_die("sent and recorded")


DEATHS: tuple[str, ...] = ("before recording", "recorded", "copied", "begun, not sent", "sent, not recorded",
                           "sent and recorded")  # fmt: skip

MEETINGS = DEATHS[1:]
"""Where two passes may meet: before that the lock keeps them apart."""

KINDS: dict[str, Any] = {"Search": "budget", "costs": "anomaly"}
CONDITIONS: tuple[Condition, ...] = tuple(
    Condition(
        AlertKey(rule, scope, "2026-03", ""), KINDS[rule], "firing", "warning", f"{scope} is dear", scope, "120 of 100",
        "ask", date(2026, 3, 1), amount=Decimal(100), currency="EUR", team=team,
    )
    for rule, scope, team in (("Search", "a", "one"), ("costs", "b", "two"), ("costs", "c", None))
)  # fmt: skip

_EVENING = QuietHours(time(20), time(7))
POLICIES: tuple[Policy, ...] = (
    Policy("#ai"),
    Policy(
        "#ai",
        routes=(
            Route("both", "#one", Match(teams=("one",)), goes_on=True),
            Route("rest", "#two", Match(kinds=("anom*",))),
        ),
        escalations=(Escalation(2 * HOUR, mention="<!here>"), Escalation(9 * HOUR, destination="#boss")),
        storm_above=1,
    ),
    Policy("#ai", routes=(Route("daily", "#ai", Match(teams=("two",)), digest_at=time(10)),), quiet_hours=(_EVENING,)),
    Policy(
        "#ai",
        maintenances=(Maintenance("move", START, START + 12 * HOUR, Match(rules=("costs",))),),
        escalations=(Escalation(HOUR),),
        storm_above=2,
    ),
    Policy(
        "#ai",
        quiet_hours=(_EVENING,),
        maintenances=(Maintenance("weeks", START + 2 * HOUR, START + timedelta(days=14), Match(rules=("costs",))),),
    ),
    Policy(None),
)  # fmt: skip


class World:
    """One life: what stands, who asks, how Slack is, and what the log and the lake know of it."""

    def __init__(self, make_log: Callable[[Callable[[], datetime]], Any] = MemoryLog) -> None:
        self.now = START
        self._make_log = make_log
        self.log = make_log(self.clock)
        self.lake: Any = self.log.history()
        self.slack = FakeSlack(self.clock)
        self.policy = POLICIES[0]
        self.stands: dict[str, Condition] = {}
        self.unknown: set[str] = set()
        self.gone: set[str] = set()
        self.dies_at: str | None = None
        self.meets_at: str | None = None
        self._asked = 0
        self._promised: dict[str, tuple[Saying, Policy]] = {}

    def clock(self) -> datetime:
        return self.now

    def may_die(self, door: str) -> None:
        """At a door the process dies, or another one makes a whole pass meanwhile."""
        if self.dies_at == door:
            self.dies_at = None
            raise Killed(door)
        if self.meets_at == door:
            self.meets_at = None
            self.make_a_pass()

    # What happens

    def ask(self, condition: Condition, act: Any, hours: float) -> None:
        self._asked += 1
        until = self.now + hours * HOUR if act == "snooze" else None
        request = Request(f"request {self._asked}", condition.alert_id, act, "ana", self.now, until)
        assert self.log.request(request)
        assert not self.log.request(replace(request, act="resolve"))

    def make_a_pass(self) -> None:
        """As `pipelines.alerting` makes one."""
        try:
            self._record()
            self.may_die("recorded")
            self.lake = self.log.history()
            self.may_die("copied")
            self._deliver()
            self.lake = self.log.history()
        except Killed:
            pass
        finally:
            self.dies_at = self.meets_at = self.slack.trouble = None

    def lose_the_store(self) -> None:
        self.log = self._make_log(self.clock)
        self.log.restore(self.lake)

    def _record(self) -> None:
        before = book = self.log.book()
        events, applied, refused = list[AlertEvent](), list[Request](), list[tuple[Request, str]]()
        for request in self.log.pending_requests():
            try:
                event = ask(book, request)
            except AlertError as error:
                refused.append((request, str(error)))
            else:
                book, events, applied = replay([event], book), [*events, event], [*applied, request]
        rules = {(rule, kind) for rule, kind in KINDS.items() if rule not in self.gone}
        judged = {(rule, kind) for rule, kind in rules if rule not in self.unknown}
        seen = [condition for condition in self.stands.values() if (condition.key.rule, condition.kind) in judged]
        gone = {(alert.key.rule, alert.kind) for alert in book.values()} - rules
        observed = observe(book, seen, judged, self.now, gone)
        book = replay(observed, book)
        timed = tick(book, self.policy, self.now)
        book = replay(timed, book)
        fresh, notices = what_to_say(book, seen, self.log.made(), self.policy, self.now)
        book, events = replay(fresh, book), [*events, *observed, *timed, *fresh]
        self.may_die("before recording")
        self.log.record(events, notices, applied)
        for request, reason in refused:
            self.log.refuse(request, reason)
        for alert_id, alert in self.log.book().items():
            assert alert.is_firing == self._should_fire(alert, before.get(alert_id)), alert
        holding = {each.alert_id: each for each in seen if (each.holds_from or self.now) <= self.now}
        self._check_that_it_is_told_as_it_stands(holding, notices)
        self._check_that_promises_are_kept()

    def _should_fire(self, alert: Alert, before: Alert | None) -> bool:
        """Unknown changes nothing, and what lingers keeps what there is."""
        condition = self.stands.get(alert.key.alert_id)
        if alert.key.rule in self.gone:
            return False
        if alert.key.rule in self.unknown:
            return before is not None and before.is_firing
        if condition is None or (condition.holds_from or self.now) > self.now:
            return False
        return condition.standing == "firing" or (before is not None and before.is_firing)

    def _deliver(self) -> None:
        if self.policy.places:
            deliver(_Mortal(self.log, self), lambda _place: self.slack, _message, self.clock)

    # What must hold

    def _check_that_it_is_told_as_it_stands(self, holding: dict[str, Condition], notices: Sequence[Notice]) -> None:
        """To whom hears of it for the first time since it opened or woke; and what got more severe is not snoozed."""
        book = self.log.book()
        for alert_id in {alert_id for notice in notices for alert_id in notice.notifies} & set(holding):
            alert = book[alert_id]
            assert alert.condition == holding[alert_id] or alert.notified_at or alert.state == "resolved", alert
        for alert_id, condition in holding.items():
            if condition.standing == "firing" and book[alert_id].state == "snoozed":
                severities = condition.severity, book[alert_id].condition.severity
                assert sorted(severities, key=SEVERITIES.index)[1] == severities[1], severities

    def _check_that_promises_are_kept(self) -> None:
        """What was held, and nothing has happened to since, is held still or was made, however long it was held; only
        where no pass was made for days after it could have been told it may be history."""
        book, made = self.log.book(), self.log.made()
        held = [each for each in sayings(book, Said(made), self.policy, self.now) if each.what != "edit"]
        promises = {
            opened_key(each.alert, each.destination, each.alert.episode) if each.is_news else each.keys[0]: each
            for each in held
        }
        for key, (saying, policy) in self._promised.items():
            if policy is self.policy and book.get(saying.alert.key.alert_id) == saying.alert:
                assert key in made or key in promises or self.now - saying.ready_at > HISTORY / 2, key
        self._promised = {key: (saying, self.policy) for key, saying in promises.items()}

    def check(self) -> None:
        """At any time: nothing is there twice, and an alert is what its events replay to."""
        twice = [post for post, times in self.slack.posts.items() if times > 1]
        assert not twice, twice
        assert self.log.book() == replay(self.log.told())

    def settle(self) -> None:
        """Let everything end that can: Slack is well, nobody dies, and nobody is made to wait."""
        self.unknown.clear()
        for _ in range(60):
            self.log.try_again()
            self.make_a_pass()
            if self.policy.places and self.log.due(self.now + timedelta(days=1)):
                self.now += 2 * HOUR
            elif waiting := sayings(self.log.book(), Said(self.log.made()), self.policy, self.now):
                self.now = max(self.now, *(saying.ready_at for saying in waiting))
            else:
                return
        raise AssertionError(f"it never comes to rest: {self.log.due(self.now + timedelta(days=1))}")

    def check_settled(self) -> None:
        """At last: everything that stands is told wherever it belongs, and the lake has all of it."""
        self.check()
        book, made = self.log.book(), self.log.made()
        assert due_notices(book, made, self.policy, self.now) == []
        for condition in self.stands.values():
            holds = condition.holds_from is None or condition.holds_from <= self.now
            if holds and condition.standing == "firing" and condition.key.rule not in self.gone:
                alert = book[condition.alert_id]
                assert alert.is_firing, alert
        for alert_id, alert in book.items():
            places = [target.destination for target in destinations(alert.condition, self.policy)]
            if alert.state in ("snoozed", "resolved") or held_until(self.policy, alert.condition, self.now):
                continue
            assert alert_id in self.stands, alert
            assert alert.state != "open" or not places, alert
            for place in places:
                key = made[opened_key(alert, place, alert.episode)].notice.key
                assert (place, key) in self.slack.messages, key
        assert _as_text(self.lake) == _as_text(self.log.history())


def _message(notice: Notice) -> Message:
    return Message(notice.key, ())


def _as_text(history: Any) -> list[str]:
    parts: Iterable[Any] = history.values() if isinstance(history, dict) else history
    return [str(part.to_dicts() if hasattr(part, "to_dicts") else part) for part in parts]
