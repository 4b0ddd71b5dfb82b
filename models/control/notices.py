"""Notices: what should have been said by now, from the states of alerts and the policy, less what was said.

Worked out from states, not from events: a pass that was never made is made good by the next. What a notice looks like,
and how it is sent once, is in `connectors.slack`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from models.control.alerts import Alert
from models.control.policy import Policy

What = Literal["first", "group", "reply", "edit", "digest"]
WHATS: tuple[What, ...] = get_args(What)


@dataclass(frozen=True)
class Notice:
    """One thing to be said in one place, once: `key` is made once and never again, and so is each that it `covers`.

    first: a message of its own about one alert; group: one about several; reply: to the message of the notice that
    it is `about` (`says` what: updated, escalated, woken, resolved, reopened), also of several of its alerts at once;
    edit: that message anew, as its alerts are by now; digest: of a week. `mention` is text as Slack writes it.

    What is covered is said by this notice as well: a group is the first of each of its members, and a first tells of
    an alert that got worse before anybody heard of it.
    """

    key: str
    what: What
    destination: str
    alert_ids: tuple[str, ...]
    says: str
    mention: str | None = None
    about: str | None = None
    covers: tuple[str, ...] = ()

    @property
    def notifies(self) -> tuple[str, ...]:
        """Alerts that are `notified` as soon as it is sent."""
        return self.alert_ids if self.what in ("first", "group") or self.says == "reopened" else ()

    @property
    def broadcasts(self) -> bool:
        """Whether a reply is to be seen in the channel, too, and not by those alone who follow its thread."""
        return self.what == "reply" and self.says in ("escalated", "reopened")


@dataclass(frozen=True)
class Made:
    """The notice that made a key, as its own or as one that it covers, and when."""

    notice: Notice
    at: datetime


def due_notices(alerts: Mapping[str, Alert], made: Mapping[str, Made], policy: Policy, now: datetime) -> list[Notice]:
    """The notices that are due and whose keys were not `made` yet, in the order in which they should be sent."""
    raise NotImplementedError
