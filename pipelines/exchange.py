"""FOCUS in and out: `outlay import focus`, `outlay export focus`, `outlay check focus`."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from connectors.errors import ConfigurationError
from models.ledger.focus import COST_AND_USAGE
from models.ledger.focus.export import for_export
from models.ledger.focus.invariants import Report, check
from pipelines.console import say, show_table
from pipelines.imports import remember_import
from pipelines.run import RunReport, run
from pipelines.settings import SourceSettings
from pipelines.warehouse import Facts
from pipelines.workplace import Workplace

VERSIONS = ("1.4", "1.2")


def import_focus(work: Workplace, path: str, source: str, manifest: str | None = None) -> RunReport:
    """Load every billing period that the export holds, under the name `source`; again is the same as once.

    Raises `ConfigurationError` where the name belongs to a source of `outlay.yaml`, `AnswerError` for an export
    that cannot be read.
    """
    if work.settings.source(source) is not None:
        raise ConfigurationError(
            f"{source!r} is a source of outlay.yaml",
            remedy="import it under another name, or pull it with `outlay run`",
        )
    from connectors.focus_files import periods_in

    located = path if "://" in path else str(Path(path).expanduser().absolute())
    periods = periods_in(located, manifest=manifest)
    options = {"path": located} | ({"manifest": manifest} if manifest else {})
    settings = SourceSettings(name=source, connector="focus-files", options=options, start=min(periods, default=None))
    remember_import(work.home, settings)
    return run(work, sources=[source], periods=periods)


def export_focus(
    work: Workplace, folder: Path, version: str = "1.4", sources: Sequence[str] = ()
) -> list[tuple[Path, int]]:
    """One Parquet file for each billing period and source, `billing_period=YYYY-MM/<source>.parquet`.

    What an earlier export left under these names is replaced, period by period. Returns each file with its rows.
    """
    if version not in VERSIONS:
        raise ConfigurationError(f"cannot export FOCUS {version}", remedy=f"choose {' or '.join(VERSIONS)}")
    written: list[tuple[Path, int]] = []
    loads = [load for load in work.control.current_loads() if not sources or load.source in sources]
    for load in sorted(loads, key=lambda load: (load.billing_period, load.source)):
        charges = Facts(work.lake, (load,)).read(COST_AND_USAGE).collect()
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


def check_focus(path: str, *, lenient: bool, samples: int) -> bool:
    """Judge a file and show every violation; true where it passes. Raises `AnswerError` for an unreadable file."""
    from connectors.focus_files import read_charges

    report = check(read_charges(path), lenient=lenient)
    for violation in report.violations:
        say(str(violation))
        if samples and violation.sample.height:
            shown = violation.sample.head(samples)
            show_table(None, shown.columns, [[_cell(value) for value in row] for row in shown.rows()])
    verdict = "passes" if report.passed else "does not pass"
    say(_summary(report, verdict))
    return report.passed


def _summary(report: Report, verdict: str) -> str:
    return (
        f"{report.rows:,} rows, {report.rules} rules: {verdict}; "
        f"{len(report.errors)} rule(s) broken, {len(report.warnings)} warned of"
    )


def _cell(value: object) -> object:
    return f"{value:%Y-%m-%d %H:%M:%S%z}" if isinstance(value, datetime) else value
