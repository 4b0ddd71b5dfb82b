"""What every part of `outlay.yaml` is made of: the strict model, and words that many parts use."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

SOURCE_NAME = r"^[a-z0-9][a-z0-9-]*$"
MONTH = r"^\d{4}-(0[1-9]|1[0-2])$"
CURRENCY = r"^[A-Z]{3}$"
SourceName = Annotated[str, StringConstraints(pattern=SOURCE_NAME, max_length=64)]
_WRITTEN = {
    MONTH: "YYYY-MM, for example 2026-11",
    SOURCE_NAME: "small letters, digits and hyphens, without spaces",
    CURRENCY: "three capital letters, for example USD",
}
"""Patterns in words."""
Month = Annotated[str, StringConstraints(pattern=MONTH)]
Currency = Annotated[str, StringConstraints(pattern=CURRENCY)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Amount = Annotated[Decimal, Field(decimal_places=12, max_digits=30)]
"""Money, a price or a quantity as `models.table.MONEY` holds it, with room left to multiply and to sum."""
Day = Annotated[date, Field(ge=date(1900, 1, 1), lt=date(2200, 1, 1))]
"""A day that time is counted from or to."""


def _one_or_more(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


ONE_OR_MORE = BeforeValidator(_one_or_more)
"""Of several words one may be written by itself."""


class Strict(BaseModel):
    """Unknown settings are mistakes, and nothing changes after it was read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def explained(mistake: Mapping[str, Any]) -> str:
    """What pydantic found wrong with a value, in words for people."""
    if mistake["type"] == "missing":
        return "is missing"
    if mistake["type"] == "string_pattern_mismatch" and mistake["ctx"]["pattern"] in _WRITTEN:
        return f"write it as {_WRITTEN[mistake['ctx']['pattern']]}"
    return str(mistake["msg"]).removeprefix("Value error, ")


class Dated(Strict):
    """Something that holds from `valid_from` (default: always) until the day before `valid_to`, UTC."""

    valid_from: Day | None = Field(default=None, description="First day on which it holds; default: ever")
    valid_to: date | None = Field(default=None, description="First day on which it holds no longer; default: never")

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Dated:
        if self.valid_from is not None and self.valid_to is not None and self.valid_to <= self.valid_from:
            raise ValueError("valid_to must lie after valid_from")
        return self
