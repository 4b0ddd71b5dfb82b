"""Where export files lie: a local path or an object store, listed and read the same way. No file is understood here."""

from __future__ import annotations

import fnmatch
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from connectors.errors import (
    AnswerError,
    ConfigurationError,
    CredentialsError,
    IncompleteError,
    VendorUnavailableError,
)
from connectors.protocol import FileReference
from models.errors import OutlayError

DATA_SUFFIXES = (".csv", ".csv.gz", ".parquet", ".gz.parquet", ".snappy.parquet", ".zstd.parquet")
_WILD = re.compile(r"[*?\[]")
_PERIOD = re.compile(r"(?:^|/)(?:billing_?period|billing_?month|period|month)=(\d{4}-\d{2})(?=[-/]|$)", re.IGNORECASE)
_CHUNK = 1 << 20
_CLIENT_OPTIONS = frozenset({"allow_http", "allow_invalid_certificates", "connect_timeout", "proxy_url", "timeout"})


@dataclass(frozen=True)
class FoundFile:
    """A file of an export: its address, its name below the place that was asked for, and its size.

    `version` is another word whenever its content is: an object's tag, or when a file was last written.
    """

    url: str
    name: str
    size: int
    version: str = ""


class Place(Protocol):
    """A folder of files, wherever it is."""

    def files(self) -> list[FoundFile]:
        """Every file that was asked for, by name."""
        ...

    def read(self, url: str) -> bytes:
        """The whole of a file."""
        ...


def place_at(path: str, storage: Mapping[str, str]) -> Place:
    """The place that a path or URL names; nothing is opened yet."""
    if path.startswith("file://"):
        return LocalPlace(unquote(urlsplit(path).path))
    return ObjectPlace(path, storage) if "://" in path else LocalPlace(path)


class LocalPlace:
    """A file, a folder with everything below it, or a glob, on this machine."""

    def __init__(self, path: str) -> None:
        self._path = Path(path).expanduser().absolute()

    def files(self) -> list[FoundFile]:
        found = [_found_at(path, name) for path, name in self._paths() if path.is_file()]
        if not found:
            raise _nothing_at(str(self._path))
        return sorted(found, key=lambda file: file.name)

    def read(self, url: str) -> bytes:
        path = local_path(url)
        try:
            return path.read_bytes()
        except FileNotFoundError:
            raise _nothing_at(str(path)) from None
        except OSError as error:
            raise VendorUnavailableError(
                f"{path} cannot be read: {error.strerror}", remedy="mend its permissions or its disk and run again"
            ) from error

    def _paths(self) -> Iterator[tuple[Path, str]]:
        if self._path.is_file():
            yield self._path, self._path.name
        elif self._path.is_dir():
            for path in self._path.rglob("*"):
                yield path, path.relative_to(self._path).as_posix()
        elif _WILD.search(str(self._path)):
            parts = self._path.parts
            wild = next(place for place, part in enumerate(parts) if _WILD.search(part))
            fixed = Path(*parts[:wild])
            for path in fixed.glob("/".join(parts[wild:])):
                yield path, path.relative_to(fixed).as_posix()


class ObjectPlace:
    """A prefix, an object or a glob in an object store (s3://, gs://, az://, https://), through obstore."""

    def __init__(self, url: str, storage: Mapping[str, str], store: Any = None) -> None:
        """`store` is an open obstore store of that root; without it one is opened when it is needed."""
        parts = urlsplit(url)
        self._root = f"{parts.scheme}://{parts.netloc}"
        self._key = unquote(parts.path).strip("/")
        self._storage = dict(storage)
        self._opened = store

    def files(self) -> list[FoundFile]:
        wild = _WILD.search(self._key)
        prefix = self._key if wild is None else self._key[: wild.start()].rpartition("/")[0]
        found = [
            FoundFile(
                f"{self._root}/{key}", key.removeprefix(prefix).strip("/") or key.rpartition("/")[2], size, version
            )
            for key, size, version in self._listed(prefix)
            if wild is None or fnmatch.fnmatchcase(key, self._key)
        ]
        if not found:
            raise _nothing_at(f"{self._root}/{self._key}")
        return sorted(found, key=lambda file: file.name)

    def read(self, url: str) -> bytes:
        import obstore

        key = unquote(urlsplit(url).path).strip("/")
        try:
            return bytes(obstore.get(self._store(), key).bytes())
        except FileNotFoundError:
            raise _nothing_at(url) from None
        except OutlayError:
            raise
        except Exception as error:
            raise _unreachable(url, error) from error

    def _listed(self, prefix: str) -> Iterator[tuple[str, int, str]]:
        import obstore

        try:
            store = self._store()
            for page in obstore.list(store, prefix=prefix or None):
                for entry in page:
                    yield entry["path"], entry["size"], _version_of(entry)
            if prefix and not prefix.endswith("/"):
                # a prefix that is an object's own key is not listed below itself
                entry = obstore.head(store, prefix)
                yield entry["path"], entry["size"], _version_of(entry)
        except FileNotFoundError:
            return
        except OutlayError:
            raise
        except Exception as error:
            raise _unreachable(f"{self._root}/{prefix}", error) from error

    def _store(self) -> Any:
        if self._opened is None:
            self._opened = _open(self._root, self._storage)
        return self._opened


def _found_at(path: Path, name: str) -> FoundFile:
    status = path.stat()
    return FoundFile(path.as_uri(), name, status.st_size, str(status.st_mtime_ns))


def _version_of(entry: Mapping[str, Any]) -> str:
    return str(entry.get("e_tag") or entry["last_modified"])


def _open(root: str, storage: Mapping[str, str]) -> Any:
    """An obstore store. Options of its HTTP client are told from the store's own: mixed up they end the process."""
    from obstore.store import from_url

    client = {name: value for name, value in storage.items() if name in _CLIENT_OPTIONS}
    config = {name: value for name, value in storage.items() if name not in client}
    retries = {"max_retries": 3, "retry_timeout": timedelta(seconds=60)}
    try:
        return from_url(root, config=config or None, client_options=client or None, retry_config=retries)  # type: ignore[arg-type]
    except Exception as error:
        raise ConfigurationError(
            f"{root} is no object store that can be opened",
            remedy="use s3://, gs://, az:// or https://, and name region, endpoint and keys under storage",
        ) from error


def period_in_path(address: str) -> str | None:
    """The billing period, YYYY-MM, of the folder that a file lies in (`BILLING_PERIOD=2026-09/`); None without one."""
    told = _PERIOD.search(unquote(address))
    return told.group(1) if told else None


def local_path(url: str) -> Path:
    """The path of a `file://` address."""
    return Path(unquote(urlsplit(url).path))


def sha256_of(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def sha256_of_local(path: Path) -> str:
    """The hash of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def recall(reference: FileReference, storage: Mapping[str, str]) -> bytes:
    """The content of a file that was archived by reference. Raises `AnswerError` if it is no longer that file."""
    body = place_at(reference.url, storage).read(reference.url)
    if len(body) != reference.size or sha256_of(body) != reference.sha256:
        raise AnswerError(
            f"{reference.url} is no longer the file that was pulled: its size or hash changed",
            remedy="pull the period again; to keep copies of larger files raise keep_copies_up_to_mib",
        )
    return body


def is_data_file(name: str) -> bool:
    """Whether a file below a folder is data: not hidden, not a marker, CSV or Parquet by its name."""
    parts = name.split("/")
    return not any(part.startswith((".", "_")) for part in parts) and parts[-1].casefold().endswith(DATA_SUFFIXES)


def _nothing_at(where: str) -> IncompleteError:
    return IncompleteError(
        f"there is no file at {where}",
        remedy="correct the path, or wait for the vendor's export; what was loaded before stays",
    )


_REFUSED = frozenset({"PermissionDeniedError", "UnauthenticatedError"})
"""What obstore calls keys that the store does not take."""


def _unreachable(url: str, error: Exception) -> CredentialsError | VendorUnavailableError:
    kind = type(error).__name__
    if kind in _REFUSED:
        return CredentialsError(
            f"{url} cannot be read: the store refuses these keys ({kind})",
            remedy="check the keys, when they expire, and what they may list and read",
        )
    return VendorUnavailableError(
        f"{url} cannot be read ({kind})", remedy="check the address, region, keys and network of the store, run again"
    )
