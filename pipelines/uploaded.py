"""Uploads as the owner of outlay.yaml sees them from the command line; they can be taken back when nothing else works.

None of it reads outlay.yaml: an upload that does not fit it any more stops whatever does.
"""

from __future__ import annotations

import getpass
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from connectors.control import ControlStore
from connectors.control.errors import ControlError
from models.control.uploads import KeptUpload, in_force
from models.wording import counted
from pipelines.home import Home


def kept_uploads(folder: Path | None) -> list[KeptUpload]:
    """All of them; none where nothing was ever loaded here."""
    with _store(Home.at(folder)) as store:
        return [] if store is None else store.uploads.kept()


def kept_upload(folder: Path | None, number: int) -> KeptUpload:
    """One of them. Raises `ControlError` where there is none of that number."""
    found = next((each for each in kept_uploads(folder) if each.number == number), None)
    if found is None:
        raise ControlError(f"there is no upload {number}", remedy="`outlay uploads list` names them")
    return found


def withdraw_upload(folder: Path | None, number: int, *, who: str | None, why: str) -> KeptUpload:
    """It counts no longer. Raises `ControlError` where it does not count anyway."""
    found = kept_upload(folder, number)
    with _store(Home.at(folder)) as store:
        assert store is not None, "it was read from there"
        store.uploads.withdraw(number, who=who or getpass.getuser(), why=why)
    return found


def lying_over(folder: Path | None) -> str | None:
    """Which uploads lie over outlay.yaml and which wait, in a line; None where there are none."""
    kept = kept_uploads(folder)
    lying = [f"{each.number} ({each.upload.kind}, by {each.upload.who})" for each in in_force(kept)]
    waiting = sum(each.state == "pending" for each in kept)
    said = [
        *([f"uploads over outlay.yaml: {', '.join(lying)}"] if lying else []),
        *([f"{counted(waiting, 'upload')} pending: the next publication applies or refuses"] if waiting else []),
    ]
    return "; ".join(said) or None


@contextmanager
def _store(home: Home) -> Generator[ControlStore | None]:
    if home.control_url.startswith("sqlite") and not (home.root / "control").exists():
        yield None
        return
    with ControlStore.open(home.control_url) as store:
        yield store
