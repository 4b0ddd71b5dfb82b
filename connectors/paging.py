"""Paging: follows a vendor's cursors to the last page, whatever the cursors look like.

Here belongs the loop and its guards (a cursor that leads nowhere, a cursor that leads in a circle), and the making
of `Answer`s from replies. Which parameters a report takes belongs to its connector.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.errors import AnswerError
from connectors.http import Params, Reply, VendorClient
from connectors.protocol import Answer, Window

FACT_HEADERS = ("date", "openai-organization", "anthropic-organization-id")
_SAME_CURSOR = 3
"""How often a cursor may come back (a page served twice) before we call it a circle."""


@dataclass(frozen=True)
class Question:
    """One report or list to page through: `cursor` names the parameter that takes the next page's token."""

    stream: str
    path: str
    params: Params
    cursor: str
    next_token: Callable[[Any], str | None]
    tolerate: Sequence[int] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def report_token(payload: Any) -> str | None:
    """The cursor of a report page (`has_more`, `next_page`); `ValueError` where it promises more and names none."""
    token = payload.get("next_page")
    if payload.get("has_more", token is not None) is False:
        return None
    if not isinstance(token, str) or not token:
        raise ValueError("it says that there is more and names no next page")
    return token


def list_token(payload: Any) -> str | None:
    """The cursor of a list of objects (`has_more`, `last_id`, or the id of its last object)."""
    if not payload.get("has_more"):
        return None
    data = payload.get("data") or [{}]
    token = payload.get("last_id") or data[-1].get("id")
    if not isinstance(token, str) or not token:
        raise ValueError("it says that there is more and names no last object")
    return token


def follow(client: VendorClient, question: Question, window: Window) -> Iterator[Answer]:
    """Every page of a question as an Answer, in order. Raises the client's errors and `AnswerError`."""
    token: str | None = None
    seen: Counter[str] = Counter()
    sequence = 0
    while True:
        params = [*question.params, *([(question.cursor, token)] if token else [])]
        reply = client.get(
            question.path,
            params,
            stream=question.stream,
            window=str(window),
            headers=question.headers,
            tolerate=question.tolerate,
        )
        yield _answer(client.source, question, window, sequence, reply)
        if reply.status != 200:
            return
        token = _next(client.source, question, window, reply)
        if token is None:
            return
        seen[token] += 1
        if seen[token] > _SAME_CURSOR:
            raise AnswerError(
                "the vendor's pages lead in a circle",
                remedy="run again later; if it stays, report it to the vendor",
                source=client.source,
                stream=question.stream,
                window=str(window),
            )
        sequence += 1


def _next(source: str, question: Question, window: Window, reply: Reply) -> str | None:
    try:
        return question.next_token(reply.payload)
    except (ValueError, AttributeError, TypeError, KeyError, IndexError) as error:
        what = str(error) if isinstance(error, ValueError) else "it is not a page of a report"
        raise AnswerError(
            f"a page cannot be read: {what}",
            remedy="run again; if it stays, the vendor's format has changed: please report it",
            source=source,
            stream=question.stream,
            window=str(window),
        ) from None


def _answer(source: str, question: Question, window: Window, sequence: int, reply: Reply) -> Answer:
    facts: Mapping[str, str] = {name: reply.headers[name] for name in FACT_HEADERS if name in reply.headers}
    if reply.status != 200:
        facts = {**facts, "status": str(reply.status)}
    return Answer(
        source=source,
        stream=question.stream,
        window=window,
        request={"method": "GET", "path": question.path, "query": reply.query},
        sequence=sequence,
        fetched_at=reply.fetched_at,
        body=reply.body,
        facts=facts,
    )
