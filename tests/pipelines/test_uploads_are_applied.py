"""What people upload is in force with the next publication, whole or not at all, once, and whatever is killed."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from typer.testing import CliRunner

from connectors.control import ControlStore
from connectors.errors import ConfigurationError
from connectors.protocol import Surroundings
from models.control.uploads import KeptUpload, Upload, UploadKind
from pipelines.charge_explanations import explain_charge
from pipelines.cli import app
from pipelines.exchange import import_export
from pipelines.home import Home
from pipelines.publishing import publish
from pipelines.workplace import Workplace
from tests.pipelines.test_budgets_are_published import CHARGES, NOW, _row

pytestmark = pytest.mark.slow

OUTLAY = """\
organization: Acme
owners:
  - {account: "*", team: "{tag:team}"}
teams:
  - {name: search}
  - {name: assistants}
  - {name: platform}
budgets:
  - {name: search, amount: 100, scope: {team: search}}
"""


@contextmanager
def working(home: Home) -> Iterator[Workplace]:
    with Workplace.open(home, surroundings=Surroundings(home=home.root, clock=lambda: NOW)) as work:
        yield work


def september(folder: Path) -> Home:
    """A home with September published: 30 + 10 by tag team search's, 10 assistants', 1 nobody's."""
    export = folder / "export.csv"
    pl.DataFrame([_row(*charge) for charge in CHARGES]).write_csv(export, datetime_format="%Y-%m-%dT%H:%M:%SZ")
    home = Home.at(folder / "home")
    home.root.mkdir()
    home.configuration.write_text(OUTLAY)
    with working(home) as work:
        assert not import_export(work, "focus-files", str(export), "bill").failures
    return home


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return september(tmp_path_factory.mktemp("uploads")).root


@pytest.fixture
def home(loaded: Path, tmp_path: Path) -> Home:
    shutil.copytree(loaded, tmp_path / "home", symlinks=True)
    return Home.at(tmp_path / "home")


def ask(home: Home, kind: UploadKind, content: str, *, base: str | None = None) -> None:
    """As the page asks, against what is in force now."""
    with working(home) as work:
        against = base or work.in_force.base(kind)
        work.control.uploads.ask(
            Upload(f"{kind} {content}", kind, "ana@example.com", datetime.now(UTC), f"{kind}.csv", content, against)
        )


def run(home: Home) -> str:
    with working(home) as work:
        return publish(work).file.name


def kept(home: Home) -> list[KeptUpload]:
    with ControlStore.open(home.control_url) as store:
        return store.uploads.kept()


def asked(home: Home, sql: str) -> list[Any]:
    with duckdb.connect(str(home.published), read_only=True) as warehouse:
        return warehouse.execute(sql).fetchall()


def budgets(home: Home) -> dict[str, tuple[Decimal, Decimal]]:
    found = asked(home, "SELECT budget, budget_amount, spent FROM marts.budget_status WHERE period = '2026-09'")
    return {name: (amount, spent) for name, amount, spent in found}


def teams(home: Home) -> dict[str | None, Decimal]:
    return dict(asked(home, "SELECT team, sum(effective_cost) FROM marts.tco_daily GROUP BY ALL"))


def test_uploaded_budgets_are_published_and_outlay_yaml_stays_as_it_is(home: Home):
    assert budgets(home) == {"search": (Decimal(100), Decimal(40))}
    ask(home, "budgets", "name,amount,team\nsearch,35,search\nbots,12,assistants\n")
    assert kept(home)[0].state == "pending"
    assert budgets(home) == {"search": (Decimal(100), Decimal(40))}
    name = run(home)
    assert budgets(home) == {"search": (Decimal(35), Decimal(40)), "bots": (Decimal(12), Decimal(10))}
    assert [(each.state, each.publications) for each in kept(home)] == [("applied", (name,))]
    # a later one lies over an earlier one
    ask(home, "budgets", "name,amount,remove\nsearch,,yes\nbots,8,\n")
    run(home)
    assert budgets(home) == {"bots": (Decimal(8), Decimal(10))}
    assert home.configuration.read_text() == OUTLAY


def test_uploaded_owners_come_first_and_take_the_place_of_the_list_before_them(home: Home):
    assert teams(home) == {"search": Decimal(40), "assistants": Decimal(10), None: Decimal(1)}
    ask(home, "owners", "project,team\ngateway,platform\n")
    run(home)
    assert teams(home) == {"search": Decimal(30), "assistants": Decimal(10), "platform": Decimal(10), None: Decimal(1)}
    with working(home) as work:
        charge = asked(home, 'SELECT "x_ChargeId" FROM focus.cost_and_usage WHERE "SubAccountId" = \'gateway\'')[0][0]
        (reason,) = [each for each in explain_charge(work, charge).owner if each.what == "team"]
        assert "row 2 of upload 1" in reason.rule
    ask(home, "owners", "project,team\nnobody,platform\n")
    run(home)
    assert teams(home) == {"search": Decimal(40), "assistants": Decimal(10), "platform": Decimal(1)}
    ask(home, "owners", "project,team\n")
    run(home)
    assert teams(home) == {"search": Decimal(40), "assistants": Decimal(10), None: Decimal(1)}


def test_what_was_previewed_against_other_settings_is_refused_and_stops_nothing(home: Home):
    ask(home, "budgets", "name,amount\nsearch,35\n")
    ask(home, "budgets", "name,amount\nsearch,36\n")
    ask(home, "owners", "project,team\ngateway,platform\n")
    run(home)
    first, second, third = kept(home)
    assert (first.state, second.state, third.state) == ("applied", "refused", "applied")
    assert "other budgets are in force (upload 1) than when it was previewed" in (second.why or "")
    assert budgets(home)["search"][0] == 35


def test_an_upload_whose_team_is_gone_is_refused_with_its_row(home: Home):
    ask(home, "owners", "project,team\ngateway,platform\n")
    home.configuration.write_text(OUTLAY.replace("  - {name: platform}\n", ""))
    run(home)
    (refused,) = kept(home)
    assert refused.state == "refused"
    assert "row 2, team: there is no team 'platform' under teams" in (refused.why or "")
    assert teams(home)["search"] == 40


def test_a_file_that_contradicts_what_is_in_force_is_told_and_the_upload_can_be_withdrawn(home: Home):
    ask(home, "owners", "project,team\ngateway,platform\n")
    run(home)
    home.configuration.write_text(OUTLAY.replace("  - {name: platform}\n", ""))
    with pytest.raises(ConfigurationError, match=r"upload 1 \(owners, by ana@example.com\) does not fit") as refused:
        run(home)
    assert "outlay uploads withdraw 1" in refused.value.remedy
    check = CliRunner().invoke(app, ["config", "check", "--home", str(home.root)])
    assert isinstance(check.exception, ConfigurationError)
    arguments = ["uploads", "withdraw", "1", "--why", "the team is gone", "--as", "bo", "--home", str(home.root)]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    run(home)
    assert teams(home) == {"search": Decimal(40), "assistants": Decimal(10), None: Decimal(1)}
    assert [(event.what, event.who) for event in kept(home)[0].events] == [("applied", None), ("withdrawn", "bo")]


@pytest.mark.parametrize("step", ["publish: building", "publish: naming", "publish: switching", "publish: recording"])
def test_what_is_killed_between_applying_and_publishing_loses_and_doubles_nothing(home: Home, step: str):
    class Killed(BaseException):
        pass

    def kill(at: str) -> None:
        if at == step:
            raise Killed

    ask(home, "budgets", "name,amount\nsearch,35\n")
    surroundings = Surroundings(home=home.root, clock=lambda: NOW)
    with pytest.raises(Killed), Workplace.open(home, surroundings=surroundings, on_step=kill) as work:
        publish(work)
    shown = budgets(home)["search"][0]
    # a version that readers are shown says itself by what it was made
    assert (home.published.resolve().name in kept(home)[0].publications) == (shown == 35)
    run(home)
    assert budgets(home)["search"][0] == 35
    assert [event.what for event in kept(home)[0].events] == ["applied"]


def test_two_publications_at_once_apply_it_once_and_none_goes_back(home: Home):
    """One that was opened before an upload publishes after another that has applied it."""
    with working(home) as early:
        ask(home, "budgets", "name,amount\nsearch,35\n")
        run(home)
        publish(early)
    assert budgets(home)["search"][0] == 35
    assert [event.what for event in kept(home)[0].events] == ["applied"]


def test_the_command_line_says_what_lies_over_the_file(home: Home):
    def told(*arguments: str) -> str:
        return CliRunner().invoke(app, [*arguments, "--home", str(home.root)]).output

    assert "outlay.yaml alone holds" in told("uploads", "list")
    ask(home, "budgets", "name,amount\nsearch,35\n")
    assert "1 upload pending" in told("config", "check")
    run(home)
    assert "uploads over outlay.yaml: 1 (budgets, by ana@example.com)" in told("config", "check")
    assert "uploads over outlay.yaml: 1 (budgets, by ana@example.com)" in told("status")
    assert told("uploads", "show", "1") == "name,amount\nsearch,35\n"
    assert "in force" in told("uploads", "list")


def test_what_is_in_force_comes_back_as_it_went_out(home: Home):
    ask(home, "owners", "project,team\ngateway,platform\n")
    run(home)
    with working(home) as work:
        tables: dict[UploadKind, Callable[[], str]] = {
            "budgets": lambda: work.in_force.table("budgets"),
            "owners": work.in_force.uploaded_owners,
        }
        before = work.in_force
        for kind, table in tables.items():
            ask(home, kind, table())
    run(home)
    with working(home) as work:
        assert work.settings == before.settings
