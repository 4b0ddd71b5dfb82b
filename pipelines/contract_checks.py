"""Which contracts of `outlay.yaml` are mistakes: rates that cannot work or are never reached, commits beside them.

What one setting may say by itself is checked where it is declared (`settings`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from fnmatch import fnmatchcase
from itertools import combinations, product
from typing import NamedTuple

from models.errors import OutlayError
from models.ledger.contract_rates import ContractRate
from models.ledger.sku_rates import is_called
from pipelines.contracts import contract_rate
from pipelines.rule_checks import LineOf, Location, Mistake
from pipelines.settings import Settings
from pipelines.settings.contracts import CommitSettings, ContractSettings


class _Placed(NamedTuple):
    location: Location
    rate: ContractRate


def contract_mistakes(settings: Settings, line_of: LineOf) -> Iterator[Mistake]:
    """Every mistake of contracts. `line_of` a place, for messages of two places."""
    placed: list[_Placed] = []
    for position, contract in enumerate(settings.contracts):
        place: Location = ("contracts", position)
        yield from _dates(place, contract)
        yield from _commits(place, contract, line_of)
        for number, rate in enumerate(contract.rates):
            try:
                placed.append(_Placed((*place, "rates", number), contract_rate(contract, number + 1, rate)))
            except OutlayError as error:
                yield Mistake((*place, "rates", number), f"{error.what}: {error.remedy}")
    yield from _commits_beside(settings.contracts, line_of)
    yield from _never_reached(placed, line_of)


def _dates(place: Location, contract: ContractSettings) -> Iterator[Mistake]:
    """A contract ends after it begins; its rates and its renewal lie within it."""
    starts, ends = contract.valid_from, contract.valid_to
    if starts and ends and ends <= starts:
        yield Mistake((*place, "valid_to"), "must lie after valid_from")
        return
    for number, rate in enumerate(contract.rates):
        if _is_outside(rate.valid_from, rate.valid_to, contract):
            yield Mistake((*place, "rates", number), f"holds outside of the contract's dates, {_span(contract)}")
    if contract.renewal and ends and contract.renewal.day > ends:
        yield Mistake((*place, "renewal", "day"), f"lies after the contract's end, {ends}")


def _is_outside(starts: date, ends: date | None, contract: ContractSettings) -> bool:
    too_early = contract.valid_from is not None and starts < contract.valid_from
    too_late = contract.valid_to is not None and (starts >= contract.valid_to or (ends or starts) > contract.valid_to)
    return too_early or too_late


def _span(contract: ContractSettings) -> str:
    return f"from {contract.valid_from or 'ever'} until {contract.valid_to or 'ever'}"


def _commits(place: Location, contract: ContractSettings, line_of: LineOf) -> Iterator[Mistake]:
    """Commits lie within the contract, have names and ids of their own, and count each charge once."""
    for number, commit in enumerate(contract.commits):
        here = (*place, "commits", number)
        if _is_outside(commit.valid_from, commit.valid_to, contract):
            yield Mistake(here, f"{commit.name!r} lies outside of the contract's dates, {_span(contract)}")
        if commit.id is None and contract.source is None and contract.issuer is None:
            yield Mistake(here, f"whose charges count against {commit.name!r}? Give the contract a source or an issuer")
    for (first, one), (second, other) in combinations(enumerate(contract.commits), 2):
        line = line_of((*place, "commits", first))
        if one.name == other.name:
            yield Mistake((*place, "commits", second, "name"), f"{other.name!r} is a commit already (line {line})")
        if one.id is not None and one.id == other.id:
            yield Mistake((*place, "commits", second, "id"), f"{other.id!r} is the id of another commit (line {line})")
        elif _count_twice(one, other):
            what = f"{one.name!r} (line {line}) and {other.name!r} overlap: each charge would count against both"
            yield Mistake((*place, "commits", second), what)


def _commits_beside(contracts: Sequence[ContractSettings], line_of: LineOf) -> Iterator[Mistake]:
    """Commits of several contracts that the same charges count against."""
    for (first, one), (second, other) in combinations(enumerate(contracts), 2):
        if not _of_same_charges(one, other):
            continue
        for (number, mine), (place, theirs) in product(enumerate(one.commits), enumerate(other.commits)):
            if _count_twice(mine, theirs):
                line = line_of(("contracts", first, "commits", number))
                what = f"{mine.name!r} (line {line}) and {theirs.name!r} overlap: each charge would count against both"
                yield Mistake(("contracts", second, "commits", place), what)


def _of_same_charges(one: ContractSettings, other: ContractSettings) -> bool:
    """For certain: the same issuer or the same source, and nothing that tells them apart."""
    pairs = [(one.issuer, other.issuer), (one.source, other.source)]
    named = [(mine, theirs) for mine, theirs in pairs if mine is not None and theirs is not None]
    return bool(named) and all(mine.casefold() == theirs.casefold() for mine, theirs in named)


def _count_twice(one: CommitSettings, other: CommitSettings) -> bool:
    both = one.kind == other.kind == "spend" and one.currency == other.currency and one.id is other.id is None
    return both and one.valid_from < other.valid_to and other.valid_from < one.valid_to


def _never_reached(placed: Sequence[_Placed], line_of: LineOf) -> Iterator[Mistake]:
    """A rate behind one that fits whatever it fits, on all of its days."""
    for number, (location, rate) in enumerate(placed):
        before = next((other for other in placed[:number] if _covers(other.rate, rate)), None)
        if before is not None:
            yield Mistake(
                location,
                f"{rate.name!r} is never reached: {before.rate.name!r} (line {line_of(before.location)}) fits all that "
                "it fits, and comes first; put the narrower one before the wider",
            )


_PATTERNS = ("model", "sku", "service", "region", "instance_type")
_EXACT = ("source", "meter", "processing_tier", "unit")


def _covers(wide: ContractRate, narrow: ContractRate) -> bool:
    if wide.for_charges != narrow.for_charges or not _covers_days(wide, narrow):
        return False
    if wide.for_charges and not _covers_price(wide, narrow):
        return False
    patterns = [(getattr(wide, name), getattr(narrow, name)) for name in _PATTERNS]
    exact = [(getattr(wide, name), getattr(narrow, name)) for name in _EXACT]
    names = [(wide.provider, narrow.provider), (wide.issuer, narrow.issuer)]
    return (
        all(
            one in (None, "*", other) or (_is_exact(other) and fnmatchcase(other or "", one)) for one, other in patterns
        )
        and all(one in (None, other) for one, other in exact)
        and all(one in (None, "*", other) or (_is_exact(other) and is_called(other or "", one)) for one, other in names)
    )


def _covers_price(wide: ContractRate, narrow: ContractRate) -> bool:
    """A price fits charges of its currency only, and a discount none at a price of the moment."""
    if wide.unit_price is None:
        return narrow.unit_price is None
    return narrow.unit_price is not None and narrow.currency == wide.currency


def _is_exact(pattern: str | None) -> bool:
    return pattern is not None and not set("*?[") & set(pattern)


def _covers_days(wide: ContractRate, narrow: ContractRate) -> bool:
    lasts = wide.valid_to is None or (narrow.valid_to is not None and narrow.valid_to <= wide.valid_to)
    return wide.valid_from <= narrow.valid_from and lasts
