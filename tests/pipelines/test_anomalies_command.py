"""`outlay anomalies`: how many go on and what they cost first, then a line for each; `show` tells one whole."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from models.errors import OutlayError
from models.foresight.anomaly_tables import ANOMALIES, ANOMALY_CAUSES, ANOMALY_DAYS, ANOMALY_DETECTION
from models.foresight.change import EFFECTS
from models.foresight.outlook import FORECASTS
from pipelines.anomalies import next_steps
from pipelines.cli import app
from pipelines.home import Home
from tests.pipelines.published_marts import publish_rows

LAST = date(2026, 11, 25)
USUAL: dict[str, Any] = {
    "is_head": True, "counted": True, "measure": "cost", "dimension": "key", "value": "key_1", "value_name": "loop",
    "currency": "USD", "kind": "runaway", "days": 2, "expected": Decimal(100), "actual": Decimal(900),
    "low": Decimal(80), "high": Decimal(130), "impact": Decimal(800), "severity": "high", "score": 4.5,
    "standing": "ended", "made_on": LAST,
}  # fmt: skip


def _anomaly(name: str, first: date, **columns: Any) -> dict[str, Any]:
    own = {"anomaly_id": name, "incident_id": name, "first_day": first, "last_day": first + timedelta(days=1)}
    return dict.fromkeys(ANOMALIES.polars_schema) | USUAL | own | columns


DETECTION = {"currency": "USD", "made_on": LAST, "series": 40, "judged": 38, "unexplained": 0, "cost": Decimal(1000),
             "cost_judged": Decimal(900)}  # fmt: skip


def _forecast(dimension: str, value: str) -> dict[str, Any]:
    """A series that is known, with no anomaly of its own."""
    nothing = {name: Decimal(0) for name, dtype in FORECASTS.polars_schema.items() if dtype.is_decimal()}
    told = {"dimension": dimension, "value": value, "value_name": value, "currency": "USD", "day": LAST,
            "made_on": LAST, "measure": "effective_cost", "status": "ok", "method": "blend"}  # fmt: skip
    return dict.fromkeys(FORECASTS.polars_schema) | nothing | told


def _cause(incident: str, sentence: str, **columns: Any) -> dict[str, Any]:
    amounts = {"expected": Decimal(100), "actual": Decimal(900), "impact": Decimal(800), "share": 1.0}
    effects = dict.fromkeys(EFFECTS, Decimal(0)) | {"volume_effect": Decimal(800)}
    told = {"incident_id": incident, "rank": 1, "standing": "rest", "currency": "USD", "sentence": sentence}
    return dict.fromkeys(ANOMALY_CAUSES.polars_schema) | amounts | effects | told | columns


def _day(day: date, actual: str, *, expected: str | None = "50", flagged: bool = True) -> dict[str, Any]:
    band = {"low": None, "high": None} if expected is None else {"low": Decimal(40), "high": Decimal(65)}
    return {
        "incident_id": "aaaa1111", "day": day, "currency": "USD", "actual": Decimal(actual), "score": 4.5, **band,
        "expected": expected and Decimal(expected), "is_flagged": flagged, "in_incident": flagged,
    }  # fmt: skip


ANOMALIES_TOLD = [
    _anomaly("aaaa1111", date(2026, 11, 24), standing="open"),
    _anomaly("aaaa2222", date(2026, 11, 24), incident_id="aaaa1111", is_head=False, counted=False, dimension="team",
             value="search", value_name="search", impact=Decimal(790), standing="open"),
    _anomaly("bbbb1111", date(2026, 11, 2), kind="drop", dimension="team", value=None, value_name="unallocated",
             actual=Decimal(40), impact=Decimal(-60)),
    _anomaly("cccc1111", date(2026, 11, 20), standing="open", counted=False, explained_by="Load test", of_team="ads"),
    _anomaly("dddd1111", date(2026, 11, 21), counted=False, impact=Decimal(3)),
    _anomaly("eeee1111", date(2026, 6, 1), impact=Decimal(5000)),
    _anomaly("ffff1111", date(2026, 11, 3), currency="EUR", impact=Decimal(7)),
]  # fmt: skip
CAUSES_TOLD = [
    _cause("aaaa1111", "Cost of key loop rose.", standing="cause", dimensions='["model", "tier"]',
           values='["gpt & co", "batch"]'),
    _cause("aaaa1111", "Cost of key loop rose.", rank=2, share=None, actual=Decimal(100),
           volume_effect=Decimal("-0.001")),
    _cause("bbbb1111", "Cost of unallocated fell."),
]  # fmt: skip
DAYS_TOLD = [
    _day(date(2026, 11, 22), "48", expected=None, flagged=False),
    _day(date(2026, 11, 23), "48", flagged=False),
    _day(date(2026, 11, 24), "400"),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    told = {
        ANOMALIES: ANOMALIES_TOLD, ANOMALY_CAUSES: CAUSES_TOLD, ANOMALY_DAYS: DAYS_TOLD, ANOMALY_DETECTION: [DETECTION],
        FORECASTS: [_forecast("team", "ads"), _forecast("vendor", "AWS")],
    }  # fmt: skip
    return publish_rows(tmp_path_factory.mktemp("anomalies") / "home", told)


def _told(home: Home, *arguments: str) -> list[str]:
    """The lines, each with single spaces."""
    result = CliRunner().invoke(app, ["anomalies", *arguments, "--home", str(home.root)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return [" ".join(line.split()) for line in result.output.splitlines()]


def _incidents(lines: list[str]) -> list[str]:
    return [line.split()[0] for line in lines if line[4:8] == "1111"]


def test_the_answer_comes_first_each_currency_by_itself_and_open_ones_before_the_latest(home: Home) -> None:
    lines = _told(home)
    assert lines[0] == (
        "1 open anomaly cost 800.00 USD more than expected since 24 November 2026. "
        "2 anomalies in the last 90 days cost 800.00 USD more and 60.00 USD less than expected."
    )
    assert lines[1] == ("No anomaly in EUR goes on. 1 anomaly in the last 90 days cost 7.00 EUR more than expected.")
    assert _incidents(lines) == ["aaaa1111", "ffff1111", "bbbb1111"]
    assert "aaaa1111 2026-11-24 2 key loop runaway +800.00 USD high open Cost of key loop rose." in lines
    assert "2 more, foreseen or below minimum_impact: `outlay anomalies --all`." in lines


def test_what_does_not_count_is_shown_when_asked_for(home: Home) -> None:
    lines = _told(home, "--all")
    assert _incidents(lines) == ["aaaa1111", "cccc1111", "dddd1111", "ffff1111", "bbbb1111"]
    assert any("foreseen: Load test" in line for line in lines)
    assert any("dddd1111" in line and "ended, a trifle" in line for line in lines)
    assert lines[0].startswith("1 open anomaly cost 800.00 USD")


def test_only_what_goes_on_only_since_a_day_only_what_shows_in_a_series(home: Home) -> None:
    assert _incidents(_told(home, "--open")) == ["aaaa1111"]
    assert _incidents(_told(home, "--since", "2026-11-10")) == ["aaaa1111"]
    assert "eeee1111" in _incidents(_told(home, "--since", "2026-01-01"))
    assert _incidents(_told(home, "--by", "team", "search")) == ["aaaa1111"]
    assert _incidents(_told(home, "--by", "team", "ads", "--all")) == ["cccc1111"]
    assert _incidents(_told(home, "--by", "team", "unallocated")) == ["bbbb1111"]
    assert _told(home, "--by", "vendor", "AWS")[0] == "No anomaly of vendor AWS in the last 90 days."
    assert _told(home, "--open")[0] == "1 open anomaly cost 800.00 USD more than expected since 24 November 2026."
    with pytest.raises(OutlayError, match="no cost is known of team 'serach'") as typo:
        _told(home, "--by", "team", "serach")
    assert "did you mean 'search'?" in typo.value.remedy
    with pytest.raises(OutlayError, match="there are no series by 'galaxy'") as unknown:
        _told(home, "--by", "galaxy", "far")
    assert "total, vendor, team" in unknown.value.remedy


def test_one_incident_whole(home: Home) -> None:
    lines = _told(home, "show", "aaaa")
    assert lines[0] == ("key loop: runaway, 24 November 2026 to 25 November 2026, +800.00 USD (+800.0 %), high, open")
    assert lines[1] == "Cost of key loop rose."
    assert "2026-11-22 – – 48.00 –" in lines
    assert "2026-11-23 50.00 40.00 – 65.00 48.00 -2.00" in lines
    assert "2026-11-24 50.00 40.00 – 65.00 400.00 +350.00 !" in lines
    assert "model gpt & co, tier batch 100.00 900.00 +800.00 100 +800.00" in lines
    assert "everything else 100.00 100.00 +800.00 – 0.00" in lines
    assert "team search runaway 2026-11-24 2026-11-25 +790.00" in lines
    assert any(line.startswith("Next: Something may run in a loop: find what used key loop") for line in lines)
    assert any("scope: {key: key_1}, first_day: 2026-11-24, last_day: 2026-11-25}" in line for line in lines)
    assert lines[-1].endswith("(it goes on: last_day is the last that was meant).")


def test_a_name_that_is_none_or_of_several_is_told(home: Home) -> None:
    with pytest.raises(OutlayError, match="there is no incident 'zzzz'"):
        _told(home, "show", "zzzz")
    with pytest.raises(OutlayError, match=r"'' is the beginning of \d incidents"):
        _told(home, "show", "")


def test_next_steps_know_what_explain_change_can_narrow(home: Home) -> None:
    steps = next_steps(ANOMALIES_TOLD[2])
    assert "`outlay explain change 2026-10-26..2026-10-27 2026-11-02..2026-11-03 --by model --where team=`" in steps[1]
    assert "--where 'team=R&D'\"'\"'s'`" in next_steps(_anomaly("a", LAST, dimension="team", value="R&D's"))[1]
    assert not any("explain change" in step for step in next_steps(ANOMALIES_TOLD[0]))
    assert next_steps(ANOMALIES_TOLD[3]) == ["Foreseen by 'Load test' of outlay.yaml: it does not count."]


@pytest.mark.parametrize(("dimension", "value"), [("team", None), ("total", None), ("component", None), ("sku", "s")])
def test_what_has_no_scope_of_its_own_cannot_be_said_to_be_meant(dimension: str, value: str | None) -> None:
    """A line without a scope would foresee everything that begins on these days."""
    steps = next_steps(_anomaly("a", LAST, dimension=dimension, value=value, value_name="x"))
    assert not any("anomalies.expected" in step for step in steps)


@pytest.mark.parametrize("value", ["a: b, {c}", "R&D's", "- x", "no", "1.5", "#1", "Größe"])
def test_what_is_to_be_pasted_is_read_as_it_was_meant(value: str) -> None:
    head = _anomaly("a", LAST, dimension="sku", vendor="AWS", value=value, value_name="x")
    line = next(step for step in next_steps(head) if "anomalies.expected" in step)
    told = yaml.safe_load(line[line.index("{") : line.rindex("}") + 1])
    assert told["scope"] == {"vendor": "AWS", "sku": value}
    assert told["first_day"] == LAST


def test_what_falls_is_not_told_to_be_switched_off() -> None:
    steps = next_steps(_anomaly("a", LAST, kind="weekend", impact=Decimal(-80)))
    assert steps[0].startswith("Next: If key loop was not meant to fall")


def test_usage_that_nobody_pays_is_told_in_its_unit(tmp_path: Path) -> None:
    unpaid = _anomaly(
        "a", LAST, measure="usage", unit="Tokens", used=Decimal(8_000_000), usual=Decimal(1_000_000),
        **dict.fromkeys(("expected", "actual", "low", "high", "impact")),
    )  # fmt: skip
    told = {ANOMALIES: [unpaid], ANOMALY_CAUSES: [], ANOMALY_DAYS: [], ANOMALY_DETECTION: [DETECTION]}
    home = publish_rows(tmp_path / "home", told)
    lines = _told(home)
    assert lines[0] == "No anomaly in USD goes on. 1 anomaly in the last 90 days cost what was expected."
    assert any("+7.00 M Tokens" in line for line in lines)
    assert "+7.00 M Tokens (+700.0 %)" in _told(home, "show", "a")[0]


def test_before_anything_is_judged_and_where_that_failed_it_says_so(tmp_path: Path) -> None:
    def home(name: str, *detection: dict[str, Any]) -> Home:
        return publish_rows(tmp_path / name, {ANOMALIES: [], ANOMALY_CAUSES: [], ANOMALY_DETECTION: list(detection)})

    assert _told(home("empty")) == ["No cost is known, so that none could be judged."]
    young = _told(home("young", DETECTION | {"judged": 0}))
    assert young == ["Nothing could be judged yet: none of 40 series is known for the weeks that it takes."]
    failed = _told(home("failed", {"failure": "a day without hours"}))
    assert failed == ["Anomalies could not be sought: a day without hours. Nothing is known of any."]
    quiet = _told(home("quiet", DETECTION))
    assert quiet[0] == "No anomaly in the last 90 days."
    assert quiet[1].startswith("Judged through 25 November 2026: 38 of 40 series in USD; 2 are too young")
