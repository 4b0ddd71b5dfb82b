"""Mistakes of `dashboard` in `outlay.yaml`, each with its line and what to write instead."""

from pathlib import Path

import pytest

from connectors.errors import ConfigurationError
from models.control.access import AccessRule
from pipelines.configuration import read_settings

HEAD = "organization: Acme\nteams: [{name: voice}, {name: search}]\ndashboard:\n"
SIGN_IN = (
    "  sign_in:\n"
    "    metadata_url: https://login.example.com/.well-known/openid-configuration\n"
    "    client_id: outlay\n"
    "    client_secret: ${OUTLAY_CLIENT_SECRET}\n"
    "    cookie_secret: ${OUTLAY_COOKIE_SECRET}\n"
)
ADMIN = "  people:\n    - {who: ada@example.com, role: admin}\n"


def written(folder: Path, content: str) -> Path:
    path = folder / "outlay.yaml"
    path.write_text(content, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        (HEAD + "  address: 0.0.0.0\n", 4, "everybody could read it: add sign_in"),
        (HEAD + "  url: outlay.example.com\n", 4, "is no web address"),
        (HEAD + "  url: http://outlay.example.com\n", 4, "must be https"),
        (HEAD + ADMIN, 4, "nobody is asked who they are without sign_in"),
        (HEAD + SIGN_IN, 4, "nobody would be let in"),
        (HEAD + "  address: 10.0.0.4\n" + SIGN_IN + ADMIN, 5, "add dashboard.url"),
        (HEAD + SIGN_IN.replace("https:", "http:") + ADMIN, 5, "must be https"),
        (
            HEAD + SIGN_IN.replace("login.example.com/", "login.microsoftonline.com/common/v2.0/") + ADMIN,
            5,
            "put your tenant's id",
        ),
        (HEAD + SIGN_IN.replace("${OUTLAY_CLIENT_SECRET}", "hunter2") + ADMIN, 7, "write ${OUTLAY_CLIENT_SECRET}"),
        (HEAD + SIGN_IN.replace("${OUTLAY_COOKIE_SECRET}", "hunter2") + ADMIN, 8, "write ${OUTLAY_COOKIE_SECRET}"),
        (HEAD + SIGN_IN + ADMIN + "    - {role: viewer}\n", 11, "either who, an e-mail address, or a group"),
        (HEAD + SIGN_IN + ADMIN + "    - {group: a, role: admin, teams: [voice]}\n", 11, "an admin sees everything"),
        (HEAD + SIGN_IN + ADMIN + "    - {group: a, role: owner}\n", 11, "viewer"),
        (HEAD + SIGN_IN + ADMIN + "    - {group: a, role: viewer, teams: vioce}\n", 11, "did you mean 'voice'?"),
        (HEAD + SIGN_IN + ADMIN + "    - {group: a, role: viewer, teams: []}\n", 11, "at least 1"),
        (
            HEAD + SIGN_IN + ADMIN + "    - {who: '*@x.org', role: viewer}\n    - {who: Eve@X.org, role: editor}\n",
            12,
            "never holds: line 11 takes in all of it",
        ),
        (
            HEAD + SIGN_IN + ADMIN + "    - {group: a, role: viewer}\n    - {group: a, role: editor}\n",
            12,
            "never holds: line 11",
        ),
        (HEAD + "  adress: 127.0.0.1\n", 4, "did you mean 'address'?"),
    ],
)
def test_each_mistake_is_told_with_its_line(tmp_path: Path, content: str, line: int, says: str):
    with pytest.raises(ConfigurationError) as caught:
        read_settings(written(tmp_path, content))
    told = next((told for told in str(caught.value).splitlines() if says in told), "")
    assert f"line {line}:" in told, str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_people_are_read_in_order(tmp_path: Path):
    people = "    - {group: finance, role: editor}\n    - {who: '*@example.com', role: viewer, teams: voice}\n"
    read = read_settings(written(tmp_path, HEAD + "  url: https://costs.example.com/\n" + SIGN_IN + ADMIN + people))
    assert read.dashboard.url == "https://costs.example.com"
    assert read.dashboard.access().rules == (
        AccessRule("admin", who="ada@example.com"),
        AccessRule("editor", group="finance"),
        AccessRule("viewer", who="*@example.com", teams=("voice",)),
    )


def test_nothing_need_be_said_of_it(tmp_path: Path):
    dashboard = read_settings(written(tmp_path, "organization: Acme\n")).dashboard
    assert dashboard.is_local
    assert dashboard.sign_in is None
