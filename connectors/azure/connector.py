"""Azure as a source: `pull` does the I/O of whichever report is configured, `translate` reads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager

from connectors.azure.beside_the_bill import answers_beside_the_bill, with_what_stands_beside
from connectors.azure.cost_reports import billed_month, cost_parts
from connectors.azure.export_listing import export_of, months_of, reports_of
from connectors.azure.export_runs import read_run
from connectors.azure.file_answers import answers_of, is_manifest_answer, rows_of
from connectors.azure.management import ManagementClient
from connectors.azure.native_columns import native_rows
from connectors.azure.options import AzureOptions
from connectors.azure.queries import query_answers, query_parts
from connectors.errors import AnswerError, ConfigurationError, whose
from connectors.focus_rows.columns import with_focus_names
from connectors.focus_rows.times import with_instants
from connectors.protocol import Answer, ChargesPart, Finding, Surroundings, Translation, Window
from models.ledger.focus.invariants.periods import billing_month


class AzureConnector:
    """One configured source of Azure."""

    def __init__(self, source: str, options: AzureOptions, surroundings: Surroundings) -> None:
        self._source = source
        self._options = options
        self._surroundings = surroundings

    @property
    def source(self) -> str:
        return self._source

    def pull(self, window: Window) -> Iterator[Answer]:
        """The export's manifests and files of the window's month, or pages of queries; then what else is asked for.

        Raises `IncompleteError` where the month's run or a listed file is absent, `AnswerError` for an export that is
        not the configured one, `CredentialsError`, `RateLimitError` and `VendorUnavailableError`.
        """
        with self._named(window):
            yield from self._pulled(window)

    def translate(self, window: Window, answers: Iterable[Answer]) -> Translation:
        """Charges of the window's month in parts, with the tokens that they bill. Raises `AnswerError`."""
        kept = list(answers)
        with self._named(window):
            _check_scopes(kept)
        return Translation(parts=self._parts(window, kept), findings=_stale(window, kept))

    def _pulled(self, window: Window) -> Iterator[Answer]:
        if self._options.report == "query" or self._options.benefits or self._options.monitor_resources:
            told = (self._options, window)
            with ManagementClient(self._options, self._surroundings) as client:
                if self._options.report == "query":
                    yield from query_answers(client, *told, source=self._source, surroundings=self._surroundings)
                yield from answers_beside_the_bill(client, *told, source=self._source, surroundings=self._surroundings)
        month = f"{window.start:%Y-%m}"
        for report, path in reports_of(self._options):
            export = export_of(self._options, report, path, month, self._surroundings.clock().date())
            yield from answers_of(
                export,
                window,
                source=self._source,
                clock=self._surroundings.clock,
                keep_up_to=self._options.keep_copies_up_to_mib << 20,
            )

    def _parts(self, window: Window, answers: Sequence[Answer]) -> Iterator[ChargesPart]:
        with self._named(window):
            make = query_parts if self._options.report == "query" else cost_parts
            parts = make(window, answers, self._options, self._source)
            yield from with_what_stands_beside(parts, window, answers, self._source)

    def _named(self, window: Window) -> AbstractContextManager[None]:
        return whose(self._source, f"costs/{self._options.report}", window)


def periods_in(options: AzureOptions, surroundings: Surroundings) -> list[str]:
    """Billing periods, YYYY-MM, that an export holds now, sorted; of two reports those that both hold.

    Raises what `pull` raises.
    """
    if options.report == "query":
        raise ConfigurationError("queries hold no files to import", remedy="declare the source in outlay.yaml")
    held: list[set[str]] = []
    for report, path in reports_of(options):
        months = months_of(options, report, path)
        held.append(set(_months_read(options, report, path, surroundings) if months is None else months))
    return sorted(set.intersection(*held)) if held else []


def _months_read(options: AzureOptions, report: str, path: str, surroundings: Surroundings) -> list[str]:
    """Months of the charges of a single file."""
    export = export_of(options, report, path, "", surroundings.clock().date())
    window = Window.of_period("2000-01")
    months: set[str] = set()
    for answer in answers_of(export, window, source="azure", clock=surroundings.clock, keep_up_to=0):
        for frame in rows_of(answer, options):
            name = answer.request["name"]
            if report == "focus":
                named, _ = with_focus_names(frame, name, {})
                told = with_instants(named, name).select(month=billing_month())
            else:
                rows, _ = native_rows(frame, name)
                told = rows.select(month=billed_month())
            months.update(told["month"].unique().to_list())
    return sorted(months)


def _check_scopes(answers: Sequence[Answer]) -> None:
    """Both reports of actual-and-amortized must be of the same scopes. Raises `AnswerError`."""
    scopes: dict[str, set[str]] = {}
    for answer in answers:
        if is_manifest_answer(answer) and isinstance(answer.body, bytes):
            run = read_run(answer.request["url"], answer.body)
            scopes.setdefault(answer.request["report"], set()).add(run.scope.strip("/").casefold())
    if len(scopes) == 2 and len({frozenset(told) for told in scopes.values()}) > 1:
        told = "; ".join(f"{report} of {', '.join(sorted(names))}" for report, names in sorted(scopes.items()))
        raise AnswerError(
            f"the two exports are not of the same scope: {told}",
            remedy="export actual and amortized cost of one and the same scope",
        )


def _stale(window: Window, answers: Sequence[Answer]) -> tuple[Finding, ...]:
    """The newest run was submitted before the window ends: what came later is not in it."""
    last = f"{window.end:%Y-%m-%dT%H:%M:%S}"
    found: list[Finding] = []
    for answer in answers:
        if is_manifest_answer(answer) and isinstance(answer.body, bytes):
            run = read_run(answer.request["url"], answer.body)
            if run.submitted and run.submitted < last:
                detail = f"the newest run of {run.export or 'the export'} was submitted {run.submitted[:16]}Z"
                found.append(Finding("run_before_the_window_ends", detail))
    return tuple(found)
