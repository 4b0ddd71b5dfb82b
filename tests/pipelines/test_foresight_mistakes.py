"""Mistakes of `forecast` and `anomalies` in `outlay.yaml`, each with its line."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.errors import ConfigurationError
from pipelines.configuration import read_settings
from pipelines.foresight_checks import late_mistakes
from pipelines.home import Home

HEAD = "organization: Acme\nteams: [{name: voice}, {name: search}]\nforecast:\n"
EVENTS = HEAD + "  events:\n"
EXPECTED = "organization: Acme\nteams: [{name: voice}]\nanomalies:\n  expected:\n"


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        (HEAD + "  holidays: {country: XX}\n", 4, "no holidays are known of 'XX'"),
        (HEAD + "  holidays: {country: germany}\n", 4, "forecast.holidays.country"),
        (HEAD + "  holidays:\n    country: GB\n    subdivision: EN\n", 6, "did you mean 'ENG'?"),
        (
            EVENTS + "    - {name: a, kind: launch, day: 2026-12-10, change_pct: 10, price_pct: 5}\n",
            5,
            "not change_pct and price_pct at once",
        ),
        (EVENTS + "    - {name: a, kind: launch, day: 2026-12-10}\n", 5, "none is given"),
        (EVENTS + "    - {name: a, kind: end, day: 2026-12-10, change_pct: -50}\n", 5, "an end takes all of it"),
        (EVENTS + "    - {name: a, kind: price_change, day: 2026-12-10, change_pct: 5}\n", 5, "price_pct"),
        (
            EVENTS + "    - {name: a, kind: launch, day: 2026-12-10, change_pct: 5, until: 2026-12-09}\n",
            5,
            "until must not lie before day",
        ),
        (EVENTS + "    - {name: a, kind: party, day: 2026-12-10, change_pct: 5}\n", 5, "'launch', 'migration'"),
        (
            EVENTS + "    - {name: a, kind: end, day: 2026-12-10, scope: {teem: voice}}\n",
            5,
            "there is no such setting; did you mean 'team'?",
        ),
        (
            EVENTS + "    - name: a\n      kind: end\n      day: 2026-12-10\n      scope:\n        team: vioce\n",
            9,
            "there is no team 'vioce' under teams; did you mean 'voice'?",
        ),
        (
            EVENTS + "    - {name: a, kind: end, day: 2026-12-10, scope: {component: model_apes}}\n",
            5,
            "did you mean 'model_apis'?",
        ),
        (
            EVENTS + "    - {name: a, kind: end, day: 2026-12-10, scope: {team: voice, model: gpt}}\n",
            5,
            "names team and model; there is a series by each of them, but none by several",
        ),
        (EVENTS + "    - {name: a, kind: end, day: 2026-12-10, scope: {sku: s1}}\n", 5, "a sku needs its vendor"),
        (
            EVENTS
            + "    - {name: a, kind: launch, day: 2026-12-10, change_pct: 5}\n"
            + "    - {name: a, kind: launch, day: 2027-01-10, change_pct: 7}\n",
            6,
            "'a' is told already (line 5)",
        ),
        (
            EVENTS
            + "    - {name: a, kind: launch, day: 2026-12-10, change_pct: 5, scope: {team: voice}}\n"
            + "    - {name: b, kind: launch, day: 2026-12-20, change_pct: 5, scope: {team: voice}}\n",
            6,
            "is the same change of team voice as 'a' (line 5); it would count twice",
        ),
        (
            EXPECTED + "    - {name: Load test, first_day: 2026-12-10, last_day: 2026-12-09}\n",
            5,
            "last_day must not lie before first_day",
        ),
        (
            EXPECTED + "    - {name: x, scope: {team: search}, first_day: 2026-12-10, last_day: 2026-12-10}\n",
            5,
            "there is no team 'search'",
        ),
        ("organization: Acme\nanomalies:\n  sensitivity: deaf\n", 3, "'quiet', 'balanced' or 'keen'"),
        ("organization: Acme\nanomalies:\n  minimum_impact: -1\n", 3, "greater than or equal to 0"),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path: Path, content: str, line: int, says: str) -> None:
    path = tmp_path / "outlay.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError) as mistaken:
        read_settings(path)
    assert f"line {line}: " in str(mistaken.value)
    assert says in str(mistaken.value)


def test_what_is_right_passes(tmp_path: Path) -> None:
    path = tmp_path / "outlay.yaml"
    path.write_text(
        EVENTS + "    - {name: Voice launch, kind: launch, day: 2026-12-10, scope: {team: voice}, change_pct: 30,\n"
        "       ramp_days: 14, until: 2027-03-31}\n"
        "    - {name: Second wave, kind: launch, day: 2027-02-01, scope: {team: voice}, amount_per_day: 120.50}\n"
        "    - {name: SKU goes, kind: end, day: 2027-01-01, scope: {vendor: AWS, sku: ABC}}\n"
        "  holidays: {country: GB, subdivision: ENG}\n"
        "anomalies:\n  sensitivity: keen\n  minimum_impact: 10\n"
        "  expected: [{name: Load test, scope: {team: search}, first_day: 2026-12-01, last_day: 2026-12-02}]\n",
        encoding="utf-8",
    )
    settings = read_settings(path)
    launch, wave, end = settings.forecast.events
    assert (launch.scope.dimension, launch.scope.value, launch.change) == ("team", "voice", 30)
    assert (wave.amount_per_day, wave.change) == (Decimal("120.50"), None)
    assert (end.scope.dimension, end.scope.value, end.scope.vendor, end.change) == ("sku", "ABC", "AWS", -100)
    assert settings.anomalies.expected[0].name == "Load test"


def test_only_config_check_asks_for_what_is_long_past(tmp_path: Path) -> None:
    """Time passes and makes no file wrong: it is published as before, and whoever looks after it is told."""
    path = tmp_path / "outlay.yaml"
    path.write_text(EVENTS + "    - {name: Old, kind: launch, day: 2020-01-01, change_pct: 30}\n", encoding="utf-8")
    settings = read_settings(path)
    with pytest.raises(ConfigurationError, match=r"line 5: .*'Old' is long past"):
        read_settings(path, within=Home.at(tmp_path))
    assert not list(late_mistakes(settings, date(2021, 1, 1)))
    assert len(list(late_mistakes(settings, date(2022, 1, 1)))) == 1
