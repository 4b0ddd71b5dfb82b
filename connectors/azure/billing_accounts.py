"""Whose bill it is: the ids of billing account and profile in a path, and the claims to all of them.

Reports of one account name it by its number, its profile or a path of both, and each claims every id that it is told:
two of them beside each other are refused by the one that they share.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import polars as pl

from connectors.protocol import Claim

_NAMED = re.compile(r"/(billingAccounts|billingProfiles)/([^/]+)", re.IGNORECASE)


def account_ids(path: str) -> list[str]:
    """Billing account and then profile of a path or scope (`/providers/Microsoft.Billing/billingAccounts/8000001`); of
    any other text its last part."""
    named = _NAMED.findall("/" + path.strip("/"))
    last = path.rstrip("/").rpartition("/")[2]
    return [name for _, name in sorted(named, key=lambda pair: pair[0].casefold())] or ([last] if last else [])


def every_claim(claims: Iterable[Claim], others: Mapping[str, Iterable[str]]) -> tuple[Claim, ...]:
    """The claims to each id of their accounts; `others` has more ids, as they are told, by the account of a charge."""
    return tuple(
        dict.fromkeys(
            Claim(claim.issuer, name, claim.role)
            for claim in claims
            for told in (claim.account_id, *others.get(claim.account_id, ()))
            for name in account_ids(told)
        )
    )


def ids_by_account(account: pl.Series, told: pl.DataFrame) -> dict[str, set[str]]:
    """What the columns of `told` name beside each account, row for row."""
    pairs = told.select(pl.all().cast(pl.String)).with_columns(account.alias("of charge")).unique()
    found: dict[str, set[str]] = {}
    for *names, charged in pairs.iter_rows():
        found.setdefault(charged, set()).update(name for name in names if name)
    return found
