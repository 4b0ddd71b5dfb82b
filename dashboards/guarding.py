"""What stands before Streamlit in `outlay serve`: headers, doors that stay shut, and files for their owners alone.

Streamlit gives a download to whoever knows its address, and takes a file from whoever has a session; where people sign
in, it is only given to who made it, and only taken from who may upload.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose
from streamlit import file_util
from streamlit.runtime import Runtime
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME
from streamlit.web.server.starlette.starlette_websocket import (
    _get_signed_cookie_with_chunks,  # pyright: ignore[reportPrivateUsage]
)

from models.control.access import Access


def _scripts_within(page: str) -> str:
    """The scripts that Streamlit writes into its page, by their hashes: no other one is run that stands in a page."""
    written = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    return " ".join(f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" for script in written)


_PAGE = Path(file_util.get_static_dir()) / "index.html"
HEADERS: Mapping[str, str] = {
    # nothing of another host is fetched, run or shown, and no other site shows us; Vega compiles its expressions, and
    # Streamlit writes styles into the page
    "Content-Security-Policy": (
        f"default-src 'self'; script-src 'self' 'unsafe-eval' {_scripts_within(_PAGE.read_text(encoding='utf-8'))}; "
        "style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; object-src 'none'; "
        "base-uri 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_SHUT = ("_stcore/agent", "_stcore/metrics")
_UPLOADS = "_stcore/upload_file/"
_POLICY_VIOLATION = 1008
_WHO = ("sub", "email")


class Guard:
    """ASGI middleware. `base`: path below which the dashboard lies, without slashes at its ends.

    `origin`: scheme, host and port of the address that people open; of https, cookies go no other way. `access`: who
    is let in; None where nobody signs in.
    """

    def __init__(self, app: ASGIApp, *, base: str, origin: str, access: Access | None) -> None:
        self._app = app
        self._base = f"/{base}/" if base else "/"
        self._origin = origin
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            is_foreign = scope["type"] == "websocket" and not self._is_ours(Headers(scope=scope))
            app = WebSocketClose(_POLICY_VIOLATION) if is_foreign else self._app
            await app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add_headers(MutableHeaders(scope=message))
            await send(message)

        path = scope["path"].removeprefix(self._base)
        app = PlainTextResponse("Not found", HTTPStatus.NOT_FOUND) if self._is_shut(scope, path) else self._app
        await app(scope, receive, send_with_headers)

    def _is_ours(self, headers: Headers) -> bool:
        """Whether the page that opens a websocket is our own; Streamlit lets in those of any port of this machine.

        No browser leaves the origin out. The host is the one that the browser asked, which Streamlit checks.
        """
        origin, host = headers.get("origin"), headers.get("host")
        return origin is None or origin in (self._origin, f"http://{host}", f"https://{host}")

    def _is_shut(self, scope: Scope, path: str) -> bool:
        if path.startswith(_SHUT):
            return True
        if self._access is None:
            return False
        if path.startswith("media/"):
            return not _is_owners(scope, path)
        return path.startswith(_UPLOADS) and not _may_upload(scope, path, self._access)

    def _add_headers(self, headers: MutableHeaders) -> None:
        for name, value in HEADERS.items():
            headers[name] = value
        if self._origin.startswith("https:"):
            cookies = [f"{cookie}; Secure" for cookie in headers.getlist("set-cookie")]
            del headers["set-cookie"]
            for cookie in cookies:
                headers.append("set-cookie", cookie)


_made: defaultdict[str, set[str]] = defaultdict(set)
"""By session, files that were made when somebody asked for them: of these Streamlit does not keep whose they are."""


def watch_downloads() -> None:
    """From here on it is kept whose the files are that are made when somebody asks for them. Streamlit must run."""
    files = Runtime.instance().media_file_mgr
    make = files.execute_deferred

    def made(file_id: str) -> str:
        session = files._deferred_callables[file_id]["session_id"]  # pyright: ignore[reportPrivateUsage]
        url = make(file_id)
        _made[session].add(_file_id(url))
        return url

    files.execute_deferred = made


def _is_owners(scope: Scope, path: str) -> bool:
    """Whether a session of the same person made the file."""
    file_id = _file_id(path)
    runtime = Runtime.instance()
    who = _identity(_claims(Request(scope)))
    files = runtime.media_file_mgr._files_by_session_and_coord  # pyright: ignore[reportPrivateUsage]
    sessions = runtime._session_mgr.list_active_sessions()  # pyright: ignore[reportPrivateUsage]
    return any(
        file_id in {*files.get(info.session.id, {}).values(), *_made.get(info.session.id, ())}
        and _identity(info.session._user_info) == who  # pyright: ignore[reportPrivateUsage]
        for info in sessions
    )


def _may_upload(scope: Scope, path: str, access: Access) -> bool:
    """Whether the session that a file is for is there and the same person's, and they may upload."""
    claims = _claims(Request(scope))
    person = access.person_of(claims, datetime.now(UTC))
    if person is None or not person.may("upload budgets"):
        return False
    sessions = Runtime.instance()._session_mgr  # pyright: ignore[reportPrivateUsage]
    info = sessions.get_active_session_info(path.removeprefix(_UPLOADS).partition("/")[0])
    return info is not None and _identity(info.session._user_info) == _identity(claims)  # pyright: ignore[reportPrivateUsage]


def _file_id(path: str) -> str:
    return path.rpartition("/")[2].partition(".")[0]


def _claims(request: Request) -> Mapping[str, Any]:
    """What the cookie of sign-in says; nothing where there is none, or it is not ours."""
    told = _get_signed_cookie_with_chunks(request.cookies, USER_COOKIE_NAME)
    claims = json.loads(told) if told else {}
    return claims if isinstance(claims, dict) else {}


def _identity(claims: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(claims.get(name) for name in _WHO)
