"""The files of a month as they were pulled, opened one at a time, each held against its manifest when it is opened. How
a file is read belongs to `slices`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from connectors.aws.columns import same_name
from connectors.aws.slices import OpenFile, open_file
from connectors.errors import AnswerError
from connectors.protocol import Answer


class Listed:
    """Files that are opened when they are come to: each time that they are gone through, one is held at a time.

    `columns` are the manifest's, none where it tells none; `read` gives the content of an address in an object store.
    """

    def __init__(
        self,
        answers: Sequence[Answer],
        columns: Sequence[str],
        read: Callable[[str], bytes],
        *,
        is_listed: bool,
        is_bill: bool,
    ) -> None:
        self._answers = answers
        self._columns = {same_name(name): name for name in columns}
        self._read = read
        self._is_listed = is_listed
        self._is_bill = is_bill

    def __iter__(self) -> Iterator[OpenFile]:
        """Raises `AnswerError` for a file of other rows or columns than listed, after the last one for other rows in
        all: what was made of them by then counts for nothing."""
        rows = 0
        for answer in self._answers:
            file = self._opened(answer)
            rows += file.rows
            yield file
            # the next one is opened when nobody holds this one
            del file
        told = next((answer.facts["report_rows"] for answer in self._answers if "report_rows" in answer.facts), None)
        if told is not None and int(told) != rows:
            raise _lying(f"the report of {len(self._answers)} files", f"{rows} rows", told)

    def _opened(self, answer: Answer) -> OpenFile:
        name = answer.request["name"]
        file = open_file(answer.body, name, self._read, is_bill=self._is_bill, may_be_empty=self._is_listed)
        if "rows" in answer.facts and int(answer.facts["rows"]) != file.rows:
            raise _lying(file.name, f"{file.rows} rows", f"{answer.facts['rows']}")
        held = {same_name(name): name for name in file.columns}
        other = {
            name
            for one, against in ((held, self._columns), (self._columns, held))
            for same, name in one.items()
            if same not in against
        }
        if self._columns and file.rows and other:
            raise _lying(file.name, f"{len(file.columns)} columns", f"others ({', '.join(sorted(other)[:5])})")
        return file


def _lying(what: str, has: str, listed: str) -> AnswerError:
    return AnswerError(
        f"{what} has {has}, its manifest says {listed}",
        remedy="the delivery is not finished or was changed: wait for AWS, or deliver it anew",
    )
