"""From `owners`, `teams` and `shared` as `outlay.yaml` writes them to the rules and pools that costs are attributed by.

What they do is in `models.economics.ownership` and `pools`; which of them are mistakes is in `rule_checks`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.economics.first_match import TAG
from models.economics.ownership import CONDITIONS, DIMENSIONS, POOL, OwnerRule
from pipelines.settings import Settings
from pipelines.settings.ownership import OwnerSettings

if TYPE_CHECKING:
    from models.economics.pools import Pool


def owner_rule(owner: OwnerSettings) -> OwnerRule:
    """One rule; its tags are conditions `tag:KEY`."""
    asked = {word: getattr(owner, word) for word in CONDITIONS}
    said = {dimension: getattr(owner, dimension) for dimension in DIMENSIONS} | {POOL: owner.shared}
    return OwnerRule(
        conditions={word: glob for word, glob in asked.items() if glob is not None}
        | {f"{TAG}{key}": glob for key, glob in owner.tags.items()},
        says={what: value for what, value in said.items() if value is not None},
        name=owner.name,
        valid_from=owner.valid_from,
        valid_to=owner.valid_to,
    )


def owner_rules(settings: Settings) -> tuple[OwnerRule, ...]:
    """In the order of the file: the first that fits wins."""
    return tuple(owner_rule(owner) for owner in settings.owners)


def cost_centres(settings: Settings) -> dict[str, str]:
    """By team, where no rule says one."""
    return {team.name: team.cost_centre for team in settings.teams if team.cost_centre is not None}


def pools(settings: Settings) -> tuple[Pool, ...]:
    """Every version of every shared pool."""
    # tables take a second to load, and rules are checked without any
    from models.economics.pools import Pool, Share

    return tuple(
        Pool(
            name=shared.name,
            by=shared.by,
            shares=tuple(Share(pct=share.pct, team=share.team, pool=share.shared) for share in shared.shares),
            among=shared.among,
            valid_from=shared.valid_from,
            valid_to=shared.valid_to,
        )
        for shared in settings.shared
    )
