"""Issuing statements: files written once, remembered with their hashes; and whether they still are what was issued.

HOME/statements/YYYY-MM/<team>.html and .csv. What a statement says is `statement_drafts`, how it looks is
`statement_page`.
"""

from __future__ import annotations

import getpass
import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from connectors.control import IssuedStatement, StatedAmount
from connectors.errors import ConfigurationError
from models.economics.ownership import UNALLOCATED
from models.economics.statements import amounts
from models.errors import OutlayError
from models.wording import instant_text, month_text
from pipelines.periods import checked, period_of
from pipelines.publishing import publish
from pipelines.statement_drafts import Draft, drafts, months_with_cost
from pipelines.statement_page import Seal, csv, page
from pipelines.workplace import Workplace

_PATIENCE_SECONDS = 60
_PLAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?")
_HASHED = re.compile(r".*-[0-9a-f]{8}")


@dataclass(frozen=True)
class Standing:
    """An issued statement, and whether its files are what was issued: `ok`, `changed` or `missing`, by path."""

    statement: IssuedStatement
    files: dict[str, str]

    @property
    def wrong(self) -> dict[str, str]:
        return {path: how for path, how in self.files.items() if how != "ok"}

    @property
    def is_whole(self) -> bool:
        return not self.wrong


def preview(work: Workplace, team: str, month: str) -> Draft:
    """The team's draft (`unallocated`: of what nobody owns). Raises `OutlayError` where it has none."""
    found = drafts(work, checked(month), work.control.issued_statements())
    return _of_team(found, team, month)


def issue(work: Workplace, month: str, team: str | None = None) -> list[IssuedStatement]:
    """Issue the month's statement of a team, or of everybody who has none yet, and publish that they were issued.

    Raises `ConfigurationError` for a month that is not over, `OutlayError` for what was issued before.
    """
    if checked(month) >= period_of(work.surroundings.clock()):
        raise ConfigurationError(f"{month} is not over yet", remedy="issue it once its days are loaded")
    with work.control.lock_statements(wait=_PATIENCE_SECONDS):
        before = work.control.issued_statements()
        _refuse_what_stands(before, month, team)
        found = drafts(work, month, before)
        chosen = [_of_team(found, team, month)] if team is not None else _open(found, before, month)
        issued = _write(work, chosen, number=len(before) + 1, whole_month=team is None)
        work.control.record_statements(issued)
    publish(work)
    return issued


def standings(work: Workplace) -> list[Standing]:
    """Every statement that was ever issued, with its files compared to their hashes."""
    return [
        Standing(
            each,
            {
                each.page: _compared(work.home.root / each.page, each.page_sha256),
                each.lines: _compared(work.home.root / each.lines, each.lines_sha256),
            },
        )
        for each in work.control.issued_statements()
    ]


def standing(work: Workplace, number: int) -> Standing:
    """The statement of that number. Raises `OutlayError` where none bears it."""
    for each in standings(work):
        if each.statement.number == number:
            return each
    raise OutlayError(f"no statement has the number {number}", remedy="`outlay statement list` shows them")


def file_name(team: str | None) -> str:
    """A name that every file system takes, and no two teams share, whatever they are called.

    A plain name stays as it is; any other becomes its plain part and the beginning of its hash. A plain name that looks
    like one with a hash, or is `unallocated`, is hashed too.
    """
    if team is None:
        return UNALLOCATED
    if _PLAIN.fullmatch(team) and team != UNALLOCATED and not _HASHED.fullmatch(team):
        return team
    plain = re.sub(r"[^a-z0-9]+", "-", team.casefold()).strip("-")[:40].rstrip("-")
    return f"{plain or 'team'}-{hashlib.sha256(team.encode()).hexdigest()[:8]}"


def stated_to(issued: Sequence[IssuedStatement], month: str, team: str) -> IssuedStatement | None:
    """The team's statement of that month (`unallocated`: of what nobody owns), where it was issued."""
    wanted = None if team == UNALLOCATED else team
    return next((each for each in issued if each.month == month and each.team == wanted), None)


def months_out_of_order(work: Workplace, month: str) -> tuple[list[str], list[str]]:
    """Months that were passed over (since the first that was issued), and later ones that were issued already."""
    issued = work.control.issued_statements()
    whole = {each.month for each in issued if each.whole_month}
    first = min((each.month for each in issued), default=month)
    passed = [each for each in months_with_cost(work) if first <= each < month and each not in whole]
    return passed, sorted({each.month for each in issued if each.month > month})


def _of_team(found: Sequence[Draft], team: str, month: str) -> Draft:
    wanted = None if team == UNALLOCATED else team
    for draft in found:
        if draft.team == wanted:
            return draft
    known = ", ".join(draft.team or UNALLOCATED for draft in found)
    raise OutlayError(f"there is nothing to state to {team!r} for {month}", remedy=f"that month concerns {known}")


def _refuse_what_stands(before: Sequence[IssuedStatement], month: str, team: str | None) -> None:
    """What was issued stands; a month that everybody was stated has nothing left to issue."""
    same = None if team is None else stated_to(before, month, team)
    of_month = [each for each in before if each.month == month]
    stands = same or next((each for each in of_month if each.whole_month), None)
    if stands is None:
        return
    if team is not None and same is None:
        raise OutlayError(
            f"{month_text(month)} was issued to everybody, and {team!r} had nothing to be stated",
            remedy=f"it was issued to {', '.join(each.team or UNALLOCATED for each in of_month)}",
        )
    about = f"the statement of {team} for" if same else "every statement of"
    raise OutlayError(
        f"{about} {month_text(month)} was already issued on {instant_text(stands.issued_at)}",
        remedy="what was issued stands: what changed since will stand as an adjustment in the next month's statement",
    )


def _open(found: Sequence[Draft], before: Sequence[IssuedStatement], month: str) -> list[Draft]:
    stated = {each.team for each in before if each.month == month}
    return [draft for draft in found if draft.team not in stated]


def _write(work: Workplace, chosen: Sequence[Draft], *, number: int, whole_month: bool) -> list[IssuedStatement]:
    """Files first, the record of them after: what an interrupted issue left behind is written over by the next."""
    now, who = work.surroundings.clock(), getpass.getuser()
    return [
        _written(work, draft, Seal(number + place, now, who), whole_month=whole_month)
        for place, draft in enumerate(chosen)
    ]


def _written(work: Workplace, draft: Draft, seal: Seal, *, whole_month: bool) -> IssuedStatement:
    stem = f"statements/{draft.month}/{file_name(draft.team)}"
    return IssuedStatement(
        number=seal.number,
        team=draft.team,
        month=draft.month,
        issued_at=seal.issued_at,
        issued_by=seal.issued_by,
        publication=draft.coverage.publication,
        whole_month=whole_month,
        page=f"{stem}.html",
        page_sha256=_once(work.home.root / f"{stem}.html", page(draft, seal)),
        lines=f"{stem}.csv",
        lines_sha256=_once(work.home.root / f"{stem}.csv", csv(draft, seal)),
        amounts=tuple(StatedAmount(**row) for row in amounts(draft.lines).drop("team").iter_rows(named=True)),
    )


def _once(path: Path, text: str) -> str:
    """Written whole or not at all, and read-only from then on; returns its SHA-256."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.tmp")
    aside.unlink(missing_ok=True)
    content = text.encode()
    with aside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.chmod(0o444)
    aside.replace(path)
    return hashlib.sha256(content).hexdigest()


def _compared(path: Path, expected: str) -> str:
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return "missing"
    return "ok" if found == expected else "changed"
