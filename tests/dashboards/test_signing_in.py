"""Before any page: nobody is asked on this machine alone, everybody elsewhere; the rest is in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit import config
from streamlit.testing.v1 import AppTest

import dashboards
from dashboards import access, signing_in
from dashboards.formats import plain
from models.control.access import Person
from tests.dashboards.pages import words

APP = Path(dashboards.__file__).with_name("app.py")
SECRETS = {
    "auth": {
        "redirect_uri": "https://costs.example.com/oauth2callback",
        "client_id": "outlay",
        "client_secret": "not-so-secret",
        "cookie_secret": "x" * 40,
        "server_metadata_url": "https://login.example.com/.well-known/openid-configuration",
    },
    "outlay": {
        "sign_in": {
            "metadata_url": "https://login.example.com/.well-known/openid-configuration",
            "client_id": "outlay",
            "client_secret": "***",
            "cookie_secret": "***",
        },
        "people": [{"who": "*", "role": "admin"}],
    },
}


@pytest.fixture
def option() -> Iterator[Callable[[str, Any], None]]:
    """Sets an option of Streamlit until the end of the test."""
    before: dict[str, Any] = {}

    def set_option(name: str, value: Any) -> None:
        before.setdefault(name, config.get_option(name))
        config.set_option(name, value)

    yield set_option
    for name, value in before.items():
        config.set_option(name, value)


def opened(**secrets: Any) -> AppTest:
    page = AppTest.from_file(str(APP), default_timeout=60)
    for name, value in secrets.items():
        page.secrets[name] = value
    page.run()
    assert not page.exception
    return page


@pytest.mark.usefixtures("published")
def test_on_this_machine_alone_nobody_is_asked():
    page = opened()
    assert page.metric
    assert not [button for button in page.button if "Sign" in button.label]


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize("address", ["0.0.0.0", "::", "10.0.0.4", "costs.example.com", None, ""])
def test_at_any_other_address_nothing_is_shown_without_sign_in(option: Callable[[str, Any], None], address: str | None):
    option("server.address", address)
    page = opened()
    assert "This dashboard is not open here" in words(page)
    assert "nobody is asked to sign in" in words(page)
    assert not page.metric
    assert not page.dataframe


@pytest.mark.usefixtures("published")
def test_who_has_not_signed_in_is_asked_to_and_sees_nothing_else():
    page = opened(**SECRETS)
    assert [button.label for button in page.button] == ["Sign in"]
    assert not page.metric
    assert not page.dataframe


@pytest.mark.usefixtures("published")
def test_headers_of_others_are_no_sign_in(option: Callable[[str, Any], None]):
    option("server.trustedUserHeaders", {"X-Email": "email"})
    page = opened(**SECRETS)
    assert "trustedUserHeaders is set" in words(page)
    assert not page.metric


@pytest.mark.parametrize("name", ["Spend", "", "Data", "[x](http://evil.example)", ":material/account_circle: Vic"])
def test_a_name_is_a_heading_of_its_own_and_plain(monkeypatch: pytest.MonkeyPatch, name: str):
    monkeypatch.setattr(access, "asks", lambda: True)
    (heading,) = signing_in.pages(Person(name, "vic@example.com", "viewer"))
    icon, _, said = heading.partition(": ")
    assert icon == ":material/account_circle", "no section has an icon"
    assert said == plain(name)
    assert "[x](" not in heading
