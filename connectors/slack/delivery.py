"""Delivering notices: each once, nothing lost, as far as Slack's API lets anybody say so.

Before anything is sent the attempt is recorded (`begin`), which is also the claim: of several deliverers one gets it.
An attempt whose end is not known (time-out, broken connection, a fault of Slack's, a process that was killed) stays
open. When it is a minute old the bot looks for the message by the reference in its metadata: what is there is recorded,
what is not is sent again, under the same reference. An edit is simply made again. Slack's saying no for good uses up an
attempt, and the others go on; its being out of reach uses up none.

What remains, in which a message may come twice, with the same reference:

- Bot: Slack shows (or takes) the message later than a minute after it was sent; the bot may not look (a scope is
  missing, it is not in the channel, more messages came since than it reads); somebody deleted the message before we
  looked; a deliverer stood still for more than a minute between recording and sending (a machine asleep, a network
  that hangs), or its clock is a minute behind another's, or was ahead when it began.
- Webhook: it can be asked nothing, so every attempt whose end is not known is made again.

Nothing else does it, and no message is lost: a notice is pending until Slack took it, it was dropped with a reason, or
the log gave it up after its attempts and shows it so.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Protocol

from connectors.control.alerts import PendingNotice, Posted
from connectors.errors import DeliveryError
from connectors.slack.message import Message
from connectors.slack.refusals import CannotAskError, MessageGoneError, NotEditableError, SlackUnavailableError
from models.control.notices import Notice

SETTLE = timedelta(seconds=60)
"""A message that is under way arrives within this; longer than any one attempt takes."""
CLOCK_SKEW = timedelta(minutes=5)
"""By so much Slack's clock and ours may differ."""
SOON = timedelta(seconds=15)
"""After this Slack may be in reach again."""
_LATER = timedelta(days=1)
"""By then everything that waits is due, whatever puts it off now."""
_STRIKES = 2
"""After so many notices in a row that a sender could not deliver it is left alone: one may be to blame itself."""


class DeliveryLog(Protocol):
    """What of `connectors.control.alerts.AlertLog` is needed here."""

    def due(self, now: datetime) -> Sequence[PendingNotice]: ...
    def begin(self, pending: PendingNotice) -> bool: ...
    def sent(self, pending: PendingNotice, posted: Posted | None) -> None: ...
    def failed(self, pending: PendingNotice, error: str, *, uncertain: bool, counts: bool) -> None: ...
    def put_off(self, destination: str, until: datetime) -> None: ...
    def drop(self, pending: PendingNotice, reason: str) -> None: ...
    def post_of(self, key: str) -> Posted | None: ...
    def is_pending(self, key: str) -> bool: ...


class Sender(Protocol):
    """Who posts messages, or raises a `DeliveryError` of `refusals`. Each call asks once."""

    @property
    def can_edit(self) -> bool: ...

    def post(
        self,
        destination: str,
        message: Message,
        *,
        reference: str,
        thread: Posted | None = None,
        broadcast: bool = False,
    ) -> Posted: ...

    def edit(self, posted: Posted, message: Message) -> None: ...

    def find(
        self, destination: str, reference: str, since: datetime, thread: Posted | None = None
    ) -> Posted | None: ...

    def check(self, destination: str) -> list[DeliveryError]: ...


@dataclass(frozen=True)
class Deliveries:
    """How it went, by key: sent now, recovered (it was there already), dropped with the reason, not sent with the
    error; and how many wait to be sent, now or later."""

    sent: tuple[str, ...] = ()
    recovered: tuple[str, ...] = ()
    dropped: tuple[tuple[str, str], ...] = ()
    failed: tuple[tuple[str, DeliveryError], ...] = ()
    waiting: int = 0


def deliver(
    log: DeliveryLog,
    sender_of: Callable[[str], Sender],
    render: Callable[[Notice], Message],
    clock: Callable[[], datetime],
    *,
    patience: timedelta = timedelta(0),
    sleep: Callable[[float], None] = time.sleep,
) -> Deliveries:
    """Send what is due, in order by destination, and record each end at once.

    `sender_of` a destination raises `DeliveryError` where there is none; `render` is asked when a notice is sent.
    `patience`: how long to wait altogether for what Slack asks to wait for, and for open attempts to settle.
    """
    work = _Deliverer(log, sender_of, render, clock)
    left = patience
    while (pause := work.go_through()) is not None and pause <= left:
        sleep(pause.total_seconds())
        left -= max(pause, timedelta(seconds=0.1))
    return work.deliveries()


class _End(Enum):
    SENT = auto()
    RECOVERED = auto()
    DROPPED = auto()


@dataclass
class _Attempt:
    """At one notice. `may_be_there`: Slack may have it from an attempt before, and has not said that it does not.
    `has_begun`: it is recorded, so that nobody else is at it."""

    pending: PendingNotice
    may_be_there: bool
    has_begun: bool = False

    @property
    def notice(self) -> Notice:
        return self.pending.notice


class _Deliverer:
    """One call of `deliver`: what was done so far, and who has to wait until when."""

    def __init__(
        self,
        log: DeliveryLog,
        sender_of: Callable[[str], Sender],
        render: Callable[[Notice], Message],
        clock: Callable[[], datetime],
    ) -> None:
        self._log = log
        self._sender_of = sender_of
        self._render = render
        self._clock = clock
        self._done: dict[_End, list[str]] = {end: [] for end in _End}
        self._reasons: dict[str, str] = {}
        self._errors: dict[str, DeliveryError] = {}
        self._limited: dict[str, datetime] = {}
        """Destinations that are not to be asked before an instant."""

    def deliveries(self) -> Deliveries:
        return Deliveries(
            sent=tuple(self._done[_End.SENT]),
            recovered=tuple(self._done[_End.RECOVERED]),
            dropped=tuple((key, self._reasons[key]) for key in self._done[_End.DROPPED]),
            failed=tuple(self._errors.items()),
            waiting=len(self._log.due(self._clock() + _LATER)),
        )

    def go_through(self) -> timedelta | None:
        """Everything that is due, once. How long until more could be done; None where waiting does not help."""
        until = [free for free in self._limited.values() if free > self._clock()]
        strikes: Counter[Sender] = Counter()
        for pending in self._log.due(self._clock()):
            now, destination = self._clock(), pending.notice.destination
            free = self._limited.get(destination, now)
            begun = pending.begun_at
            # begun in the future: a clock was ahead then, and nobody waits until it gets there again
            settled = now if begun is None or begun > now + CLOCK_SKEW else begun + SETTLE
            if max(free, settled) > now:
                until.append(max(free, settled))
            elif not self._waits_for_its_message(pending.notice):
                until += self._deliver(pending, strikes)
        return max(min(until) - self._clock(), timedelta(0)) if until else None

    def _waits_for_its_message(self, notice: Notice) -> bool:
        return notice.about is not None and self._log.is_pending(notice.about)

    def _deliver(self, pending: PendingNotice, strikes: Counter[Sender]) -> list[datetime]:
        """One notice, to an end that is recorded. Instants from which more could be done because of it."""
        attempt, key = _Attempt(pending, pending.begun_at is not None), pending.notice.key
        try:
            sender = self._sender_of(pending.notice.destination)
        except DeliveryError as error:
            return self._refused(attempt, error)
        if strikes[sender] >= _STRIKES:
            return []
        try:
            end = self._recovered(attempt, sender) or self._sent(attempt, sender)
        except SlackUnavailableError as error:
            strikes[sender] += error.retry_after is None
            return self._unavailable(attempt, error)
        except DeliveryError as error:
            return self._refused(attempt, error)
        strikes[sender] = 0
        if end is not None:
            self._done[end].append(key)
        self._errors.pop(key, None)
        return []

    def _refused(self, attempt: _Attempt, error: DeliveryError) -> list[datetime]:
        """It uses up an attempt, and waiting does not help."""
        self._failed(attempt, error, uncertain=attempt.may_be_there, counts=True)
        return []

    def _unavailable(self, attempt: _Attempt, error: SlackUnavailableError) -> list[datetime]:
        """It uses up none, and waiting may help."""
        uncertain = error.may_have_it or attempt.may_be_there
        self._failed(attempt, error, uncertain=uncertain, counts=False)
        now, destination = self._clock(), attempt.notice.destination
        if error.retry_after is None:
            return [now + (SETTLE if uncertain else SOON)]
        free = now + timedelta(seconds=error.retry_after)
        self._limited[destination] = free
        self._log.put_off(destination, free)  # for whoever comes next
        return [free]

    def _failed(self, attempt: _Attempt, error: DeliveryError, *, uncertain: bool, counts: bool) -> None:
        """What failed before it began begins now: who is at it meanwhile is left alone, for Slack may have it from
        them."""
        if attempt.has_begun or self._log.begin(attempt.pending):
            self._log.failed(attempt.pending, str(error), uncertain=uncertain, counts=counts)
            self._errors[attempt.notice.key] = error

    def _recovered(self, attempt: _Attempt, sender: Sender) -> _End | None:
        """Where an attempt has no end: whether the message is there. Asked before another one begins."""
        if attempt.notice.what == "edit":
            return None
        thread = self._thread(attempt.notice)
        found = self._found(attempt, sender, thread)
        return self._record(attempt, found, thread, _End.RECOVERED) if found else None

    def _found(self, attempt: _Attempt, sender: Sender, thread: Posted | None) -> Posted | None:
        if not attempt.may_be_there:
            return None
        notice, since = attempt.notice, attempt.pending.created_at - CLOCK_SKEW
        try:
            found = sender.find(notice.destination, notice.key, since, thread)
        except CannotAskError:
            return None
        attempt.may_be_there = found is not None
        return found

    def _sent(self, attempt: _Attempt, sender: Sender) -> _End | None:
        """None where somebody else is at it."""
        message = self._render(attempt.notice)
        attempt.has_begun = self._log.begin(attempt.pending)
        if not attempt.has_begun:
            return None
        thread = self._thread(attempt.notice)
        if attempt.notice.what == "edit":
            return self._edit(attempt, sender, message, thread)
        return self._post(attempt, sender, message, thread)

    def _thread(self, notice: Notice) -> Posted | None:
        """The message that it is about, where there is one that can be replied to."""
        posted = self._log.post_of(notice.about) if notice.about else None
        return posted if posted and posted.ts else None

    def _edit(self, attempt: _Attempt, sender: Sender, message: Message, posted: Posted | None) -> _End:
        if not sender.can_edit:
            return self._drop(attempt, "a webhook cannot edit what it posted")
        if posted is None:
            return self._drop(attempt, "the message that it is about was never sent")
        try:
            sender.edit(posted, message)
        except MessageGoneError as error:
            return self._drop(attempt, error.what)
        except NotEditableError:
            # what stands there is no longer true: it is said below it
            if found := self._found(attempt, sender, posted):
                return self._record(attempt, found, posted, _End.RECOVERED)
            return self._post(attempt, sender, message, posted)
        self._log.sent(attempt.pending, None)
        return _End.SENT

    def _post(self, attempt: _Attempt, sender: Sender, message: Message, thread: Posted | None) -> _End:
        notice = attempt.notice
        try:
            posted = sender.post(
                notice.destination, message, reference=notice.key, thread=thread, broadcast=notice.broadcasts
            )
        except MessageGoneError:
            # somebody deleted the message that it should go under
            thread, posted = None, sender.post(notice.destination, message, reference=notice.key)
        return self._record(attempt, posted, thread, _End.SENT)

    def _record(self, attempt: _Attempt, posted: Posted, thread: Posted | None, end: _End) -> _End:
        self._log.sent(attempt.pending, posted if thread is None else None)
        return end

    def _drop(self, attempt: _Attempt, reason: str) -> _End:
        self._log.drop(attempt.pending, reason)
        self._reasons[attempt.notice.key] = reason
        return _End.DROPPED
