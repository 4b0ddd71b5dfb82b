"""A real OpenID Connect provider over loopback HTTP: discovery, codes with PKCE, RS256, keys, end of session.

Who signs in is chosen on its own page, by the name of one of `people`; there are no passwords.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import secrets
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID = "outlay"
CLIENT_SECRET = "loopback-client-secret"


@dataclass
class Provider:
    """What it knows. `people`: claims by the name under which they are offered; `redirects`: where it sends them."""

    people: Mapping[str, Mapping[str, Any]]
    redirects: tuple[str, ...] = ()
    issuer: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "loopback", "use": "sig"}))
    codes: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    issued: list[str] = field(default_factory=list[str])
    """For whom ID tokens were issued, in order."""
    ended: int = 0
    age: int = 0
    """So many seconds ago is when people sign in, as it says."""

    @property
    def metadata_url(self) -> str:
        return f"{self.issuer}/.well-known/openid-configuration"

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/end",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def id_token(self, asked: Mapping[str, str]) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": hashlib.sha256(asked["who"].encode()).hexdigest()[:16],
            "iat": now - self.age,
            "exp": now + 600,
            "nonce": asked["nonce"],
            **self.people[asked["who"]],
        }
        self.issued.append(asked["who"])
        return jwt.encode({"alg": "RS256", "kid": "loopback"}, claims, self.key)

    def is_client(self, headers: Mapping[str, str], form: Mapping[str, str]) -> bool:
        given = headers.get("Authorization", "").removeprefix("Basic ")
        pair = base64.b64decode(given).decode() if given else f"{form.get('client_id')}:{form.get('client_secret')}"
        return secrets.compare_digest(pair, f"{CLIENT_ID}:{CLIENT_SECRET}")


@contextmanager
def provided(provider: Provider) -> Generator[Provider]:
    """The provider, answering on a free port until the end of the block."""

    class Handler(_Handler):
        known = provider

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    known: Provider

    def do_GET(self) -> None:
        path, asked = urlsplit(self.path).path, _first(urlsplit(self.path).query)
        if path == "/.well-known/openid-configuration":
            self._json(self.known.metadata())
        elif path == "/keys":
            self._json({"keys": [self.known.key.as_dict(private=False)]})
        elif path == "/authorize":
            self._authorize(asked)
        elif path == "/end":
            self.known.ended += 1
            self._redirect(asked["post_logout_redirect_uri"])
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        form = _first(self.rfile.read(int(self.headers["Content-Length"])).decode())
        asked = self.known.codes.pop(form.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if (
            not self.known.is_client(self.headers, form)
            or asked is None
            or asked["code_challenge"] != challenge.decode().rstrip("=")
            or asked["redirect_uri"] != form["redirect_uri"]
        ):
            self._json({"error": "invalid_grant"}, HTTPStatus.BAD_REQUEST)
            return
        token = self.known.id_token(asked)
        self._json({"access_token": "loopback", "token_type": "Bearer", "expires_in": 600, "id_token": token})

    def _authorize(self, asked: dict[str, str]) -> None:
        if asked.get("client_id") != CLIENT_ID or asked.get("redirect_uri") not in self.known.redirects:
            self.send_error(HTTPStatus.BAD_REQUEST)
        elif asked.get("who") in self.known.people:
            code = secrets.token_urlsafe()
            self.known.codes[code] = asked
            self._redirect(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}")
        else:
            links = (
                f'<li><a href="/authorize?{html.escape(urlencode({**asked, "who": who}))}">{html.escape(who)}</a></li>'
                for who in self.known.people
            )
            self._answer(f"<h1>Who are you?</h1><ul>{''.join(links)}</ul>".encode(), "text/html; charset=utf-8")

    def _redirect(self, url: str) -> None:
        self.send_response(HTTPStatus.FOUND)
        self.send_header("Location", url)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _json(self, told: Any, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._answer(json.dumps(told).encode(), "application/json", status)

    def _answer(self, body: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


def _first(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query).items()}
