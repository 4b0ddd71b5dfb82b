"""Uploads: tables of budgets or owners that people ask to be in force, and what became of each.

An upload is kept whole and for ever, and what happens to it is only ever added. What its rows mean is read in
`pipelines.uploads`; where it is kept is `connectors.control.uploads`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

UploadKind = Literal["budgets", "owners"]
UPLOAD_KINDS: tuple[UploadKind, ...] = get_args(UploadKind)
UploadState = Literal["pending", "applied", "refused", "withdrawn"]
"""`pending`: the next publication applies or refuses it. `withdrawn`: it counts no longer, or was never applied."""
Happening = Literal["applied", "refused", "withdrawn"]


@dataclass(frozen=True)
class Upload:
    """A whole table that somebody asked for, as it was previewed.

    `content`: the text of the file. `base`: digest of what was in force of that kind when it was previewed; where
    something else is in force when it is to be applied, nobody has seen what it would change.
    """

    request_id: str
    kind: UploadKind
    who: str
    at: datetime
    file_name: str
    content: str
    base: str
    note: str | None = None

    @property
    def digest(self) -> str:
        return content_digest(self.content)


@dataclass(frozen=True)
class UploadEvent:
    """What happened to an upload. `who` None: Outlay itself; `reason`: why it was refused or withdrawn."""

    what: Happening
    at: datetime
    who: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class KeptUpload:
    """An upload with its number (from 1, in the order in which they came), and what happened to it.

    `publications`: names of files, oldest first, of the publications that it is in: the first one, and those whose
    files are still kept.
    """

    number: int
    upload: Upload
    events: tuple[UploadEvent, ...] = ()
    publications: tuple[str, ...] = ()

    @property
    def state(self) -> UploadState:
        return self.events[-1].what if self.events else "pending"

    @property
    def why(self) -> str | None:
        """Why it was refused or withdrawn."""
        return self.events[-1].reason if self.events else None


def content_digest(content: str) -> str:
    """SHA-256 of a text."""
    return hashlib.sha256(content.encode()).hexdigest()


def in_force(kept: Iterable[KeptUpload]) -> tuple[KeptUpload, ...]:
    """Those that count, in the order in which they lie over outlay.yaml.

    Every applied upload of budgets counts, a later one over an earlier one; of owners only the last one does.
    """
    applied = [each for each in kept if each.state == "applied"]
    owners = [each.number for each in applied if each.upload.kind == "owners"][-1:]
    return tuple(each for each in applied if each.upload.kind == "budgets" or each.number in owners)
