"""What stands before Streamlit: headers, cookies by https alone, doors that stay shut, and files of who may upload."""

from __future__ import annotations

import asyncio
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

import dashboards
from dashboards import guarding
from dashboards.guarding import Guard
from dashboards.server import configuration, page_url
from models.control.access import Access, AccessRule
from pipelines.settings.dashboard import DashboardSettings
from pipelines.uploads import MOST_BYTES

ORIGIN = "https://costs.example.com"
ACCESS = Access((AccessRule("viewer", "vic@*"), AccessRule("editor", "*@example.com")))


async def _streamlit(scope: Scope, receive: Receive, send: Send) -> None:
    response = PlainTextResponse(f"answered {Request(scope).url.path}")
    response.set_cookie("_streamlit_user", "signed", httponly=True)
    response.set_cookie("_streamlit_xsrf", "token")
    await response(scope, receive, send)


async def _ask(method: str, path: str, **settings: Any) -> httpx.Response:
    told: dict[str, Any] = {"base": "", "origin": ORIGIN, "access": None, **settings}
    guard = Guard(_streamlit, **told)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(guard), base_url=ORIGIN) as client:
        return await client.request(method, path)


def get(path: str, **settings: Any) -> httpx.Response:
    return asyncio.run(_ask("GET", path, **settings))


def test_nothing_of_other_hosts_is_loaded_and_nobody_frames_us():
    told = get("/total-cost").headers["content-security-policy"]
    assert "default-src 'self'" in told
    assert "frame-ancestors 'none'" in told
    assert "'unsafe-inline'" not in told.partition("script-src")[2].partition(";")[0]
    assert "http" not in told


@pytest.mark.parametrize(("origin", "is_secure"), [(ORIGIN, True), ("http://127.0.0.1:8501", False)])
def test_cookies_go_by_https_alone_where_people_come_by_it(origin: str, is_secure: bool):
    cookies = get("/", origin=origin).headers.get_list("set-cookie")
    assert len(cookies) == 2
    assert all(cookie.endswith("; Secure") == is_secure for cookie in cookies)


@pytest.mark.parametrize("base", ["", "outlay", "team/outlay"])
def test_doors_stay_shut_below_any_path(base: str):
    below = f"/{base}" if base else ""
    for path in ("_stcore/agent/openapi.json", "_stcore/agent/mcp", "_stcore/metrics"):
        assert get(f"{below}/{path}", base=base).status_code == 404
    assert get(f"{below}/_stcore/health", base=base).status_code == 200
    assert get(f"{below}/media/0.svg", base=base).status_code == 200, "nobody signs in: it is this machine's"


def test_pages_are_of_one_address():
    at = {"address": "0.0.0.0", "url": "https://costs.example.com/outlay"}
    sign_in = {
        "metadata_url": "https://login.example.com/x",
        "client_id": "outlay",
        "client_secret": "*",
        "cookie_secret": "*",
    }
    settings = DashboardSettings.model_validate({**at, "sign_in": sign_in})
    assert page_url(settings) == "https://costs.example.com/outlay"
    told = configuration(settings)
    assert told["server.baseUrlPath"] == "outlay"
    assert "costs.example.com" in told["server.allowedHosts"]
    assert "*" not in told["server.allowedHosts"]
    assert told["server.corsAllowedOrigins"] == ["https://costs.example.com"]
    assert page_url(DashboardSettings(address="::1", port=8600)) == "http://[::1]:8600"


def claims(who: str) -> dict[str, Any]:
    return {"sub": who, "email": f"{who}@example.com", "email_verified": True, "iat": datetime.now(UTC).timestamp()}


@pytest.mark.parametrize(
    ("told", "session", "status"),
    [
        (claims("edi"), "edi", 200),
        (claims("edi"), "ada", 404),
        (claims("edi"), "nobody", 404),
        (claims("edi"), "gone", 404),
        (claims("vic"), "vic", 404),
        (claims("eve") | {"email": "eve@elsewhere.org"}, "eve", 404),
        (claims("edi") | {"iat": 0}, "edi", 404),
        ({}, "nobody", 404),
    ],
)
def test_only_who_may_upload_puts_files_into_memory_and_into_their_own_session(
    monkeypatch: pytest.MonkeyPatch, told: dict[str, Any], session: str, status: int
):
    users = {who: claims(who) for who in ("ada", "edi", "vic", "eve")} | {"nobody": {}}
    sessions = {id_: SimpleNamespace(session=SimpleNamespace(_user_info=user)) for id_, user in users.items()}
    runtime = SimpleNamespace(_session_mgr=SimpleNamespace(get_active_session_info=sessions.get))
    monkeypatch.setattr(guarding.Runtime, "instance", lambda: runtime)
    monkeypatch.setattr(guarding, "_claims", lambda _request: told)  # pyright: ignore[reportUnknownLambdaType]
    answer = asyncio.run(_ask("PUT", f"/outlay/_stcore/upload_file/{session}/1", base="outlay", access=ACCESS))
    assert answer.status_code == status


def test_files_are_as_large_as_is_read_and_no_larger():
    limit = configuration(DashboardSettings())["server.maxUploadSize"]
    assert MOST_BYTES <= limit * 2**20 < MOST_BYTES + 2**20
    by_hand = Path(dashboards.__file__).with_name(".streamlit") / "config.toml"
    assert tomllib.loads(by_hand.read_text())["server"]["maxUploadSize"] == limit


@pytest.mark.parametrize(
    ("origin", "is_let_in"),
    [
        (ORIGIN, True),
        ("http://127.0.0.1:8501", True),
        (None, True),
        ("http://127.0.0.1:9999", False),
        ("http://localhost:8501", False),
        ("https://costs.example.com.evil.example", False),
        ("http://costs.example.com", False),
        ("null", False),
        ("", False),
    ],
)
def test_no_other_page_opens_a_websocket_not_even_of_this_machine(origin: str | None, is_let_in: bool):
    let_in: list[str] = []

    async def streamlit(scope: Scope, _receive: Receive, _send: Send) -> None:
        let_in.append(scope["type"])

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    headers = [(b"host", b"127.0.0.1:8501")] + ([] if origin is None else [(b"origin", origin.encode())])
    guard = Guard(streamlit, base="", origin=ORIGIN, access=None)
    asyncio.run(guard({"type": "websocket", "path": "/_stcore/stream", "headers": headers}, receive, send))
    assert bool(let_in) == is_let_in
    assert [message["type"] for message in sent] == ([] if is_let_in else ["websocket.close"])
