"""Which names in `outlay.yaml` are mistakes: pools, teams, components and sources that nobody declared.

Sources depend on the home too, for files are imported: only `outlay config check` asks for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from models.economics.components import LAYERS
from models.economics.ownership import DIMENSIONS, tags_in
from models.wording import nearest
from pipelines.home import Home
from pipelines.imports import imported_sources
from pipelines.rule_checks import Location, Mistake
from pipelines.settings import Settings

DECLARED = "declared"
"""Source of what `costs` declare, and of accelerators of our own."""


def name_mistakes(settings: Settings) -> Iterator[Mistake]:
    """Pools, teams and components that there are not; of teams only where there is a list of them."""
    pools = {pool.name for pool in settings.shared}
    teams = {team.name for team in settings.teams}
    for location, name in _pools_named(settings):
        if name not in pools:
            yield Mistake(location, f"there is no pool {name!r} under shared{nearest(name, pools)}")
    for location, name in _teams_named(settings):
        if teams and not _is_team((location, name), teams) and not tags_in(name):
            yield Mistake(location, f"there is no team {name!r} under teams{nearest(name, teams)}")
    for number, cost in enumerate(settings.costs):
        for dimension in (*DIMENSIONS, "shared"):
            if tags_in(getattr(cost, dimension)):
                what = f"{getattr(cost, dimension)!r}: a declared cost has no tags to take a value from; write it out"
                yield Mistake(("costs", number, dimension), what)
        if cost.component is not None and cost.component not in LAYERS:
            yield Mistake(
                ("costs", number, "component"),
                f"there is no component {cost.component!r}{nearest(cost.component, LAYERS)}",
            )
    for number, owner in enumerate(settings.owners):
        if owner.component is not None and not any(fnmatchcase(name, owner.component) for name in LAYERS):
            yield Mistake(
                ("owners", number, "component"),
                f"no component fits {owner.component!r}{nearest(owner.component, LAYERS)}",
            )


def _pools_named(settings: Settings) -> Iterator[tuple[Location, str]]:
    for part, named in (("owners", settings.owners), ("costs", settings.costs)):
        for number, each in enumerate(named):
            if each.shared is not None:
                yield (part, number, "shared"), each.shared
    for number, pool in enumerate(settings.shared):
        for place, share in enumerate(pool.shares):
            if share.shared is not None:
                yield ("shared", number, "shares", place, "shared"), share.shared


def _teams_named(settings: Settings) -> Iterator[tuple[Location, str]]:
    for part, named in (("owners", settings.owners), ("costs", settings.costs)):
        for number, each in enumerate(named):
            if each.team is not None:
                yield (part, number, "team"), each.team
    for number, pool in enumerate(settings.shared):
        for place, share in enumerate(pool.shares):
            if share.team is not None:
                yield ("shared", number, "shares", place, "team"), share.team
        for place, team in enumerate(pool.among):
            yield ("shared", number, "among", place), team
    for number, budget in enumerate(settings.budgets):
        for team in budget.scope.team or ():
            yield ("budgets", number, "scope", "team"), team
        if budget.owner is not None:
            yield ("budgets", number, "owner"), budget.owner


def _is_team(named: tuple[Location, str], teams: set[str]) -> bool:
    location, name = named
    return any(fnmatchcase(team, name) for team in teams) if "scope" in location else name in teams


def source_mistakes(settings: Settings, home: Home) -> Iterator[Mistake]:
    """Sources that the file does not have, nobody imported and no load is of: what was loaded stays when it goes."""
    known = {source.name for source in (*settings.sources, *imported_sources(home))}
    unknown = [named for named in _sources_named(settings) if not _is_source(named, known)]
    if unknown:
        known |= _loaded(home)
    for location, glob in unknown:
        if not _is_source((location, glob), known):
            yield Mistake(location, f"there is no source {glob!r}{nearest(glob, known)}")


def _is_source(named: tuple[Location, str], known: set[str]) -> bool:
    location, glob = named
    may_be_declared = location[0] in ("budgets", "utilisation")
    return any(fnmatchcase(name, glob) for name in known | ({DECLARED} if may_be_declared else set()))


def _sources_named(settings: Settings) -> Iterator[tuple[Location, str]]:
    """With the place; owner rules name them by globs, and budgets in letters of any case."""
    for part, named in (
        ("owners", settings.owners), ("contracts", settings.contracts), ("utilisation", settings.utilisation)
    ):  # fmt: skip
        for number, each in enumerate(named):
            if each.source is not None:
                yield (part, number, "source"), each.source
    for number, budget in enumerate(settings.budgets):
        for source in budget.scope.source or ():
            yield ("budgets", number, "scope", "source"), source.lower()


def _loaded(home: Home) -> set[str]:
    """Sources of the loads that the ledger stands on."""
    if home.control_url.startswith("sqlite") and not (home.root / "control").exists():
        return set()
    from connectors.control import ControlStore

    with ControlStore.open(home.control_url) as control:
        return {load.source for load in control.current_loads()}
