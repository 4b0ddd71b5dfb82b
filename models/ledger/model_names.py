"""Which price model a vendor's model name means: match clauses from data, applied to distinct names only.

The clauses are genai-prices' own (equals, starts_with, ends_with, contains, regex, and, or), kept as reviewed data
so that a name means the same until somebody accepts another catalogue. Prices do not belong here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, NamedTuple

import polars as pl

_COMPACT_DATE = re.compile(r"(-)(20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)")


class PriceModel(NamedTuple):
    """Whose price list, and which model of it."""

    provider: str
    model: str


@dataclass(frozen=True)
class ModelNames:
    """The match clauses of every provider in their order, and the providers whose lists it falls back on."""

    clauses: Mapping[str, Sequence[tuple[str, str]]]
    fallbacks: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, models: pl.DataFrame, providers: pl.DataFrame) -> ModelNames:
        """From `models` (provider, position, model, match) and `providers` (provider, falls_back_on), all text."""
        ordered = models.sort("provider", pl.col("position").cast(pl.Int64))
        clauses: dict[str, list[tuple[str, str]]] = {}
        for provider, model, match in ordered.select("provider", "model", "match").iter_rows():
            clauses.setdefault(provider, []).append((model, match))
        fallbacks = {
            provider: tuple((others or "").split())
            for provider, others in providers.select("provider", "falls_back_on").iter_rows()
        }
        return cls(clauses, fallbacks)

    def resolve(self, provider: str, names: Iterable[str]) -> dict[str, PriceModel | None]:
        """For each name the price model it means, or None: first clause that fits wins, as in genai-prices.

        A name nobody knows stays unknown; it is never given a relative's price. Names such as `x-20251211` that fit
        nothing are tried once more with a dashed date.
        """
        return {name: self._resolve(provider, name.lower()) for name in names}

    def _resolve(self, provider: str, name: str) -> PriceModel | None:
        found = self._match(provider, name)
        if found is None:
            dashed = _COMPACT_DATE.sub(_with_dashes, name)
            found = self._match(provider, dashed) if dashed != name else None
        return found

    def _match(self, provider: str, name: str) -> PriceModel | None:
        for owner in (provider, *self.fallbacks.get(provider, ())):
            for model, match in self.clauses.get(owner, ()):
                if fits(_clause(match), name):
                    return PriceModel(owner, model)
        return None


@cache
def _clause(match: str) -> Mapping[str, Any]:
    return json.loads(match)


_TESTS: Mapping[str, Callable[[Any, str], bool]] = {
    "equals": lambda wanted, name: name == wanted.lower(),
    "starts_with": lambda wanted, name: name.startswith(wanted.lower()),
    "ends_with": lambda wanted, name: name.endswith(wanted.lower()),
    "contains": lambda wanted, name: wanted.lower() in name,
    "regex": lambda wanted, name: re.search(wanted, name) is not None,
    "or": lambda wanted, name: any(fits(part, name) for part in wanted),
    "and": lambda wanted, name: all(fits(part, name) for part in wanted),
}


def fits(clause: Mapping[str, Any], name: str) -> bool:
    """Whether a lower-case name fits a clause; an unknown kind of clause is a KeyError, never a silent no."""
    ((kind, wanted),) = clause.items()
    return _TESTS[kind](wanted, name)


def _with_dashes(found: re.Match[str]) -> str:
    year, month, day = (int(found.group(place)) for place in (2, 3, 4))
    try:
        return f"-{date(year, month, day):%Y-%m-%d}"
    except ValueError:
        return found.group(0)
