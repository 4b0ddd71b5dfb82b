"""What stands before Streamlit: headers, cookies by https alone, and doors that stay shut."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from dashboards.guarding import Guard
from dashboards.server import configuration, page_url
from pipelines.settings.dashboard import DashboardSettings


async def _streamlit(scope: Scope, receive: Receive, send: Send) -> None:
    response = PlainTextResponse(f"answered {Request(scope).url.path}")
    response.set_cookie("_streamlit_user", "signed", httponly=True)
    response.set_cookie("_streamlit_xsrf", "token")
    await response(scope, receive, send)


async def _get(path: str, **settings: bool | str) -> httpx.Response:
    guard = Guard(_streamlit, **{"base": "", "asks": False, "is_secure": False, **settings})  # pyright: ignore
    transport = httpx.ASGITransport(guard)
    async with httpx.AsyncClient(transport=transport, base_url="https://costs.example.com") as client:
        return await client.get(path)


def get(path: str, **settings: bool | str) -> httpx.Response:
    return asyncio.run(_get(path, **settings))


def test_nothing_of_other_hosts_is_loaded_and_nobody_frames_us():
    told = get("/total-cost").headers["content-security-policy"]
    assert "default-src 'self'" in told
    assert "frame-ancestors 'none'" in told
    assert "'unsafe-inline'" not in told.partition("script-src")[2].partition(";")[0]
    assert "http" not in told


@pytest.mark.parametrize("is_secure", [True, False])
def test_cookies_go_by_https_alone_where_people_come_by_it(is_secure: bool):
    cookies = get("/", is_secure=is_secure).headers.get_list("set-cookie")
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
