"""Settings in force: outlay.yaml, and what people uploaded over it. Read, judged and applied here and nowhere else.

Uploaded budgets replace those of the same name and add new ones; an uploaded list of owners comes before the file's
own, for the first rule that fits wins, and replaces the list uploaded before it. Pages read and preview with this
module; applying is the publication's (`apply_pending`). Where uploads are kept is `connectors.control.uploads`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from connectors.control import ControlStore
from connectors.errors import ConfigurationError
from models.control.budgets import Budget
from models.control.uploads import KeptUpload, UploadKind, content_digest, in_force
from models.economics.ownership import OwnerRule
from models.errors import OutlayError
from models.wording import nearest
from pipelines import budget_uploads, owner_uploads
from pipelines.budget_uploads import BudgetTable, budget_rows, read_budgets
from pipelines.configuration import read_settings
from pipelines.home import Home
from pipelines.owner_uploads import OwnerTable, owner_rows, read_owners
from pipelines.ownership_rules import owner_rule, owner_rules
from pipelines.rule_checks import Location, Mistake, rule_mistakes
from pipelines.settings import Settings
from pipelines.settings.ownership import OwnerSettings
from pipelines.upload_rows import MOST_BYTES, RowMistake, UploadError, rows_of, text_of

__all__ = ["MOST_BYTES", "InForce", "Proposal", "RowMistake", "UploadError", "propose", "standing", "text_of"]


@dataclass(frozen=True)
class InForce:
    """`written` is outlay.yaml alone; `settings` what holds, with the `uploads` that lie over it, in their order.

    `owners` are the uploaded rules, the first of `settings.owners`, and `rows` their rows in the upload.
    """

    written: Settings
    settings: Settings
    uploads: tuple[KeptUpload, ...] = ()
    owners: tuple[OwnerSettings, ...] = ()
    rows: tuple[int, ...] = ()

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(each.number for each in self.uploads)

    def base(self, kind: UploadKind) -> str:
        """A digest of what holds of a kind: an upload is made against it."""
        return content_digest(repr(self.settings.budgets if kind == "budgets" else self.settings.owners))

    def table(self, kind: UploadKind) -> str:
        """What holds of a kind, as CSV; uploaded again it changes nothing."""
        return budget_rows(self.settings.budgets) if kind == "budgets" else owner_rows(self.settings.owners)

    def uploaded_owners(self) -> str:
        """The rules that were uploaded alone, as CSV: without those of outlay.yaml, which hold behind them anyway."""
        return owner_rows(self.owners)

    def owner_upload(self) -> KeptUpload | None:
        """The upload that `owners` are from."""
        return next((each for each in self.uploads if each.upload.kind == "owners"), None)


@dataclass(frozen=True)
class Proposal:
    """An upload that can be taken: its text, what holds `now`, and the `settings` that would hold with it."""

    kind: UploadKind
    content: str
    now: InForce
    settings: Settings
    table: BudgetTable | OwnerTable = field(repr=False)

    @cached_property
    def base(self) -> str:
        return self.now.base(self.kind)

    @property
    def digest(self) -> str:
        """Of its text."""
        return content_digest(self.content)

    @property
    def budgets(self) -> tuple[tuple[Budget, ...], tuple[Budget, ...]]:
        """Before and after."""
        before, after = self.now.settings.budgets, self.settings.budgets
        return tuple(each.budget() for each in before), tuple(each.budget() for each in after)

    @property
    def rules(self) -> tuple[tuple[OwnerRule, ...], tuple[OwnerRule, ...]]:
        """Of `owners`, before and after. Those of declared costs are left out: they ask a tag of invoices, stay what
        they are, and would leave every cost in doubt that is judged without its tags."""
        return owner_rules(self.now.settings), owner_rules(self.settings)

    @property
    def uploaded_rules(self) -> tuple[OwnerRule, ...]:
        return tuple(owner_rule(each) for each in self.table.owners) if isinstance(self.table, OwnerTable) else ()

    def over(self, upload: KeptUpload) -> InForce:
        """What holds once it is applied."""
        if isinstance(self.table, BudgetTable):
            uploads = (*self.now.uploads, upload)
            return InForce(self.now.written, self.settings, uploads, self.now.owners, self.now.rows)
        others = (each for each in self.now.uploads if each.upload.kind != "owners")
        return InForce(self.now.written, self.settings, (*others, upload), self.table.owners, self.table.rows)


def written_settings(home: Home) -> Settings:
    """What outlay.yaml says; a home without one is one with imported sources only. Raises `ConfigurationError`."""
    if home.configuration.exists():
        return read_settings(home.configuration)
    return Settings(organization=home.root.name or "outlay")


def standing(folder: Path, kept: Iterable[KeptUpload]) -> InForce:
    """What holds in the home in a folder. Raises `ConfigurationError`."""
    return laid_over(written_settings(Home.at(folder)), kept)


def laid_over(written: Settings, kept: Iterable[KeptUpload]) -> InForce:
    """Settings with the uploads that count. Raises `ConfigurationError` where one of them does not fit any more."""
    now = InForce(written, written)
    for each in in_force(kept):
        upload = each.upload
        try:
            now = propose(now, upload.kind, upload.content, upload.file_name, is_new=False).over(each)
        except UploadError as error:
            told = "; ".join(map(str, error.mistakes[:3]))
            raise ConfigurationError(
                f"upload {each.number} ({upload.kind}, by {upload.who}) does not fit outlay.yaml any more: {told}",
                remedy=f"mend outlay.yaml, or take it back with `outlay uploads withdraw {each.number}`",
            ) from error
    return now


def propose(now: InForce, kind: UploadKind, content: str, name: str, *, is_new: bool = True) -> Proposal:
    """What would hold with a table over what holds now. Raises `UploadError` with every mistake.

    `is_new`: also what nobody but its author can have meant otherwise, such as removing a budget that there is not.
    """
    known = budget_uploads.COLUMNS if kind == "budgets" else owner_uploads.COLUMNS
    rows = rows_of(content, name, known)
    if kind == "budgets":
        table = read_budgets(rows, name, now.settings.budgets)
        budgets = budget_uploads.laid_over(now.settings.budgets, table)
        settings = now.settings.model_copy(update={"budgets": budgets})
        mistakes = [*_wrong_budgets(now.settings, settings, table), *(_not_there(now, table) if is_new else ())]
    else:
        table = read_owners(rows, name)
        settings = now.settings.model_copy(update={"owners": (*table.owners, *now.written.owners)})
        mistakes = [*_wrong_owners(settings, table), *(_wrong_rules(settings, table) if is_new else ())]
    if mistakes:
        raise UploadError(name, mistakes)
    return Proposal(kind, content, now, settings, table)


def apply_pending(control: ControlStore, written: Settings) -> InForce:
    """Apply or refuse each pending upload, in the order in which they came, and say what holds then.

    Only under `lock_publishing`. Each is answered by itself: a run that is killed between two leaves nothing half done,
    and the next one goes on. Raises `ConfigurationError` where what was applied before does not fit any more.
    """
    kept = control.uploads.kept()
    now = laid_over(written, kept)
    for each in kept:
        if each.state != "pending":
            continue
        try:
            proposal = judged(now, each)
        except OutlayError as error:
            control.uploads.answer(each.number, refusal=error.what)
        else:
            control.uploads.answer(each.number)
            now = proposal.over(each)
    return now


def judged(now: InForce, kept: KeptUpload) -> Proposal:
    """A pending upload, if it may be applied over what holds. Raises `UploadError` with the reason where not."""
    upload = kept.upload
    if now.base(upload.kind) != upload.base:
        others = [str(each.number) for each in now.uploads if each.upload.kind == upload.kind]
        since = f" (upload {others[-1]})" if others else ""
        what = f"other {upload.kind} are in force{since} than when it was previewed; look at what it changes, ask anew"
        raise UploadError(upload.file_name, [RowMistake(0, "", what)])
    return propose(now, upload.kind, upload.content, upload.file_name)


def _not_there(now: InForce, table: BudgetTable) -> Iterator[RowMistake]:
    there = {budget.name for budget in now.settings.budgets}
    for name in table.removed:
        if name not in there:
            yield RowMistake(table.first_rows[name], "name", f"there is no budget {name!r}{nearest(name, there)}")


def _wrong_budgets(before: Settings, after: Settings, table: BudgetTable) -> Iterator[RowMistake]:
    """What does not go together with the rest of the settings, as far as it did before."""
    rows = table.first_rows
    stood = {mistake.what for mistake in _together(before, rows)}
    for mistake in _together(after, rows):
        part, *place = mistake.location
        name = after.budgets[int(place[0])].name if part == "budgets" else ""
        if name in rows:
            yield RowMistake(rows[name], str(place[-1]) if place[1:] else "", mistake.what)
        elif mistake.what not in stood:
            where = ".".join(map(str, mistake.location))
            yield RowMistake(0, "", f"outlay.yaml would not go together with it: {where}: {mistake.what}")


def _together(settings: Settings, rows: Mapping[str, int]) -> Iterator[Mistake]:
    from pipelines.alert_checks import alert_mistakes

    def line_of(place: Location) -> int:
        return rows.get(settings.budgets[int(place[1])].name, 0) if place[0] == "budgets" else 0

    return alert_mistakes(settings, line_of)


def _wrong_owners(settings: Settings, table: OwnerTable) -> Iterator[RowMistake]:
    """Pools, teams and components that there are not."""
    from pipelines.name_checks import name_mistakes

    for mistake in name_mistakes(settings):
        part, *place = mistake.location
        if part == "owners" and int(place[0]) < len(table.rows):
            yield RowMistake(table.rows[int(place[0])], str(place[-1]) if place[1:] else "", mistake.what)


def _wrong_rules(settings: Settings, table: OwnerTable) -> Iterator[RowMistake]:
    """Rules of the table set against each other; that they come before those of outlay.yaml is what they are for."""
    alone = settings.model_copy(update={"owners": table.owners, "shared": ()})
    for mistake in rule_mistakes(alone, lambda place: table.rows[int(place[1])]):
        _, number, *column = mistake.location
        yield RowMistake(table.rows[int(number)], str(column[-1]) if column else "", mistake.what)
