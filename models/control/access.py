"""Who may see and do what: rules by e-mail or group, and what follows of what a sign-in says of a person.

How somebody signs in, and by which column a table is narrowed to teams, is the dashboard's.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

from models.control.conditions import Kind

Role = Literal["viewer", "editor", "admin"]
Deed = Literal["view", "act on alerts", "upload budgets", "upload owners", "see the log"]

DEEDS: Mapping[Role, frozenset[Deed]] = {
    "viewer": frozenset({"view"}),
    "editor": frozenset({"view", "act on alerts", "upload budgets"}),
    "admin": frozenset(get_args(Deed)),
}
"""What each role may do. Somebody of some teams only views, and acts on alerts that are these teams' own."""

OF_BUDGETS: tuple[Kind, ...] = ("budget", "budget_forecast", "burn_rate")
_OF_SOME_TEAMS: frozenset[Deed] = frozenset({"view", "act on alerts"})
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")
# not str.lower: a Kelvin sign would become a k, and one person another
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_SKEW = timedelta(minutes=5)


@dataclass(frozen=True)
class Person:
    """Somebody who is known here. `teams` None: of all costs; `email` None: nobody signs in here."""

    name: str
    email: str | None
    role: Role
    teams: tuple[str, ...] | None = None

    @property
    def signature(self) -> str:
        """In whose name things are done."""
        return self.email or self.name

    def may(self, deed: Deed) -> bool:
        return deed in DEEDS[self.role] and (self.teams is None or deed in _OF_SOME_TEAMS)

    def may_see(self, team: str | None) -> bool:
        """Whether something of that team (None: of no team, or of several) is theirs to see."""
        return self.teams is None or team in self.teams

    def may_act_on(self, team: str | None) -> bool:
        """Whether they may act on an alert of that team."""
        return self.may("act on alerts") and self.may_see(team)


@dataclass(frozen=True)
class AccessRule:
    """Whoever fits is given the role. Either `who`, a glob over e-mail addresses, or the name of a `group`."""

    role: Role
    who: str | None = None
    group: str | None = None
    teams: tuple[str, ...] | None = None

    def fits(self, email: str, groups: Sequence[str]) -> bool:
        """E-mail addresses in letters of any case, groups to the letter."""
        if self.group is not None:
            return self.group in groups
        return self.who is not None and fnmatchcase(_lower(email), _lower(self.who))


@dataclass(frozen=True)
class Access:
    """Everybody who is known, which claim tells groups, and for how many hours a sign-in holds."""

    rules: tuple[AccessRule, ...]
    groups_claim: str = "groups"
    hours: int = 12

    def person_of(self, claims: Mapping[str, Any], now: datetime) -> Person | None:
        """Whom the claims of an ID token are of: the first rule that fits says what they may; None is nobody.

        Nobody is also who has no e-mail address, one that the provider says is not verified, or who signed in longer
        ago than a sign-in holds.
        """
        email = claims.get("email")
        if not isinstance(email, str) or not _EMAIL.fullmatch(email) or not _is_verified(claims):
            return None
        if not self._holds(claims.get("iat"), now):
            return None
        groups = _groups(claims.get(self.groups_claim))
        rule = next((rule for rule in self.rules if rule.fits(email, groups)), None)
        if rule is None:
            return None
        name = claims.get("name")
        return Person(name if isinstance(name, str) and name.strip() else email, _lower(email), rule.role, rule.teams)

    def _holds(self, issued: object, now: datetime) -> bool:
        """Whether a sign-in of that instant (seconds since 1970) still holds."""
        if isinstance(issued, bool) or not isinstance(issued, int | float):
            return False
        age = now.timestamp() - issued
        return -_SKEW.total_seconds() <= age < timedelta(hours=self.hours).total_seconds()


def team_alone(kind: Kind, team: str | None, scope: str, subject: str) -> str | None:
    """The team whose costs alone a condition tells of; None where it tells of others' too, or may.

    Of an anomaly, the team of a condition is that of most of it; of a budget, the one that answers for it.
    """
    if team is None:
        return None
    is_alone = (
        kind == "residency"
        or (kind == "anomaly" and subject == f"team {team}")
        or (kind in OF_BUDGETS and f"team {team}" in scope.split(" · "))
    )
    return team if is_alone else None


def _lower(email: str) -> str:
    return email.translate(_LOWER)


def _is_verified(claims: Mapping[str, Any]) -> bool:
    """Providers of one organisation often do not say; what they say must not be no, in words neither."""
    return str(claims.get("email_verified", True)).lower() == "true"


def _groups(told: object) -> tuple[str, ...]:
    """A list, or one group by itself."""
    if isinstance(told, str):
        return (told,)
    return tuple(group for group in told if isinstance(group, str)) if isinstance(told, list | tuple) else ()
