"""Ownership: which team a charge belongs to, by an ordered list of rules; the first that fits wins.

A simple map from source, project or key to team. Shares, components and unit costs belong to `economics`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import polars as pl

UNALLOCATED = "unallocated"
"""How people see a charge that has no owner; in the data its team is null."""


@dataclass(frozen=True)
class OwnerRule:
    """Whatever fits every pattern that is given belongs to `team`.

    Patterns are shell globs (`search-*`), case-sensitive. `project` and `api_key` fit the id or the name at that
    time. A rule without any pattern fits everything: a default at the end of the list.
    """

    team: str
    source: str | None = None
    project: str | None = None
    api_key: str | None = None

    def fits(self, source: str | None, project: Sequence[str | None], api_key: Sequence[str | None]) -> bool:
        """Whether a source, a project (id, name) and a key (id, name) fit; a pattern never fits what is unknown."""
        asked = ((self.source, (source,)), (self.project, project), (self.api_key, api_key))
        return all(
            pattern is None or any(value is not None and fnmatchcase(value, pattern) for value in values)
            for pattern, values in asked
        )


_OWNED_BY = ("x_Source", "SubAccountId", "SubAccountName", "x_ApiKeyId", "x_ApiKeyName")


def with_teams(charges: pl.DataFrame, rules: Sequence[OwnerRule]) -> pl.DataFrame:
    """Charges (`focus.cost_and_usage`) with `x_Team` filled by the first rule that fits.

    Where no rule fits, `x_Team` stays as it was (null for what we make: unallocated). Each distinct owner is looked
    up once, not each charge.
    """
    owners = charges.select(_OWNED_BY).unique(maintain_order=True)
    teams = [
        next((rule.team for rule in rules if rule.fits(source, (project, name), (key, key_name))), None)
        for source, project, name, key, key_name in owners.iter_rows()
    ]
    found = owners.with_columns(pl.Series("found_team", teams, dtype=pl.String))
    return (
        charges.join(found, on=list(_OWNED_BY), how="left", nulls_equal=True, maintain_order="left")
        .with_columns(x_Team=pl.coalesce("found_team", "x_Team"))
        .drop("found_team")
    )
