"""Declared costs and invoices in a real home: what is declared counts until an invoice says otherwise, once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from connectors.errors import AnswerError, ConfigurationError
from connectors.protocol import Surroundings
from pipelines.booking import withdraw
from pipelines.charge_explanations import explain_charge
from pipelines.home import Home
from pipelines.invoices import import_invoices
from pipelines.publishing import publish
from pipelines.run import RunReport, run
from pipelines.workplace import Workplace

pytestmark = pytest.mark.slow

NOVEMBER = datetime(2026, 11, 20, 9, tzinfo=UTC)
DECLARED = """
organization: Example
costs:
  - {name: Chat seats, kind: subscription, amount: 1000, per: month, vendor: Chat Inc, team: Search,
     valid_from: 2026-09-01, component: integration}
  - {name: Support plan, kind: support, amount: 3650, per: year, valid_from: 2026-01-01}
"""
HEAD = "invoice_id,issuer,account,currency,billing_period,issue_date,service,category,amount,charges,declared_cost"
SEATS = "INV-7,Chat Inc,A1,USD,2026-10,2026-10-31,ChatSuite,Purchase,1000.00,own,Chat seats"
TAX = "INV-7,Chat Inc,A1,USD,2026-10,2026-10-31,ChatSuite,Tax,70.00,own,Chat seats"

OF_OCTOBER = """
SELECT coalesce(sum(effective_cost) FILTER (origin = 'charge'), 0),
       coalesce(sum(effective_cost) FILTER (origin = 'declared'), 0)
FROM marts.tco_daily
WHERE day >= '2026-10-01' AND day < '2026-11-01' AND team = 'Search' AND component = 'integration'
"""
"""What the seats cost, for they belong to Search and integration, whether declared or invoiced."""
INVOICES = (
    "SELECT invoice_id, invoiced, charged, difference, matched_by, status FROM marts.invoice_reconciliation ORDER BY 1"
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "home").mkdir()
    place = Home.at(tmp_path / "home")
    place.configuration.write_text(DECLARED, encoding="utf-8")
    return place


@pytest.fixture
def at(home: Home) -> Callable[[datetime], Workplace]:
    return lambda now: Workplace.open(home, surroundings=Surroundings(home=home.root, clock=lambda: now))


@pytest.fixture
def work(home: Home) -> Iterator[Workplace]:
    with Workplace.open(home, surroundings=Surroundings(home=home.root, clock=lambda: NOVEMBER)) as opened:
        yield opened


@contextmanager
def warehouse(work: Workplace) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(work.home.published.resolve()), read_only=True) as connection:
        yield connection


def rows(work: Workplace, sql: str) -> list[tuple]:
    with warehouse(work) as connection:
        return connection.execute(sql).fetchall()


def october(work: Workplace) -> tuple[Decimal, Decimal]:
    """What the seats cost in October by charges, and by declaration."""
    return rows(work, OF_OCTOBER)[0]


def invoice_file(folder: Path, *lines: str, name: str = "october.csv", head: str = HEAD) -> Path:
    file = folder / name
    file.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    return file


def imported(work: Workplace, file: Path, source: str = "invoices") -> RunReport:
    report = import_invoices(work, file, source)
    assert report.failures == []
    return report


def test_an_invoice_takes_the_place_of_what_was_declared_once_and_gives_it_back(work: Workplace, tmp_path: Path):
    publish(work)
    assert october(work) == (0, 1000)

    imported(work, invoice_file(tmp_path, SEATS, TAX))
    assert october(work) == (1070, 0)
    assert rows(work, INVOICES) == [("INV-7", 1070, 1070, 0, "invoice", "equal")]
    standing = rows(
        work, "SELECT DISTINCT standing, invoice_id FROM marts.declared_costs WHERE day = '2026-10-07' ORDER BY 1"
    )
    assert standing == [("declared", None), ("invoiced", "INV-7")]

    again = imported(work, invoice_file(tmp_path, SEATS, TAX))
    assert [outcome.restated for outcome in again.outcomes] == [0]
    assert october(work) == (1070, 0)

    withdraw(work, "invoices", None, why="a test")
    assert october(work) == (0, 1000)
    run(work)
    assert october(work) == (0, 1000), "what was withdrawn stays withdrawn"


def test_its_charges_belong_to_whom_the_cost_belongs_whatever_is_said_of_their_component(
    home: Home, at, tmp_path: Path
):
    """The declaration names the owner; a rule by component says what it leaves open, and is told as it is written."""
    rules = (
        "owners:\n  - {component: integration, team: Platform}\n  - {component: integration, environment: production}\n"
    )
    home.configuration.write_text(DECLARED + rules, encoding="utf-8")
    with at(NOVEMBER) as work:
        imported(work, invoice_file(tmp_path, SEATS, TAX))
        assert october(work) == (1070, 0)
        owner = {
            reason.what: (reason.value, reason.rule) for reason in explain_charge(work, "invoices:2026-10:1").owner
        }
    line = len(DECLARED.splitlines()) + 3
    assert owner["team"] == ("Search", "costs: Chat seats")
    assert owner["environment"] == ("production", f"rule 2, outlay.yaml line {line}")


def test_every_proof_of_an_imported_month_holds(work: Workplace, tmp_path: Path):
    report = imported(work, invoice_file(tmp_path, SEATS, TAX))
    assert [outcome.failed_proofs for outcome in report.outcomes] == [()]
    of_invoice = (
        "SELECT subject, actual, passed FROM ops.checks WHERE \"check\" = 'charges of an invoice = the invoice'"
    )
    assert rows(work, of_invoice) == [("Chat Inc INV-7", 1070, True)]
    assert rows(work, "SELECT count(*) > 5, bool_and(passed) FROM ops.checks WHERE passed IS NOT NULL") == [
        (True, True)
    ]


def test_days_after_an_invoice_are_declared_or_taken_as_in_its_month_but_never_both(work: Workplace, tmp_path: Path):
    """October's seats are declared again from November on; Box, which nobody declares, goes on with 310 / 31 a day.
    Another source is through 19 November, the day before today."""
    box = "INV-8,Box Inc,B,USD,2026-10,2026-10-31,Box,Usage,310.00,own,"
    later = "INV-9,Late Inc,L,USD,2026-11,2026-11-19,Later,Usage,300.00,own,"
    imported(work, invoice_file(tmp_path, SEATS, TAX, box))
    imported(work, invoice_file(tmp_path, later), "later")
    ends = """SELECT value, round(actual, 2), assumed FROM marts.month_end
              WHERE period = '2026-11' AND dimension = 'vendor'
              AND measure = 'effective_cost' AND value IN ('Box Inc', 'Chat Inc') ORDER BY 1"""
    assert rows(work, ends) == [("Box Inc", 0, 190), ("Chat Inc", Decimal("633.33"), 0)]
    assert rows(work, "SELECT bool_and(passed) FROM ops.checks WHERE source = 'all sources'") == [(True,)]


def test_later_months_of_what_was_paid_ahead_come_with_their_runs(home: Home, at, tmp_path: Path):
    year = "INV-9,Plan Ltd,P,USD,2026-11,2026-11-02,Support,Purchase,3650,own,Support plan,2026-11-01,2027-10-31"
    file = invoice_file(tmp_path, year, head=f"{HEAD},service_start,service_end")
    by_month = """
        SELECT x_BillingMonth, sum(BilledCost), sum(EffectiveCost) FROM focus.cost_and_usage GROUP BY 1 ORDER BY 1
    """
    declared = """
        SELECT sum(effective_cost) FROM marts.declared_costs WHERE name = 'Support plan' AND day >= '2026-11-01'
    """
    with at(NOVEMBER) as work:
        imported(work, file)
        assert rows(work, by_month) == [("2026-11", 3650, 200)]
        assert rows(work, declared) == [(0,)]
    with at(datetime(2027, 1, 3, tzinfo=UTC)) as work:
        publish(work)
        assert rows(work, declared) == [((10 + 31 + 3) * 10,)], "days without charges stay declared"
        assert run(work).failures == []
        assert rows(work, by_month) == [("2026-11", 3650, 300), ("2026-12", 0, 310), ("2027-01", 0, 30)]
        assert rows(work, declared) == [(0,)]


def test_another_file_adds_and_one_of_the_same_name_must_hold_what_it_held(work: Workplace, tmp_path: Path):
    other = SEATS.replace("INV-7", "INV-8").replace("A1", "A2").replace("Chat seats", "")
    imported(work, invoice_file(tmp_path, SEATS, TAX))
    imported(work, invoice_file(tmp_path, other, name="more.csv"))
    assert [row[0] for row in rows(work, INVOICES)] == ["INV-7", "INV-8"]

    with pytest.raises(AnswerError, match="was imported before with invoice INV-7 of Chat Inc"):
        import_invoices(work, invoice_file(tmp_path, other))
    assert [row[0] for row in rows(work, INVOICES)] == ["INV-7", "INV-8"]


def test_a_mistake_leaves_no_trace(work: Workplace, tmp_path: Path):
    with pytest.raises(AnswerError, match=r"october\.csv line 2: amount is '1\.000,00'"):
        import_invoices(work, invoice_file(tmp_path, SEATS.replace("1000.00", '"1.000,00"')))
    assert not (work.home.root / "invoices").exists()
    assert work.sources == []


def test_an_invoice_that_is_voided_costs_nothing_and_brings_the_declaration_back(work: Workplace, tmp_path: Path):
    imported(work, invoice_file(tmp_path, SEATS, TAX))
    voided = [f"{line},Voided" for line in (SEATS, TAX)]
    imported(work, invoice_file(tmp_path, *voided, head=f"{HEAD},status"))
    assert october(work) == (0, 1000)
    assert [(row[0], row[-1]) for row in rows(work, INVOICES)] == [("INV-7", "voided")]


def test_recoverable_tax_is_in_the_invoice_and_in_no_total(work: Workplace, tmp_path: Path):
    imported(work, invoice_file(tmp_path, SEATS, TAX.replace("70.00,own,Chat seats", "190.00,none,")))
    assert october(work) == (1000, 0)
    assert rows(work, INVOICES) == [("INV-7", 1190, 1000, 0, "invoice", "equal")]


def test_a_name_that_is_not_declared_is_told_with_the_publication(work: Workplace, tmp_path: Path):
    report = import_invoices(work, invoice_file(tmp_path, SEATS.replace("Chat seats", "Chat sets")))
    assert [failure.what for failure in report.failures] == [
        "invoice INV-7 takes the place of the declared cost 'Chat sets', which outlay.yaml does not declare"
    ]
    assert "did you mean 'Chat seats'" in report.failures[0].remedy
    assert report.publication is not None


def test_a_name_that_outlay_yaml_has_is_refused(home: Home, tmp_path: Path):
    text = (
        f"organization: Example\nsources:\n  - {{name: invoices, connector: invoices, options: {{path: {tmp_path}}}}}\n"
    )
    home.configuration.write_text(text, encoding="utf-8")
    with (
        Workplace.open(home, surroundings=Surroundings(home=home.root, clock=lambda: NOVEMBER)) as work,
        pytest.raises(ConfigurationError, match=r"is a source of outlay\.yaml"),
    ):
        import_invoices(work, invoice_file(tmp_path, SEATS))
