"""What was said: notices that were made, and what follows from them for the next ones. Nothing here decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Literal, get_args

from models.control.alerts import Alert

What = Literal["first", "group", "reply", "edit", "digest"]
WHATS: tuple[What, ...] = get_args(What)


@dataclass(frozen=True)
class Notice:
    """One thing to be said in one place, once: `key` is made once and never again, and so is each that it `covers`.

    first: a message of its own about one alert; group: one about several; reply: to the message of the notice that
    it is `about` (`says` what: updated, worsened, escalated, woken, resolved, reopened), also of several of its alerts;
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
        return (
            self.alert_ids if self.what in ("first", "group") or self.says in ("reopened", "worsened", "woken") else ()
        )

    @property
    def broadcasts(self) -> bool:
        """Whether a reply is to be seen in the channel, too, and not by those alone who follow its thread."""
        return self.what == "reply" and self.says in ("escalated", "reopened", "worsened")


@dataclass(frozen=True)
class Made:
    """The notice that made a key, as its own or as one that it covers, and when."""

    notice: Notice
    at: datetime


@dataclass(frozen=True)
class Said:
    """All keys that were ever made, and what is asked of them."""

    made: Mapping[str, Made]

    def __contains__(self, key: str) -> bool:
        return key in self.made

    def root(self, alert: Alert, destination: str, episode: int) -> Notice | None:
        """The message that tells of this episode there: its first, its group, or the one that it was reopened under."""
        told = self.made.get(opened_key(alert, destination, episode))
        if told is None:
            return None
        above = self.made.get(told.notice.about or "")
        return (above or told).notice

    def last_at(self, alert: Alert, destination: str) -> datetime | None:
        """When something was said last about the alert there, edits aside."""
        return self._last.get((alert.condition.alert_id, destination))

    def places(self, alert: Alert) -> list[str]:
        """Destinations at which this episode of the alert was told, by name."""
        told = self._places.get(alert.condition.alert_id, ())
        return sorted(place for place in told if opened_key(alert, place, alert.episode) in self.made)

    @cached_property
    def _last(self) -> dict[tuple[str, str], datetime]:
        last: dict[tuple[str, str], datetime] = {}
        for own, made in self.made.items():
            if own == made.notice.key and made.notice.what != "edit":
                for alert_id in made.notice.alert_ids:
                    place = alert_id, made.notice.destination
                    last[place] = max(made.at, last.get(place, made.at))
        return last

    @cached_property
    def _places(self) -> dict[str, set[str]]:
        places: dict[str, set[str]] = {}
        for alert_id, destination in self._last:
            places.setdefault(alert_id, set()).add(destination)
        return places


def key(alert: Alert, says: str, destination: str, number: str | int | None = None) -> str:
    """`<alert>.<episode>.<says>[.<number>].<destination>`."""
    parts = (alert.condition.alert_id, alert.episode, says, number, destination)
    return ".".join(str(part) for part in parts if part is not None)


def opened_key(alert: Alert, destination: str, episode: int) -> str:
    """The key that is made as soon as an episode of the alert is told there, in whatever form."""
    return f"{alert.condition.alert_id}.{episode}.opened.{destination}"
