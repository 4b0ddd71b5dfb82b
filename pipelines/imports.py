"""Sources that came by `outlay import`: remembered in HOME/imports.yaml, so that replay and status know them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml

from pipelines.home import Home
from pipelines.settings import SourceSettings

_FILE = "imports.yaml"
_HEAD = "# Written by `outlay import`. Each entry has the shape of a source in outlay.yaml.\n"


def imported_sources(home: Home) -> list[SourceSettings]:
    """What was imported before, by name."""
    path = home.root / _FILE
    if not path.exists():
        return []
    entries: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    return [SourceSettings.model_validate(entry) for entry in entries]


def invoice_folder(home: Home, source: str) -> Path:
    """Where the files of an imported source of invoices are kept, so that later months can be made of them."""
    return home.root / "invoices" / source


def is_kept(home: Home, source: SourceSettings) -> bool:
    """Whether the home keeps the source's files itself: `outlay run` then goes on with it."""
    return source.options.get("path") == str(invoice_folder(home, source.name))


def remember_import(home: Home, source: SourceSettings) -> None:
    """Add the source, or replace the one of its name; the file is switched whole."""
    kept = [known for known in imported_sources(home) if known.name != source.name]
    entries = [entry.model_dump(mode="json", exclude_defaults=True) for entry in (*kept, source)]
    path = home.root / _FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".yaml.tmp")
    aside.write_text(_HEAD + yaml.safe_dump(entries, sort_keys=False), encoding="utf-8")
    os.replace(aside, path)  # noqa: PTH105 - the atomic one
