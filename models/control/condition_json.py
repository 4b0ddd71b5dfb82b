"""A condition as one text, for events and queues that keep it, and back without loss: amounts as text, days in ISO."""

from __future__ import annotations

from pydantic import TypeAdapter

from models.control.conditions import Condition

CONDITION = TypeAdapter(Condition)
"""Checks every field by its type; its `ValidationError` names what is wrong."""


def to_json(condition: Condition) -> str:
    """One line of JSON with every field; the same condition is the same text."""
    return CONDITION.dump_json(condition).decode()


def from_json(text: str) -> Condition:
    """The condition that `to_json` wrote. Raises pydantic's `ValidationError` for anything else."""
    return CONDITION.validate_json(text)
