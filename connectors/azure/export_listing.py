"""The files of a month: the newest run's, for one report or for two, and which months there are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from connectors.azure.credentials import place_of
from connectors.azure.export_runs import Run, RunFile, files_of, newest_runs, read_run, runs_of, single_file
from connectors.azure.options import AzureOptions
from connectors.errors import AnswerError
from connectors.exports.manifest import is_manifest
from connectors.exports.places import FoundFile, Place


@dataclass(frozen=True)
class Export:
    """One report's export as it lies there: where, the runs that count (none for a single file), and their files."""

    report: str
    place: Place
    runs: tuple[Run, ...]
    files: tuple[tuple[RunFile, Run | None], ...]


def reports_of(options: AzureOptions) -> list[tuple[str, str]]:
    """Each report that is read from files, and its path; of two the amortized one, which has the usage, comes first."""
    path = options.path or ""
    if options.report == "query":
        return []
    if options.report == "actual-and-amortized":
        return [("amortized", options.amortized_path or ""), ("actual", path)]
    return [(options.report, path)]


def export_of(options: AzureOptions, report: str, path: str, month: str, today: date) -> Export:
    """The files of the month, which may be over `today`.

    Raises what `export_runs` raises, and `AnswerError` for a billing account that `accounts` does not name.
    """
    place = place_of(path, options)
    found = place.files()
    runs = _runs(place, found)
    if not runs:
        return Export(report, place, (), tuple((file, None) for file in single_file(found, path)))
    newest = newest_runs(runs, report, month, path, today)
    for run in newest:
        check_scope(run.scope, options.accounts, run.url)
    files = tuple((file, run) for run in newest for file in files_of(run, found))
    return Export(report, place, tuple(newest), files)


def months_of(options: AzureOptions, report: str, path: str) -> list[str] | None:
    """Months that an export's manifests are of, sorted; None for a single file, which must be read for that."""
    place = place_of(path, options)
    runs = _runs(place, place.files())
    if not runs:
        return None
    right = runs_of(runs, report, path)
    months = {month for run in right for month in _months_between(run.first_day, run.last_day) if run.covers(month)}
    return sorted(months)


def check_scope(scope: str, accounts: Sequence[str], where: str) -> None:
    """The billing account that was exported is one that we know. Raises `AnswerError` for another."""
    told = re.findall(r"(?i)/(?:billingAccounts|billingProfiles)/([^/]+)", "/" + scope)
    known = {_short(account) for account in accounts}
    if told and known and not known & {_short(name) for name in told}:
        raise AnswerError(
            f"{where} is of billing account {told[0]}, which is none of this source's `accounts`",
            remedy="correct the path, or add the account to `accounts`",
        )


def check_accounts(told: pl.DataFrame, accounts: Sequence[str], where: str) -> None:
    """Each row of `told`, the names of a charge's account (billing account, profile), has one that we know. Raises
    `AnswerError` for another account."""
    known = {_short(account) for account in accounts}
    for names in told.unique().sort(pl.all()).iter_rows() if known else ():
        given = [name for name in names if name]
        if given and not known & {_short(name) for name in given}:
            raise AnswerError(
                f"{where} bills {given[0]}, which is none of this source's `accounts`",
                remedy="correct the path, or add the account to `accounts`",
            )


def _short(account: str) -> str:
    return account.strip("/").rpartition("/")[2].casefold()


def _runs(place: Place, found: Sequence[FoundFile]) -> list[Run]:
    return [read_run(file.url, place.read(file.url)) for file in found if is_manifest(file.name)]


def _months_between(first: str, last: str) -> list[str]:
    start, end = (int(day[:4]) * 12 + int(day[5:7]) - 1 for day in (first, last))
    return [f"{number // 12:04d}-{number % 12 + 1:02d}" for number in range(start, end + 1)]
