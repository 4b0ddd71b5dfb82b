"""Where the dashboard may be served, and how its secrets reach it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from connectors.errors import ConfigurationError
from pipelines.cli import app
from pipelines.home import Home
from pipelines.serving import ServiceError, dashboard

SIGN_IN = """\
organization: Acme
dashboard:
  address: 0.0.0.0
  port: {port}
  url: https://costs.example.com/outlay
  sign_in:
    metadata_url: https://login.example.com/.well-known/openid-configuration
    client_id: outlay
    client_secret: ${{OUTLAY_CLIENT_SECRET}}
    cookie_secret: ${{OUTLAY_COOKIE_SECRET}}
  people: [{{who: ada@example.com, role: admin}}]
"""


@pytest.fixture
def free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def home_with(folder: Path, text: str, **secrets: str) -> Home:
    (folder / "outlay.yaml").write_text(text, encoding="utf-8")
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in secrets.items()), encoding="utf-8")
    return Home.at(folder)


@pytest.mark.parametrize("command", ["serve", "up"])
@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.1.7", "costs.example.com"])
def test_other_addresses_are_refused_without_sign_in(tmp_path: Path, command: str, address: str):
    home_with(tmp_path, "organization: Acme\n")
    result = CliRunner().invoke(app, [command, "--address", address, "--home", str(tmp_path)])
    assert result.exit_code != 0
    assert isinstance(result.exception, ServiceError)
    assert "everybody who reaches this machine could read" in str(result.exception)
    assert "sign_in" in result.exception.remedy


def test_a_home_without_settings_is_served_on_this_machine(tmp_path: Path):
    service = dashboard(Home.at(tmp_path), port=18501)
    assert service.told is not None
    told = json.loads(service.told)
    assert told["secrets"] == {}
    assert told["dashboard"]["address"] == "127.0.0.1"
    assert service.url == f"http://127.0.0.1:{told['dashboard']['port']}"


def test_secrets_are_told_on_standard_input_alone(tmp_path: Path, free: int):
    secrets = {"OUTLAY_CLIENT_SECRET": "a-client-secret", "OUTLAY_COOKIE_SECRET": "c" * 32}
    service = dashboard(home_with(tmp_path, SIGN_IN.format(port=free), **secrets))
    assert service.url == "https://costs.example.com/outlay"
    assert not any(secret in part for secret in secrets.values() for part in service.command)
    assert not set(secrets) & set(os.environ)
    assert service.told is not None
    told = json.loads(service.told)
    assert told["secrets"] == {"client_secret": "a-client-secret", "cookie_secret": "c" * 32}
    assert "a-client-secret" not in json.dumps(told["dashboard"])


def test_a_secret_that_is_not_set_is_named(tmp_path: Path, free: int):
    home = home_with(tmp_path, SIGN_IN.format(port=free), OUTLAY_COOKIE_SECRET="c" * 32)
    with pytest.raises(ConfigurationError, match="OUTLAY_CLIENT_SECRET is not set"):
        dashboard(home)


def test_a_cookie_secret_that_could_be_guessed_is_refused(tmp_path: Path, free: int):
    home = home_with(tmp_path, SIGN_IN.format(port=free), OUTLAY_CLIENT_SECRET="a", OUTLAY_COOKIE_SECRET="hunter2")
    with pytest.raises(ServiceError, match="could be guessed") as caught:
        dashboard(home)
    assert "hunter2" not in str(caught.value)


def test_with_sign_in_no_other_port_is_taken(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = taken.getsockname()[1]
        home = home_with(tmp_path, SIGN_IN.format(port=port), OUTLAY_CLIENT_SECRET="a", OUTLAY_COOKIE_SECRET="c" * 32)
        with pytest.raises(ServiceError, match=f"port {port} is in use"):
            dashboard(home)


@pytest.mark.slow
def test_the_process_itself_lets_no_stranger_in():
    ended = subprocess.run(
        [sys.executable, "-m", "dashboards.server"],
        input=json.dumps({"dashboard": {"address": "0.0.0.0", "port": 18599}, "secrets": {}}),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 2
    assert "sign-in is needed" in ended.stderr
