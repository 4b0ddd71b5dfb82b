"""`outlay config check` holds outlay.yaml against its home: sources that were imported, the table of exchange rates."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from connectors.control import ControlStore
from connectors.control.records import LoadRecord
from connectors.errors import ConfigurationError
from pipelines.cli import app
from pipelines.configuration import read_settings
from pipelines.home import Home
from pipelines.imports import remember_import
from pipelines.settings import SourceSettings

SOURCES = """\
organization: Acme
sources:
  - {name: openai, connector: openai, options: {admin_key: "${KEY}"}}
owners:
  - {source: "open*", team: search}
  - {source: opanai, team: search}
  - {source: aws-bill, team: search}
contracts:
  - {name: deal, source: nosuch}
budgets:
  - {name: all, amount: 1, scope: {source: OpenAI}}
  - {name: own, amount: 1, scope: {source: declared}}
  - {name: none, amount: 1, scope: {source: nosuch}}
utilisation:
  - {name: ours, file: u.csv, format: csv, source: declared}
  - {name: theirs, file: u.csv, format: csv, source: nosuch}
"""
REPORTING = "organization: Acme\nreporting:\n  currency: USD\n  rates: tables/rates.csv\n"
RATES = "date,from,to,rate,source\n2026-11-01,EUR,USD,1.08,ECB\n"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.at(tmp_path)


def checked(home: Home, content: str) -> list[str]:
    """Every mistake that the command tells, without the heading; the file alone has none."""
    home.configuration.write_text(content)
    read_settings(home.configuration)
    shown = CliRunner().invoke(app, ["config", "check", "--home", str(home.root)])
    if shown.exit_code == 0:
        return []
    assert isinstance(shown.exception, ConfigurationError)
    return [line.strip() for line in shown.exception.what.splitlines()[1:]]


def test_a_source_that_there_is_not_is_told(home: Home) -> None:
    remember_import(home, SourceSettings(name="aws-bill", connector="focus-files"))
    known = "; known: aws-bill, openai"
    assert checked(home, SOURCES) == [
        "line 6: owners.1.source: there is no source 'opanai'; did you mean 'openai'?",
        f"line 9: contracts.0.source: there is no source 'nosuch'{known}",
        f"line 13: budgets.2.scope.source: there is no source 'nosuch'{known}",
        f"line 16: utilisation.1.source: there is no source 'nosuch'{known}",
    ]


def test_a_source_that_was_taken_out_is_known_while_its_loads_stand(home: Home) -> None:
    now = datetime(2026, 11, 27, tzinfo=UTC)
    (home.root / "control").mkdir()
    with ControlStore.open(home.control_url) as control, control.lock_load("nosuch", "2026-10"):
        control.commit_load(LoadRecord("nosuch", "2026-10", now, now, ()))
    remember_import(home, SourceSettings(name="aws-bill", connector="focus-files"))
    assert checked(home, SOURCES) == ["line 6: owners.1.source: there is no source 'opanai'; did you mean 'openai'?"]


def test_rates_are_read_from_the_home(home: Home) -> None:
    (home.root / "tables").mkdir()
    (home.root / "tables" / "rates.csv").write_text(RATES)
    assert checked(home, REPORTING) == []


def test_a_row_of_rates_that_is_none_is_told_with_both_lines(home: Home) -> None:
    (home.root / "tables").mkdir()
    (home.root / "tables" / "rates.csv").write_text(RATES + "2026-12-01,EUR,USD,often,ECB\n")
    (told,) = checked(home, REPORTING)
    assert told.startswith("line 4: reporting.rates: rates.csv, line 3: rate 'often' is no number")


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (RATES + "\n\n20260101,EUR,USD,1,ECB\n", "rates.csv, line 5: '20260101' is no day: write it as YYYY-MM-DD"),
        (RATES + "2026-W01-1,EUR,USD,1,ECB\n", "rates.csv, line 3: '2026-W01-1' is no day: write it as YYYY-MM-DD"),
        (
            "date;from;to;rate;source\n2026-01-01;EUR;USD;1,08;ECB\n",
            "rates.csv, line 1: columns are parted by ';': save it as CSV in UTF-8, with commas between columns",
        ),
        (
            "date\tfrom\tto\trate\tsource\n2026-01-01\tEUR\tUSD\t1.08\tECB\n",
            "rates.csv, line 1: columns are parted by '\\t': save it as CSV",
        ),
        (RATES + "2026-12-01,EUR,USD,1,08,ECB\n", "rates.csv, line 3: has 6 fields, and the header has 5: save it as"),
        ("", "rates.csv, line 1: column 'date' is missing"),
    ],
)
def test_a_table_that_is_written_otherwise_is_told_with_its_line(home: Home, table: str, told: str) -> None:
    (home.root / "tables").mkdir()
    (home.root / "tables" / "rates.csv").write_text(table)
    (line,) = checked(home, REPORTING)
    assert line.startswith(f"line 4: reporting.rates: {told}")


def test_lines_of_nothing_are_no_rates(home: Home) -> None:
    (home.root / "tables").mkdir()
    (home.root / "tables" / "rates.csv").write_text(f"\n{RATES}\n,,,,\n\n")
    assert checked(home, REPORTING) == []


def test_a_table_of_rates_that_is_not_there_is_told(home: Home) -> None:
    (told,) = checked(home, REPORTING)
    assert told.startswith("line 4: reporting.rates: there is no table of exchange rates at ")
