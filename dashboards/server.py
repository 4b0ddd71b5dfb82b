"""The dashboard's process: `python -m dashboards.server`, started by `outlay serve`.

It is told on standard input, as JSON, what `outlay.yaml` says under `dashboard` and which secrets sign-in needs: these
stand in no file, on no command line and in no environment. What is slow to import is imported before anybody comes.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import streamlit as st
from starlette.middleware import Middleware

from dashboards import access, guarding, views
from pipelines.settings.dashboard import DashboardSettings, SignInSettings
from pipelines.uploads import MOST_BYTES

_APP = Path(__file__).with_name("app.py")
_LOOPBACK = ["127.0.0.1", "localhost", "::1"]
_TURN_SECONDS = 0.0005
"""How long one thread may keep the interpreter from another: a page that is being made must not hold up the sending of
what is made of it (5 ms, Python's own, makes people wait half as long again)."""


def main() -> int:
    """Serve until it is ended. Exit code 2 where it was told to let strangers in."""
    told: dict[str, Any] = json.load(sys.stdin)
    settings = DashboardSettings.model_validate(told["dashboard"])
    if settings.sign_in is None and not settings.is_local:
        print(f"{settings.address} is not this machine alone: sign-in is needed", file=sys.stderr)  # noqa: T201
        return 2
    sys.setswitchinterval(_TURN_SECONDS)
    app_of(settings, told.get("secrets", {})).run(config=configuration(settings))
    return 0


def app_of(settings: DashboardSettings, secrets: dict[str, str]) -> st.App:
    """The application, who is let in told to it, and the guard before it."""
    url = urlsplit(page_url(settings))
    told: dict[str, Any] = {}
    if settings.sign_in is not None:
        told["auth"] = _auth(settings.sign_in, page_url(settings), secrets)
        # secrets are masked in it
        told[access.SECRET] = settings.model_dump(mode="json", exclude_none=True)
    guard = Middleware(
        guarding.Guard,
        base=url.path.strip("/"),
        origin=f"{url.scheme}://{url.netloc}",
        access=settings.access() if settings.sign_in is not None else None,
    )
    return st.App(_APP, secrets=told, middleware=[guard], lifespan=_prepared)


@asynccontextmanager
async def _prepared(_app: st.App) -> AsyncGenerator[None]:
    """What is slow to import is there before anybody comes; imported here, for caches ask for a running Streamlit."""
    guarding.watch_downloads()
    for module in pkgutil.iter_modules(views.__path__, f"{views.__name__}."):
        importlib.import_module(module.name)
    yield


def page_url(settings: DashboardSettings) -> str:
    """The address that people open, without a slash at its end."""
    return settings.url if settings.url is not None and settings.sign_in else f"http://{settings.host}:{settings.port}"


def configuration(settings: DashboardSettings) -> dict[str, Any]:
    """Streamlit's own settings. Only names that we go by are answered: none that a stranger's page gives us."""
    url = urlsplit(page_url(settings))
    names = [name for name in (url.hostname, settings.address) if name and name not in _LOOPBACK]
    return {
        "server.address": settings.address,
        "server.port": settings.port,
        "server.baseUrlPath": url.path.strip("/"),
        "server.allowedHosts": [*_LOOPBACK, *names],
        "server.corsAllowedOrigins": [f"{url.scheme}://{url.netloc}"],
        # of files that are uploaded, in MB (2**20 bytes): the least that holds what is read of one
        "server.maxUploadSize": -(-MOST_BYTES // 2**20),
        "server.trustedUserHeaders": "{}",
        "server.headless": True,
        "server.fileWatcherType": "none",
        "server.enableAgentApi": False,
        "browser.gatherUsageStats": False,
        "client.toolbarMode": "minimal",
    }


def _auth(sign_in: SignInSettings, url: str, secrets: dict[str, str]) -> dict[str, Any]:
    return {
        "redirect_uri": f"{url}/oauth2callback",
        "server_metadata_url": sign_in.metadata_url,
        "client_id": sign_in.client_id,
        "client_secret": secrets["client_secret"],
        "cookie_secret": secrets["cookie_secret"],
    }


if __name__ == "__main__":
    sys.exit(main())
