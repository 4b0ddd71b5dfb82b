"""The archive: every answer of every vendor, byte for byte, under the hash of its content, to be replayed at will.

A *pull* is one complete `connector.pull(window)` for one source and billing period. Its bodies are written first
(each once, whoever sends it again), its manifest last and by one rename: a pull without a manifest never happened.
Reading what answers mean does not belong here, and nothing is ever rewritten.

    FOLDER/objects/ab/abcd….zst                  a body, zstd, named by the sha256 of its plain bytes
    FOLDER/pulls/SOURCE/PERIOD/PULL.json         a manifest: the sealed pull and what was asked, in order
    FOLDER/incoming/                             half-written files; nobody reads them
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import secrets
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.errors import ArchiveError
from connectors.protocol import Answer, FileReference, Window

_FORMAT = 1
_SOURCE = re.compile(r"[a-z0-9][a-z0-9-]*")
_PERIOD = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_STALE = timedelta(days=1)


@dataclass(frozen=True)
class Pull:
    """A sealed pull: whole, and as the vendor said it then. `pull_id` sorts by `started_at`."""

    source: str
    billing_period: str
    pull_id: str
    window: Window
    started_at: datetime
    sealed_at: datetime
    answers: int
    size_bytes: int
    content_hash: str = field(repr=False)
    """The hash of all bodies in order: equal hashes mean that the vendor said the same again."""


class Archive:
    """One folder of answers. Many processes may write at once; each pull is its own manifest."""

    def __init__(self, folder: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.folder = folder
        self._clock = clock

    @contextmanager
    def record(self, source: str, billing_period: str, window: Window) -> Generator[Recording]:
        """Records one pull; it is sealed when the block ends well, and never happened when it ends by an error.

        Raises ArchiveError when the disk is full or the folder cannot be written.
        """
        self._place(source, billing_period)
        self._sweep()
        recording = Recording(self, source, billing_period, window, self._clock())
        yield recording
        recording.seal()

    def pulls(self, source: str, billing_period: str) -> list[Pull]:
        """The sealed pulls of a source and period, oldest first."""
        folder = self._place(source, billing_period)
        return [_pull_of(_read_manifest(path)) for path in sorted(folder.glob("*.json"))]

    def latest_sealed(self, source: str, billing_period: str) -> Pull | None:
        """The newest whole pull, if there is one."""
        manifests = sorted(self._place(source, billing_period).glob("*.json"))
        return _pull_of(_read_manifest(manifests[-1])) if manifests else None

    def replay(self) -> Iterator[Pull]:
        """Every sealed pull of every source, in the order of time: what rebuilding everything goes through."""
        manifests = sorted(self.folder.glob("pulls/*/*/*.json"), key=lambda path: (path.stem, path.parent))
        for path in manifests:
            yield _pull_of(_read_manifest(path))

    def fingerprint(self, pull: Pull, *, without: str) -> str:
        """The hash of the pull's bodies in order, but for streams that begin with `without`; reads no body."""
        entries = _read_manifest(self._place(pull.source, pull.billing_period) / f"{pull.pull_id}.json")["entries"]
        hashes = [entry["body"]["sha256"] for entry in entries if not entry["stream"].startswith(without)]
        return hashlib.sha256("\n".join(hashes).encode()).hexdigest()

    def answers(self, pull: Pull) -> Iterator[Answer]:
        """The answers of a pull, in their order, each checked against its hash. Raises ArchiveError if damaged."""
        path = self._place(pull.source, pull.billing_period) / f"{pull.pull_id}.json"
        for entry in _read_manifest(path)["entries"]:
            yield _answer_of(pull, entry, self._body(entry["body"]))

    def write(self, path: Path, data: bytes) -> None:
        """One file, whole or not at all: written aside, flushed to the disk, renamed."""
        aside = self.folder / "incoming" / secrets.token_hex(8)
        try:
            for folder in (aside.parent, path.parent):
                folder.mkdir(parents=True, exist_ok=True)
            self._flush(aside, data)
            aside.replace(path)
            _sync_folder(path.parent)
        except OSError as error:
            with suppress(OSError):
                aside.unlink(missing_ok=True)
            raise _unwritable(self.folder, error) from error

    def object_path(self, digest: str) -> Path:
        """Where the body with this hash lies."""
        return self.folder / "objects" / digest[:2] / f"{digest}.zst"

    def _flush(self, path: Path, data: bytes) -> None:
        with path.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def _body(self, stored: dict[str, Any]) -> bytes | FileReference:
        if "url" in stored:
            return FileReference(stored["url"], stored["size"], stored["sha256"])
        path = self.object_path(stored["sha256"])
        try:
            body = _decompress(path.read_bytes(), stored["size"])
        except (OSError, ValueError) as error:
            raise _damaged(path, str(error)) from error
        if hashlib.sha256(body).hexdigest() != stored["sha256"]:
            raise _damaged(path, "its content does not match its name")
        return body

    def _place(self, source: str, billing_period: str) -> Path:
        if not _SOURCE.fullmatch(source) or not _PERIOD.fullmatch(billing_period):
            raise ArchiveError(
                f"{source!r} and {billing_period!r} are no source and period",
                remedy="source names match [a-z0-9][a-z0-9-]*, periods are YYYY-MM",
            )
        return self.folder / "pulls" / source / billing_period

    def _sweep(self) -> None:
        """Removes what killed writers left behind, once it is a day old."""
        limit = (datetime.now(UTC) - _STALE).timestamp()
        for leftover in (self.folder / "incoming").glob("*"):
            with suppress(OSError):
                if leftover.stat().st_mtime < limit:
                    leftover.unlink()


class Recording:
    """A pull that is being recorded. `pull` is set once it is sealed."""

    def __init__(
        self, archive: Archive, source: str, billing_period: str, window: Window, started_at: datetime
    ) -> None:
        self._archive = archive
        self._entries: list[dict[str, Any]] = []
        self._size = 0
        self.source = source
        self.billing_period = billing_period
        self.window = window
        self.started_at = started_at
        self.pull: Pull | None = None

    def keep(self, answer: Answer) -> Answer:
        """Archives one answer before anything reads it, and hands it back."""
        if answer.source != self.source:
            raise ArchiveError(
                f"an answer of {answer.source} in a pull of {self.source}",
                remedy="this is a defect of the connector, please report it",
                source=self.source,
            )
        self._entries.append(_entry(answer, self._store(answer.body)))
        return answer

    def keep_all(self, answers: Iterable[Answer]) -> Iterator[Answer]:
        """Archives answers as they come."""
        return (self.keep(answer) for answer in answers)

    def seal(self) -> Pull:
        """Writes the manifest: from here on the pull is whole for every reader."""
        if self.pull is not None:
            return self.pull
        hashes = "\n".join(entry["body"]["sha256"] for entry in self._entries)
        folder = self._archive.folder / "pulls" / self.source / self.billing_period
        earlier = len(list(folder.glob("*.json")))  # orders pulls of one instant, under a clock that stands still
        manifest = {
            "format": _FORMAT,
            "source": self.source,
            "billing_period": self.billing_period,
            "pull_id": f"{self.started_at.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}-{earlier:06d}-{secrets.token_hex(4)}",
            "window": [self.window.start.isoformat(), self.window.end.isoformat()],
            "started_at": self.started_at.isoformat(),
            "sealed_at": self._archive._clock().isoformat(),  # pyright: ignore[reportPrivateUsage]
            "size_bytes": self._size,
            "content_hash": hashlib.sha256(hashes.encode()).hexdigest(),
            "entries": self._entries,
        }
        text = json.dumps(manifest, ensure_ascii=False, indent=1)
        self._archive.write(folder / f"{manifest['pull_id']}.json", text.encode())
        self.pull = _pull_of(manifest)
        return self.pull

    def _store(self, body: bytes | FileReference) -> dict[str, Any]:
        if isinstance(body, FileReference):
            return {"url": body.url, "size": body.size, "sha256": body.sha256}
        digest = hashlib.sha256(body).hexdigest()
        path = self._archive.object_path(digest)
        if not path.exists():
            self._archive.write(path, _compress(body))
        self._size += len(body)
        return {"size": len(body), "sha256": digest}


def _entry(answer: Answer, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "stream": answer.stream,
        "sequence": answer.sequence,
        "window": [answer.window.start.isoformat(), answer.window.end.isoformat()],
        "request": dict(answer.request),
        "fetched_at": answer.fetched_at.isoformat(),
        "facts": dict(answer.facts),
        "body": body,
    }


def _answer_of(pull: Pull, entry: dict[str, Any], body: bytes | FileReference) -> Answer:
    return Answer(
        source=pull.source,
        stream=entry["stream"],
        window=_window_of(entry["window"]),
        request=entry["request"],
        sequence=entry["sequence"],
        fetched_at=datetime.fromisoformat(entry["fetched_at"]),
        body=body,
        facts=entry["facts"],
    )


def _pull_of(manifest: dict[str, Any]) -> Pull:
    return Pull(
        source=manifest["source"],
        billing_period=manifest["billing_period"],
        pull_id=manifest["pull_id"],
        window=_window_of(manifest["window"]),
        started_at=datetime.fromisoformat(manifest["started_at"]),
        sealed_at=datetime.fromisoformat(manifest["sealed_at"]),
        answers=len(manifest["entries"]),
        size_bytes=manifest["size_bytes"],
        content_hash=manifest["content_hash"],
    )


def _window_of(pair: list[str]) -> Window:
    return Window(datetime.fromisoformat(pair[0]), datetime.fromisoformat(pair[1]))


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(path.read_bytes())
        if manifest["format"] != _FORMAT:
            raise _damaged(path, f"it has format {manifest['format']}, we read {_FORMAT}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(path, str(error)) from error
    return manifest


def _damaged(path: Path, why: str) -> ArchiveError:
    return ArchiveError(
        f"the archive is damaged at {path.name}: {why}",
        remedy="restore the file from a backup of the archive folder, or pull the period again",
    )


def _unwritable(folder: Path, error: OSError) -> ArchiveError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ArchiveError(
            f"the disk of {folder} is full",
            remedy="free some space and run again: the pull was not sealed, nothing of it is used",
        )
    return ArchiveError(
        f"{folder} cannot be written ({error.strerror})",
        remedy="mend the folder's permissions or its disk and run again: nothing of this pull is used",
    )


def _sync_folder(folder: Path) -> None:
    """A rename is safe from a power cut only once its folder is on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _compress(body: bytes) -> bytes:
    import pyarrow as pa

    return pa.Codec("zstd").compress(body, asbytes=True) if body else b""


def _decompress(data: bytes, size: int) -> bytes:
    import pyarrow as pa

    return pa.Codec("zstd").decompress(data, decompressed_size=size, asbytes=True) if size else b""
