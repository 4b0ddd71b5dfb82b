"""Names out of vendors' lists: what a project, key or user was called when we looked.

Here belongs reading `{"data": [{"id", "name"}]}` into dated names. Which lists there are belongs to each vendor's
connector; which name a day gets, to `models.ledger.naming`. Names are no money: a list that the vendor refuses
is told of and stops nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from connectors.json_answers import Tally, read_object, read_rows
from connectors.protocol import NAMES_SCHEMA, Answer

STREAM_PREFIX = "names/"


def read_names(answers: Iterable[Answer], kinds: Mapping[str, str], tally: Tally) -> pl.DataFrame:
    """NAMES_SCHEMA rows from the answers of name streams; `kinds` says what each stream names.

    Objects without a name go by their e-mail address; without either they stay without. Raises AnswerError.
    """
    rows: list[tuple[str, str, str, object]] = []
    for answer in answers:
        if answer.stream not in kinds:
            continue
        if "status" in answer.facts:
            tally.note("names not readable", f"{answer.stream}: the vendor answered {answer.facts['status']}")
            continue
        page = read_object(answer)
        for item in read_rows(answer, page, "data") if "data" in page else [page]:
            name = item.get("name") or item.get("email")
            if isinstance(item.get("id"), str) and isinstance(name, str):
                rows.append((kinds[answer.stream], item["id"], name, answer.fetched_at))
    return pl.DataFrame(rows, schema=NAMES_SCHEMA, orient="row").unique(
        ["kind", "id"], keep="last", maintain_order=True
    )
