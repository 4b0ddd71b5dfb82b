"""Exports in and FOCUS out: `outlay import …`, `outlay export focus`, `outlay check focus`."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from connectors.errors import AnswerError, ConfigurationError
from connectors.registry import checked_options, connector_kind
from models.economics.attribution import with_teams
from models.errors import OutlayError
from models.ledger.focus import COST_AND_USAGE
from models.ledger.focus.column import VERSIONS as FOCUS_VERSIONS
from models.ledger.focus.export import for_export
from models.ledger.focus.invariants import Report, check, detect_version
from pipelines.console import say, show_table
from pipelines.imports import remember_import
from pipelines.run import RunReport, conclude, pull_and_load
from pipelines.settings import SourceSettings
from pipelines.warehouse import Facts
from pipelines.workplace import Workplace

VERSIONS = ("1.4", "1.2")


def import_export(
    work: Workplace,
    connector: str,
    path: str,
    source: str,
    options: Mapping[str, Any] | None = None,
    *,
    accept_shrink: bool = False,
) -> RunReport:
    """Load every billing period that an export holds, under the name `source`; again is the same as once.

    `connector` reads it: focus-files, aws, gcp or azure; `options` are that connector's, beside the path. Raises
    `ConfigurationError` where the name belongs to a source of `outlay.yaml`, `AnswerError` for an export that cannot be
    read.
    """
    located = path if "://" in path else str(Path(path).expanduser().absolute())
    given = {"path": located, **{name: value for name, value in (options or {}).items() if value is not None}}
    settings = importable(work, connector, source, given)
    periods = _periods(work, connector, source, given)
    report = RunReport()
    for period in periods:
        pull_and_load(work, report, settings, period, accept_shrink=accept_shrink)
    if report.outcomes:
        remember_import(work.home, settings)
    conclude(work, report)
    return report


def importable(work: Workplace, connector: str, source: str, options: Mapping[str, Any]) -> SourceSettings:
    """The imported source of this name. Raises `ConfigurationError` where the name belongs to a source of
    `outlay.yaml`, or is none."""
    if work.settings.source(source) is not None:
        raise ConfigurationError(
            f"{source!r} is a source of outlay.yaml",
            remedy="import it under another name, or pull it with `outlay run`",
        )
    try:
        return SourceSettings(name=source, connector=connector, options=dict(options))
    except ValidationError:
        raise ConfigurationError(
            f"{source!r} cannot name a source", remedy="use small letters, digits and hyphens, such as cloud-2026"
        ) from None


def _periods(work: Workplace, connector: str, source: str, options: Mapping[str, Any]) -> list[str]:
    """What the export holds, read before any period is known, so that a file that cannot be read leaves no trace."""
    kind = connector_kind(connector)
    if kind.periods_in is None:
        raise ConfigurationError(f"{connector} has no files to import", remedy="declare it in outlay.yaml")
    try:
        return kind.periods_in(checked_options(kind, source, options), work.surroundings)
    except OutlayError as error:
        error.source = error.source or source
        error.window = error.window or "all billing periods"
        if isinstance(error, ConfigurationError):
            error.remedy = f"correct the flags: `outlay import {connector} --help` lists them"
        elif isinstance(error, AnswerError) and "report" in options:
            error.remedy = f"{error.remedy}; if it is another report than {options['report']}, say --report"
        raise


def export_focus(
    work: Workplace, folder: Path, version: str = "1.4", sources: Sequence[str] = ()
) -> list[tuple[Path, int]]:
    """One Parquet file for each billing period and source, `billing_period=YYYY-MM/<source>.parquet`.

    x_Team is the team that today's rules give a charge. What an earlier export left under these names is replaced,
    period by period. Returns each file with its rows. Raises `ConfigurationError` for a version or a source that there
    is not.
    """
    if version not in VERSIONS:
        raise ConfigurationError(f"cannot export FOCUS {version}", remedy=f"choose {' or '.join(VERSIONS)}")
    unknown = sorted(set(sources) - {load.source for load in work.control.current_loads()})
    if unknown:
        known = ", ".join(sorted({load.source for load in work.control.current_loads()})) or "none yet"
        raise ConfigurationError(f"nothing was loaded from {unknown[0]!r}", remedy=f"loaded sources: {known}")
    written: list[tuple[Path, int]] = []
    loads = [load for load in work.control.current_loads() if not sources or load.source in sources]
    for load in sorted(loads, key=lambda load: (load.billing_period, load.source)):
        charges = with_teams(Facts(work.lake, (load,)).read(COST_AND_USAGE).collect(), work.attribution)
        if charges.is_empty():
            continue
        target = folder / f"billing_period={load.billing_period}" / f"{load.source}.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = target.with_name(f".{target.name}.tmp")
        for_export(charges, version).write_parquet(aside, compression="zstd")
        shutil.move(aside, target)
        written.append((target, charges.height))
    if not written:
        say("there are no charges to export yet")
    return written


def check_focus(path: str, *, lenient: bool, samples: int, version: str | None = None) -> bool:
    """Judge a file and show every violation; true where it passes. Raises `AnswerError` for an unreadable file.

    A file is judged by its own version, the oldest that has all of its columns, unless `version` names another.
    """
    from connectors.focus_files import read_charges

    if version is not None and version not in FOCUS_VERSIONS:
        raise ConfigurationError(
            f"FOCUS {version} is not a version that is checked", remedy=f"choose one of {', '.join(FOCUS_VERSIONS)}"
        )
    charges = read_charges(path)
    judged_by = version or detect_version(charges.columns)
    report = check(charges, lenient=lenient, version=judged_by)
    for violation in report.violations:
        say(str(violation))
        if samples and violation.sample.height:
            shown = violation.sample.head(samples)
            show_table(None, shown.columns, [[_cell(value) for value in row] for row in shown.rows()])
    verdict = "passes" if report.passed else "does not pass"
    say(f"judged as FOCUS {judged_by}: {_summary(report, verdict)}")
    return report.passed


def _summary(report: Report, verdict: str) -> str:
    return (
        f"{report.rows:,} rows, {report.rules} rules: {verdict}; "
        f"{len(report.errors)} rule(s) broken, {len(report.warnings)} warned of"
    )


def _cell(value: object) -> object:
    return f"{value:%Y-%m-%d %H:%M:%S%z}" if isinstance(value, datetime) else value
