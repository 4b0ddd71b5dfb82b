"""`outlay doctor`: is this installation in order? Each finding says what to do. Reads only, talks to nobody."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from connectors.errors import ConfigurationError
from models.errors import OutlayError
from pipelines.alert_policy import policy_of
from pipelines.configuration import Secrets, read_settings
from pipelines.home import Home

_PACKAGES = ("outlay", "polars", "duckdb", "deltalake", "dagster", "streamlit", "genai-prices")
_LOW_DISK_BYTES = 2 * 1024**3


@dataclass(frozen=True)
class Diagnosis:
    """One thing looked at."""

    what: str
    verdict: Literal["ok", "note", "broken"]
    detail: str
    remedy: str = ""


def diagnose(home: Home) -> list[Diagnosis]:
    """Everything that can be looked at from here, in the order in which it matters."""
    looks: tuple[Callable[[Home], Iterator[Diagnosis]], ...] = (_python, _folder, _configuration, _stores, _published)
    findings: list[Diagnosis] = []
    for look in looks:
        try:
            findings.extend(look(home))
        except OutlayError as error:
            findings.append(Diagnosis(look.__name__.strip("_"), "broken", error.what, error.remedy))
    return findings


def _python(_home: Home) -> Iterator[Diagnosis]:
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    supported = (3, 11) <= sys.version_info[:2] < (3, 14)
    yield Diagnosis(
        "python", "ok" if supported else "broken", running, "" if supported else "use Python 3.11, 3.12 or 3.13"
    )
    for package in _PACKAGES:
        try:
            yield Diagnosis(package, "ok", version(package))
        except PackageNotFoundError:
            yield Diagnosis(package, "broken", "not installed", "run `make setup`")


def _folder(home: Home) -> Iterator[Diagnosis]:
    if not home.root.is_dir():
        yield Diagnosis("home", "note", f"{home.root} does not exist yet", "`outlay init` or `outlay demo` makes it")
        return
    writable = os.access(home.root, os.W_OK)
    yield Diagnosis(
        "home", "ok" if writable else "broken", str(home.root), "" if writable else "make the folder writable"
    )
    free = shutil.disk_usage(home.root).free
    enough = free > _LOW_DISK_BYTES
    yield Diagnosis(
        "disk", "ok" if enough else "note", f"{free / 1024**3:.1f} GiB free", "" if enough else "make room soon"
    )


def _configuration(home: Home) -> Iterator[Diagnosis]:
    if not home.configuration.exists():
        yield Diagnosis("outlay.yaml", "note", "not there yet", "`outlay init` or `outlay demo` writes it")
        return
    settings = read_settings(home.configuration)
    yield Diagnosis("outlay.yaml", "ok", f"{settings.organization}: {len(settings.sources)} source(s)")
    secrets = Secrets(home)
    for source in settings.sources:
        try:
            secrets.fill(source.options, source=source.name)
            yield Diagnosis(f"source {source.name}", "ok", f"{source.connector}, secrets are set")
        except ConfigurationError as error:
            yield Diagnosis(f"source {source.name}", "broken", error.what, error.remedy)
    if not policy_of(settings).places:
        yield Diagnosis("slack", "note", "alerts are on the page alone: nobody is told", "set alerts.slack")


def _stores(home: Home) -> Iterator[Diagnosis]:
    if home.control_url.startswith("sqlite") and not (home.root / "control").exists():
        yield Diagnosis("control store", "note", "not there yet", "the first `outlay run` makes it")
        return
    from connectors.control import ControlStore

    with ControlStore.open(home.control_url) as control:
        yield Diagnosis("control store", "ok", f"{len(control.current_loads())} committed load(s)")


def _published(home: Home) -> Iterator[Diagnosis]:
    if not home.published.exists():
        yield Diagnosis("warehouse", "note", "nothing is published yet", "`outlay run` publishes")
        return
    import duckdb

    try:
        with duckdb.connect(str(home.published.resolve()), read_only=True) as connection:
            row = connection.execute("SELECT count(*) FROM focus.cost_and_usage").fetchone()
    except duckdb.Error as error:
        yield Diagnosis("warehouse", "broken", str(error).splitlines()[0], "`outlay run` publishes it anew")
        return
    yield Diagnosis("warehouse", "ok", f"{row[0] if row else 0:,} charges in {home.published.resolve().name}")
