"""Talking to a vendor that limits, breaks off, refuses and rambles."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from connectors.errors import (
    AnswerError,
    ConnectorError,
    CredentialsError,
    RateLimitError,
    VendorUnavailableError,
)
from connectors.http import LONGEST_WAIT, Reply, VendorClient, read_json, retry_after_seconds

SECRET = "sk-admin-Very-Secret-0123456789"
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
GOOD = httpx.Response(200, json={"data": [], "has_more": False})


def ask(transport: httpx.BaseTransport, **more: Any) -> tuple[Reply, list[float]]:
    slept: list[float] = []
    client = VendorClient(
        "acme",
        "https://vendor.test/v1",
        headers={"Authorization": f"Bearer {SECRET}"},
        secrets=[SecretStr(SECRET)],
        scope="an admin key with api.usage.read",
        transport=transport,
        clock=lambda: NOW,
        sleep=slept.append,
    )
    with client:
        return client.get("/usage", [("group_by[]", "model")], stream="usage", window="2026-10", **more), slept


RETRIED = [
    pytest.param(httpx.Response(429, json={"error": {"message": "slow down"}}), id="429 without advice"),
    pytest.param(httpx.Response(429, headers={"retry-after": "7"}), id="429 with seconds"),
    pytest.param(httpx.Response(500, text="<html>oops</html>"), id="500 in HTML"),
    pytest.param(httpx.Response(503), id="503"),
    pytest.param(httpx.Response(408), id="408"),
    pytest.param(httpx.ReadTimeout("slow"), id="timeout"),
    pytest.param(httpx.ConnectTimeout("slow"), id="connect timeout"),
    pytest.param(httpx.ConnectError("refused"), id="refused"),
    pytest.param(httpx.RemoteProtocolError("peer closed"), id="dropped"),
    pytest.param(httpx.Response(200, content=b'{"da', headers={"content-length": "40"}), id="half a body"),
    pytest.param(
        httpx.Response(200, content=b'{"data": [', headers={"content-type": "application/json"}), id="half a JSON"
    ),
    pytest.param(httpx.Response(200, content=b"", headers={"content-type": "application/json"}), id="no body"),
]


@pytest.mark.parametrize("trouble", RETRIED)
def test_what_passes_is_tried_again(trouble: Any, told_vendor: Callable[..., Any]) -> None:
    vendor = told_vendor(trouble, GOOD)
    reply, slept = ask(vendor)
    assert reply.payload == {"data": [], "has_more": False}
    assert len(vendor.requests) == 2
    assert len(slept) == 1


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        (httpx.Response(429, json={"error": {"message": "slow down"}}), RateLimitError),
        (httpx.Response(502), VendorUnavailableError),
        (httpx.ReadTimeout("slow"), VendorUnavailableError),
        (httpx.Response(200, content=b"{", headers={"content-type": "application/json"}), AnswerError),
    ],
)
def test_retries_are_bounded_and_end_in_an_error_that_says_who(
    trouble: Any, error: type[ConnectorError], told_vendor: Callable[..., Any]
) -> None:
    vendor = told_vendor(trouble)
    with pytest.raises(error) as caught:
        ask(vendor)
    assert len(vendor.requests) == 6
    assert (caught.value.source, caught.value.stream, caught.value.window) == ("acme", "usage", "2026-10")
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("advice", "low", "high"),
    [
        ("7", 7, 8),
        ("0", 0, 1),
        ("Fri, 20 Nov 2026 09:00:30 GMT", 30, 31),
        ("Fri, 20 Nov 2026 08:00:00 GMT", 0, 1),
        ("86400", LONGEST_WAIT, LONGEST_WAIT),
    ],
)
def test_retry_after_is_honoured_up_to_a_cap(
    advice: str, low: float, high: float, told_vendor: Callable[..., Any]
) -> None:
    _, slept = ask(told_vendor(httpx.Response(429, headers={"retry-after": advice}), GOOD))
    assert low <= slept[0] <= high


def test_unreadable_advice_is_no_advice() -> None:
    assert retry_after_seconds("soon", NOW) is None
    assert retry_after_seconds("-5", NOW) is None
    assert retry_after_seconds(None, NOW) is None


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_names_the_scope_and_is_not_tried_again(status: int, told_vendor: Callable[..., Any]) -> None:
    vendor = told_vendor(httpx.Response(status, json={"error": {"message": f"Missing scopes for {SECRET}"}}))
    with pytest.raises(CredentialsError) as caught:
        ask(vendor)
    assert len(vendor.requests) == 1
    assert "an admin key with api.usage.read" in caught.value.remedy
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(400, json={"error": {"message": "limit must be <= 31"}}), "limit must be <= 31"),
        (httpx.Response(404, json={"error": {"message": "no such path"}}), "no such path"),
        (httpx.Response(302, headers={"location": "https://evil.test"}), "302"),
        (httpx.Response(200, html="<html>Sign in</html>"), "text/html"),
    ],
)
def test_other_refusals_carry_the_vendors_words(
    answer: httpx.Response, said: str, told_vendor: Callable[..., Any]
) -> None:
    vendor = told_vendor(answer)
    with pytest.raises(AnswerError, match=said):
        ask(vendor)
    assert len(vendor.requests) == 1


def test_a_tolerated_refusal_is_an_answer(told_vendor: Callable[..., Any]) -> None:
    reply, _ = ask(told_vendor(httpx.Response(404, text="nothing here")), tolerate=(404,))
    assert (reply.status, reply.body) == (404, b"nothing here")


def test_lists_go_out_in_brackets_and_the_agent_is_named(told_vendor: Callable[..., Any]) -> None:
    vendor = told_vendor(GOOD)
    reply, _ = ask(vendor)
    assert vendor.requests[0].url.query == b"group_by%5B%5D=model"
    assert reply.query == "group_by%5B%5D=model"
    assert vendor.requests[0].headers["user-agent"].startswith("outlay/")


def test_the_secret_is_in_no_error_log_or_repr(
    told_vendor: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(VendorUnavailableError) as caught:
        ask(told_vendor(httpx.ConnectError(f"cannot reach with {SECRET}")))
    assert SECRET not in str(caught.value)
    assert SECRET not in caplog.text
    client = VendorClient("acme", "https://v.test", headers={}, secrets=[SecretStr(SECRET)], scope="")
    with client:
        assert SECRET not in repr(client)
        assert client.redact("other key sk-ant-admin01-abcdefghij!") == "other key sk-…!"


def test_money_never_becomes_a_float() -> None:
    assert read_json(b'{"value": 0.1, "tiny": 1e-7, "whole": 3}') == {
        "value": Decimal("0.1"),
        "tiny": Decimal("1E-7"),
        "whole": 3,
    }
    with pytest.raises(ValueError, match="NaN"):
        read_json(b'{"value": NaN}')


def test_a_compressed_body_arrives_plain(told_vendor: Callable[..., Any]) -> None:
    import gzip

    packed = gzip.compress(b'{"has_more": false}')
    headers = {"content-encoding": "gzip", "content-length": str(len(packed))}
    reply, _ = ask(told_vendor(httpx.Response(200, content=packed, headers=headers)))
    assert reply.body == b'{"has_more": false}'
