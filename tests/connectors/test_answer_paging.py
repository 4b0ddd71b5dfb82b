"""Cursors are opaque; pages that repeat, promise more and lead in a circle."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from connectors.errors import AnswerError
from connectors.http import VendorClient
from connectors.paging import Question, follow, list_token, report_token
from connectors.protocol import Answer, Window

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def pages(transport: httpx.BaseTransport, token: Callable[[Any], str | None] = report_token) -> list[Answer]:
    client = VendorClient(
        "acme",
        "https://v.test",
        headers={},
        secrets=[SecretStr("x")],
        scope="",
        transport=transport,
        clock=lambda: NOW,
        sleep=lambda _: None,
    )
    cursor = "page" if token is report_token else "after"
    with client:
        return list(follow(client, Question("usage", "/u", [("limit", "7")], cursor, token), Window(NOW, NOW)))


def page(more: bool, token: str | None) -> httpx.Response:
    return httpx.Response(200, json={"data": [], "has_more": more, "next_page": token})


def test_an_opaque_cursor_goes_back_as_it_came(told_vendor: Callable[..., Any]) -> None:
    vendor = told_vendor(page(True, "page_AAA+/=="), page(False, "ignored"))
    answers = pages(vendor)
    assert [answer.sequence for answer in answers] == [0, 1]
    assert vendor.requests[1].url.params["page"] == "page_AAA+/=="
    assert answers[1].request == {"method": "GET", "path": "/u", "query": "limit=7&page=page_AAA%2B%2F%3D%3D"}


def test_a_page_served_twice_is_followed_through(told_vendor: Callable[..., Any]) -> None:
    assert len(pages(told_vendor(page(True, "a"), page(True, "a"), page(False, None)))) == 3


def test_a_circle_ends_in_an_error(told_vendor: Callable[..., Any]) -> None:
    with pytest.raises(AnswerError, match="circle"):
        pages(told_vendor(page(True, "a")))


def test_more_without_a_cursor_is_no_page(told_vendor: Callable[..., Any]) -> None:
    with pytest.raises(AnswerError, match="names no next page"):
        pages(told_vendor(page(True, None)))


def test_a_list_instead_of_a_page_is_no_page(told_vendor: Callable[..., Any]) -> None:
    with pytest.raises(AnswerError, match="not a page"):
        pages(told_vendor(httpx.Response(200, json=[])))


def test_lists_page_by_their_last_object(told_vendor: Callable[..., Any]) -> None:
    first = httpx.Response(200, json={"data": [{"id": "a"}, {"id": "b"}], "has_more": True})
    vendor = told_vendor(first, httpx.Response(200, json={"data": [], "has_more": False}))
    assert len(pages(vendor, list_token)) == 2
    assert vendor.requests[1].url.params["after"] == "b"
