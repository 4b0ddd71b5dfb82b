"""The command line as people and programs use it: what is written, what is said, and the exit status."""

import csv
import gzip
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pytest
import typer.main
from typer.testing import CliRunner, Result

from models.errors import OutlayError
from pipelines.cli import app
from pipelines.configuration import read_settings
from pipelines.home import Home

COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
SMALL = "anthropic-labs"


def outlay(*words: object) -> Result:
    """A command in this process; errors of the family are those that `main` shows and turns into exit status 1."""
    return CliRunner().invoke(app, [str(word) for word in words])


def refused(*words: object) -> OutlayError:
    error = outlay(*words).exception
    assert isinstance(error, OutlayError), error
    assert error.remedy
    return error


def as_a_process(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipelines.cli", *(str(word) for word in words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "200"})


def sums_of(files: str) -> tuple[Decimal, ...]:
    listed = ", ".join(f"sum({cost})" for cost in COSTS)
    return duckdb.sql(f"SELECT {listed}, count(*) FROM read_parquet('{files}')").fetchall()[0]


@pytest.fixture(scope="module")
def export(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's smallest source, exported as 1.4."""
    folder = tmp_path_factory.mktemp("export")
    assert outlay("export", "focus", folder, "--source", SMALL, "--home", demo_home).exit_code == 0
    return folder


def every_command() -> list[list[str]]:
    found: list[list[str]] = []

    def walk(command: object, words: list[str]) -> None:
        found.append(words)
        for name, inner in getattr(command, "commands", {}).items():
            walk(inner, [*words, name])

    walk(typer.main.get_command(app), [])
    return found


@pytest.mark.parametrize("words", every_command(), ids=lambda words: " ".join(words) or "outlay")
def test_every_command_explains_itself(words):
    result = outlay(*words, "--help")

    assert result.exit_code == 0
    assert "Usage:" in result.output
    described = result.output.split("Usage:")[1].split("Options:")[0].splitlines()[1:]
    assert any(line.strip() for line in described), "a command says in a line what it is for"


def test_init_writes_what_can_be_loaded_and_no_secret(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-a-real-secret")
    home = tmp_path / "new"
    clouds = [
        "--aws",
        "s3://bills/cur2",
        "--gcp",
        "acme.billing.gcp_billing_export_resource_v1_X",
        "--azure",
        "az://bills/",
    ]
    flags = ["--openai", "--no-anthropic", *clouds, "--focus", "s3://bills/focus/", "--start", "2026-09"]

    result = outlay("init", "--organization", 'Ac"me: 1 #2', *flags, "--home", home)

    assert result.exit_code == 0
    settings = read_settings(home / "outlay.yaml")
    assert settings.organization == 'Ac"me: 1 #2'
    assert [(source.name, source.start) for source in settings.sources] == [
        (name, "2026-09") for name in ("openai", "aws", "gcp", "azure", "focus-export")
    ]
    assert "\nOPENAI_ADMIN_KEY=\n" in (home / ".env.example").read_text()
    assert sorted(path.name for path in home.iterdir()) == [".env.example", "outlay.yaml"]
    assert "a-real-secret" not in "".join(path.read_text() for path in home.iterdir())


def test_init_never_overwrites(tmp_path):
    (tmp_path / "outlay.yaml").write_text("mine")

    error = refused("init", "--openai", "--home", tmp_path)

    assert "already" in error.what
    assert (tmp_path / "outlay.yaml").read_text() == "mine"


def test_a_typo_is_explained_with_its_line_and_no_traceback(tmp_path):
    outlay("init", "--openai", "--no-anthropic", "--home", tmp_path)
    path = tmp_path / "outlay.yaml"
    path.write_text(path.read_text().replace("contracts:", "contrats:"))

    done = as_a_process("config", "check", "--home", tmp_path)

    assert done.returncode == 1
    line = line_of(path, "contrats:")
    assert f"line {line}: contrats: there is no such setting; did you mean 'contracts'?" in done.stderr
    assert "outlay config check" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def line_of(path: Path, text: str) -> int:
    return next(number for number, line in enumerate(path.read_text().splitlines(), start=1) if text in line)


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        (
            "connector: openai",
            "connector: opnai",
            ": source 'openai': there is no connector 'opnai'; did you mean",
        ),
        ("admin_key:", "admin_kye:", ": sources.0.options.admin_kye: there is no such setting; did you mean"),
        ("owners: []", "owners: [", ": expected"),
        ('start: "', 'start: "x', ": sources.0.start: write it as YYYY-MM"),
    ],
)
def test_other_mistakes_in_the_configuration(tmp_path, right, wrong, says):
    outlay("init", "--openai", "--no-anthropic", "--home", tmp_path)
    path = tmp_path / "outlay.yaml"
    path.write_text(path.read_text().replace(right, wrong, 1))

    said = refused("config", "check", "--home", tmp_path).what
    assert says in said
    assert f"line {line_of(path, wrong)}{says}" in said or says == ": expected"


def test_the_schema_of_the_configuration_is_json_schema():
    from jsonschema import Draft202012Validator

    schema = json.loads(outlay("config", "schema").stdout)

    Draft202012Validator.check_schema(schema)
    assert Draft202012Validator(schema).is_valid({"organization": "Acme"})
    assert not Draft202012Validator(schema).is_valid({"organisation": "Acme"})


EXACT = (
    "SELECT x_Source AS source, sum(BilledCost) AS billed FROM focus.cost_and_usage WHERE x_BillingMonth = '2026-10'"
    " AND BillingCurrency = 'USD' GROUP BY ALL ORDER BY source"
)


def test_sql_is_exact_in_every_format(demo_home, truth, tmp_path):
    expected = {
        row["source"]: Decimal(row["billed_cost"])
        for row in truth["billed"]
        if (row["billing_period"], row["currency"]) == ("2026-10", "USD")
    }

    def asked(form: str) -> Result:
        result = outlay("sql", EXACT, "--format", form, "--home", demo_home)
        assert result.exit_code == 0
        return result

    parquet = tmp_path / "answer.parquet"
    assert outlay("sql", EXACT, "--format", "parquet", "-o", parquet, "--home", demo_home).exit_code == 0
    rows = json.loads(asked("json").stdout)
    assert {row["source"]: Decimal(row["billed"]) for row in rows} == expected
    rows = csv.DictReader(io.StringIO(asked("csv").stdout))
    assert {row["source"]: Decimal(row["billed"]) for row in rows} == expected
    assert dict(pl.read_parquet(parquet).iter_rows()) == expected
    assert pl.read_parquet(io.BytesIO(asked("parquet").stdout_bytes)).equals(pl.read_parquet(parquet))
    cells = (line.split() for line in asked("table").stdout.splitlines())
    assert {row[0]: Decimal(row[1]) for row in cells if len(row) == 2 and row[0] in expected} == expected


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM focus.cost_and_usage", "COPY (SELECT 1) TO 'out.csv'", "SELECT * FROM read_csv('/etc/passwd')"],
)
def test_sql_refuses_what_does_not_only_read(demo_home, statement):
    assert refused("sql", statement, "--home", demo_home).what


def test_a_refusal_is_exit_status_1_without_a_traceback(demo_home):
    done = as_a_process("sql", "DROP TABLE ops.loads", "--home", demo_home)

    assert done.returncode == 1
    assert done.stdout == ""
    assert "→" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_export_has_a_folder_for_each_period_and_passes_our_own_check(export):
    periods = sorted(path.name for path in export.iterdir())
    assert periods == ["billing_period=2026-09", "billing_period=2026-10", "billing_period=2026-11"]
    assert all([path.name for path in (export / name).iterdir()] == [f"{SMALL}.parquet"] for name in periods)

    result = outlay("check", "focus", export / periods[-1])

    assert result.exit_code == 0, result.output
    assert "judged as FOCUS 1.4" in result.output


def test_an_export_as_1_2_has_its_columns_and_the_same_sums(demo_home, export, tmp_path):
    words = ["export", "focus", tmp_path, "--version", "1.2", "--source", SMALL, "--home", demo_home]
    assert outlay(*words).exit_code == 0

    names = pl.read_parquet_schema(next(tmp_path.rglob("*.parquet")))
    assert "ProviderName" in names
    assert "ServiceProviderName" not in names
    assert sums_of(f"{tmp_path}/*/*.parquet") == sums_of(f"{export}/*/*.parquet")
    result = outlay("check", "focus", next(tmp_path.rglob("*.parquet")))
    assert result.exit_code == 0, result.output
    assert "judged as FOCUS 1.2" in result.output


@pytest.mark.slow
def test_an_export_comes_in_again_with_the_same_sums(export, tmp_path):
    for _ in range(2):
        result = outlay("import", "focus", export, "--source", "again", "--home", tmp_path)
        assert result.exit_code == 0, result.output

    listed = ", ".join(f"sum({cost})" for cost in COSTS)
    query = f"SELECT {listed}, count(*) FROM focus.cost_and_usage WHERE x_Source = 'again'"
    with duckdb.connect(str((tmp_path / "warehouse/outlay.duckdb").resolve()), read_only=True) as warehouse:
        assert warehouse.execute(query).fetchall() == [sums_of(f"{export}/*/*.parquet")]


def test_a_broken_copy_is_told_by_rule_count_and_rows(export, tmp_path):
    broken = tmp_path / "broken.parquet"
    charges = pl.read_parquet(next(export.rglob("*.parquet")))
    at_fault = pl.int_range(pl.len()) < 2
    charges.with_columns(
        pl.when(at_fault).then("ChargePeriodStart").otherwise("ChargePeriodEnd").alias("ChargePeriodEnd"),
        pl.when(at_fault).then("ChargePeriodEnd").otherwise("ChargePeriodStart").alias("ChargePeriodStart"),
    ).write_parquet(broken)

    strict = outlay("check", "focus", broken)
    lenient = outlay("check", "focus", broken, "--lenient")

    assert strict.exit_code == 1
    assert "2 rows" in strict.output
    assert "ChargePeriodEnd" in strict.output
    assert str(charges["ChargePeriodEnd"][0].date()) in strict.stdout
    assert lenient.exit_code == 0
    assert "2 rows" in lenient.output


def test_check_focus_by_another_version(export):
    assert outlay("check", "focus", next(export.rglob("*.parquet")), "--version", "1.2", "--limit", 0).exit_code == 1
    assert "1.0, 1.1, 1.2, 1.3, 1.4" in refused("check", "focus", export, "--version", "2").remedy


def test_export_of_what_there_is_not(demo_home, tmp_path):
    assert "1.4 or 1.2" in refused("export", "focus", tmp_path, "--version", "1.3", "--home", demo_home).remedy
    assert SMALL in refused("export", "focus", tmp_path, "--source", "nope", "--home", demo_home).remedy


def test_status_tells_of_sources_periods_budgets_and_proofs(demo_home):
    result = outlay("status", "--home", demo_home)

    assert result.exit_code in (0, 1)  # the demo's day is not ours, so its sources may be stale
    for word in ("Sources", SMALL, "Billing periods", "2026-10", "Search team, monthly", "Judged through", "0 fail"):
        assert word in result.output


def test_status_before_anything_is_published(tmp_path):
    assert "outlay run" in refused("status", "--home", tmp_path).remedy


def test_doctor(demo_home, tmp_path, monkeypatch):
    assert outlay("doctor", "--home", demo_home).exit_code == 0
    monkeypatch.delenv("OPENAI_ADMIN_KEY", raising=False)
    outlay("init", "--openai", "--no-anthropic", "--home", tmp_path)

    broken = outlay("doctor", "--home", tmp_path)

    assert broken.exit_code == 1
    assert "OPENAI_ADMIN_KEY is not set" in broken.output


def test_the_price_book_is_the_installed_catalogue():
    result = outlay("prices", "diff")

    assert result.exit_code == 0, result.output
    assert "0 difference(s)" in result.output


def test_alerts_preview_shows_what_people_would_be_told(demo_home):
    """Whether it stands crossed depends on our own day, which is not the demo's: then there is nothing to tell."""
    result = outlay("alerts", "preview", "--home", demo_home)

    assert result.exit_code == 0
    assert "Search team, monthly" in result.stdout or "nothing to tell" in result.output


def test_run_with_what_there_is_not(demo_home):
    assert SMALL in refused("run", "--source", "nope", "--home", demo_home).remedy
    assert "YYYY-MM" in refused("run", "--period", "2026-13", "--home", demo_home).remedy
    assert "outlay init" in refused("run", "--home", demo_home / "nowhere").remedy


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("cut.parquet", cut, "cut off"),
        ("mislabelled.csv", bytes, "Parquet under a name of CSV"),
        ("mislabelled.parquet", lambda data: b"a,b\n1,2\n", "is no Parquet"),
        ("cut.csv.gz", lambda data: gzip.compress(data)[:500], "cut off"),
        ("empty.csv", lambda data: b"", "is empty"),
        ("other.csv", lambda data: b"a,b\n1,2\n", "12 of 12 required columns are missing"),
    ],
)
def test_a_file_that_cannot_be_imported_leaves_no_trace(
    export: Path, tmp_path: Path, name: str, content: Callable[[bytes], bytes], says: str
):
    path = tmp_path / name
    path.write_bytes(content(next(export.rglob("*.parquet")).read_bytes()))

    error = refused("import", "focus", path, "--source", "broken", "--home", tmp_path / "home")

    assert says in error.what
    assert error.source == "broken"
    assert error.window
    assert not (tmp_path / "home" / "imports.yaml").exists()
    assert not Home.at(tmp_path / "home").published.exists()


@pytest.mark.slow
def test_the_official_sample_comes_in_whole_and_once(shared_reference, tmp_path):
    sample = shared_reference / "focus" / "samples" / "focus_1.0_official_1000.parquet"
    for _ in range(2):
        result = outlay("import", "focus", sample, "--source", "sample", "--home", tmp_path)
        assert result.exit_code == 0, result.output

    with duckdb.connect(str((tmp_path / "warehouse/outlay.duckdb").resolve()), read_only=True) as warehouse:
        charges = "FROM focus.cost_and_usage"
        assert warehouse.execute(f"SELECT count(*), sum(BilledCost), sum(ListCost) {charges}").fetchall() == [
            (1000, Decimal("20.52022672899"), Decimal("20.39090575119"))
        ]
        negative = "WHERE ChargeCategory = 'Usage' AND ConsumedQuantity < 0"
        assert warehouse.execute(f"SELECT count(*) {charges} {negative}").fetchall() == [(12,)]
        told = warehouse.execute(
            "SELECT sum(count) FROM ops.findings WHERE kind = 'focus:usage-quantities-are-not-negative'"
        )
        assert told.fetchall() == [(12,)]
