"""An AWS account as a source: `pull` finds a month's report (or asks Cost Explorer and CloudWatch), `translate` makes
charges of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager

from connectors.aws import cost_explorer, focus_report
from connectors.aws.cloudwatch import STREAM as CLOUDWATCH
from connectors.aws.cloudwatch import Metrics, pull_metrics
from connectors.aws.cur import BillReader
from connectors.aws.layout import report_files, told_columns
from connectors.aws.listed import Listed
from connectors.aws.monitored import beside_the_bill
from connectors.aws.options import AwsOptions
from connectors.aws.session import AwsSession
from connectors.errors import AnswerError, IncompleteError, whose
from connectors.exports.manifest import ListedFile
from connectors.exports.places import FoundFile, local_path, sha256_of, sha256_of_local
from connectors.protocol import Answer, ChargesPart, FileReference, Surroundings, Translation, Window

STREAM = "aws/report"
MANIFEST_STREAM = "aws/manifest"


class AwsConnector:
    """One configured source. Its report says which of AWS's bills is read."""

    def __init__(self, source: str, options: AwsOptions, surroundings: Surroundings) -> None:
        self._source = source
        self._options = options
        self._surroundings = surroundings
        self._session = AwsSession(source, options, surroundings.sleep)

    @property
    def source(self) -> str:
        return self._source

    def pull(self, window: Window) -> Iterator[Answer]:
        """The month's manifest and files, or Cost Explorer's pages; then CloudWatch's metrics of configured regions.

        Raises `IncompleteError` where the manifest or a listed file is absent, `AnswerError` for a file that differs
        from its manifest, `CredentialsError`, `RateLimitError`, `VendorUnavailableError`.
        """
        with self._named(window):
            if self._options.report == "cost-explorer":
                yield from cost_explorer.pull(self._source, self._options, self._session, self._surroundings, window)
            else:
                yield from self._pulled(window)
            if self._options.cloudwatch_regions:
                yield from pull_metrics(self._source, self._options, self._session, self._surroundings, window)

    def _pulled(self, window: Window) -> Iterator[Answer]:
        assert self._options.path is not None
        place = self._session.place(self._options.path)
        report = report_files(place, self._options.path, f"{window.start:%Y-%m}")
        if report.manifest is not None and report.manifest_url is not None:
            yield self._answer(MANIFEST_STREAM, window, {"url": report.manifest_url}, 0, report.manifest, {})
        total = {} if report.rows is None else {"report_rows": str(report.rows)}
        for sequence, (found, listed) in enumerate(report.files):
            body, facts = self._body(found, listed)
            request = {"url": found.url, "name": found.name.rpartition("/")[2]}
            yield self._answer(STREAM, window, request, sequence, body, {**facts, **total})

    def _body(self, found: FoundFile, listed: ListedFile) -> tuple[bytes | FileReference, Mapping[str, str]]:
        """The file, whole or by reference, held against the hash that its manifest gives."""
        is_large = found.size > self._options.keep_copies_up_to_mib << 20
        if is_large and found.url.startswith("file://"):
            size, digest, body = found.size, sha256_of_local(local_path(found.url)), None
        else:
            body = self._session.place(found.url).read(found.url)
            size, digest = len(body), sha256_of(body)
        if listed.sha256 and listed.sha256.casefold() != digest:
            raise AnswerError(
                f"{found.url} does not have the hash that its manifest gives",
                remedy="the file was changed or damaged: wait for AWS to deliver it anew",
            )
        rows = {} if listed.rows is None else {"rows": str(listed.rows)}
        facts = {"size": str(size), "sha256": digest, **rows}
        return (FileReference(found.url, size, digest) if is_large or body is None else body), facts

    def translate(self, window: Window, answers: Iterable[Answer]) -> Translation:
        """Charges of the month that the window begins in, in parts; claims to the money of their accounts, and to the
        usage of those whose tokens the bill tells. Raises `AnswerError` for files that cannot be read, or that are not
        what their manifest says."""
        held = list(answers)
        metrics = Metrics.of(answer for answer in held if answer.stream == CLOUDWATCH)
        if self._options.report == "cost-explorer":
            parts = cost_explorer.parts(self._source, self._options, window, held)
        else:
            parts = self._file_parts(window, held)
        return Translation(
            parts=self._with_names(window, beside_the_bill(self._ours(parts), metrics, self._source, window))
        )

    def _ours(self, parts: Iterable[ChargesPart]) -> Iterator[ChargesPart]:
        """The parts, none of which bills a payer that `accounts` does not name. Raises `AnswerError` for another."""
        known = set(self._options.accounts)
        for part in parts:
            strangers = sorted(set(part.charges["BillingAccountId"].unique()) - known) if known else []
            if strangers:
                raise AnswerError(
                    f"the report bills {strangers[0]}, which is none of this source's `accounts`",
                    remedy="correct the path, or add the payer's account to `accounts`",
                )
            yield part

    def _file_parts(self, window: Window, answers: Sequence[Answer]) -> Iterator[ChargesPart]:
        manifest = next((answer.body for answer in answers if answer.stream == MANIFEST_STREAM), None)
        columns = told_columns(manifest) if isinstance(manifest, bytes) else ()
        files = [answer for answer in answers if answer.stream == STREAM]
        if not files:
            raise IncompleteError(f"nothing was pulled of {window.start:%Y-%m}", remedy="pull the period again")
        is_listed = manifest is not None
        opened = Listed(files, columns, self._read, is_listed=is_listed, is_bill=self._options.report != "focus")
        if self._options.report == "focus":
            yield from focus_report.parts(self._source, window, opened, is_listed=is_listed)
        else:
            yield from BillReader(self._source, self._options, window, opened, is_listed=is_listed).parts()

    def _read(self, url: str) -> bytes:
        """A large file of an object store, archived by reference."""
        return self._session.place(url).read(url)

    def _named(self, window: Window) -> AbstractContextManager[None]:
        return whose(self._source, self._options.report, window)

    def _with_names(self, window: Window, parts: Iterable[ChargesPart]) -> Iterator[ChargesPart]:
        with self._named(window):
            yield from parts

    def _answer(
        self,
        stream: str,
        window: Window,
        request: Mapping[str, str],
        sequence: int,
        body: bytes | FileReference,
        facts: Mapping[str, str],
    ) -> Answer:
        return Answer(self._source, stream, window, request, sequence, self._surroundings.clock(), body, facts)
