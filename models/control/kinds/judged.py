"""What came of a rule: its conditions, or why it could not be judged. The one answer of every kind."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from models.control.conditions import Condition


@dataclass(frozen=True)
class Judged:
    """The conditions of one rule. Not `judged` says nothing of them: what was known before stays, and `reason` why."""

    conditions: tuple[Condition, ...] = ()
    judged: bool = True
    reason: str | None = None


def found(conditions: Iterable[Condition]) -> Judged:
    """A rule that was judged, with all that holds of it."""
    return Judged(tuple(conditions))


def unknown(reason: str) -> Judged:
    """A rule that could not be judged: `reason` is one sentence for people."""
    return Judged(judged=False, reason=reason)
