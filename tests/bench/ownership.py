"""Ownership: 1,000 rules over a million charges of twelve months, beside DuckDB's CASE and a loop, results compared.

`owned()` is measured on a million distinct rows; what happens after a rule is changed, twelve months attributed anew
from files, is `attribute()`. The references do a sample of the same rows: their time goes with rows. Processor time
stands beside the clock's, which counts whatever else the machine does.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from fnmatch import fnmatchcase
from pathlib import Path

import duckdb
import polars as pl

from models.economics.attribution import Attribution, attribute
from models.economics.first_match import Rule
from models.economics.ownership import ATTRIBUTES, CONDITIONS, OwnerRule, deciding_rules, owned
from models.ledger.focus import COST_AND_USAGE
from models.table import MONEY
from pipelines.reference import model_developers, taxonomy
from tests.bench.measurement import Measurement, timed

ROWS, RULES, MONTHS = 1_000_000, 1_000, 12
OF_LOOP, OF_CASE = 2_000, 100_000
"""Rows that the references do."""
FIRST = date(2025, 11, 1)
ACCOUNTS, PROJECTS, KEYS, USERS, MODELS, TEAMS = 20, 400, 3_000, 2_000, 60, 50


def rows() -> pl.DataFrame:
    """What rules ask of charges: keys of projects of accounts, users, models and tags, over a year; no two alike."""
    chance = random.Random(4)
    keys = pl.DataFrame({"project": [chance.randrange(PROJECTS) for _ in range(KEYS)]}).with_row_index("key")
    drawn = pl.DataFrame({"row": range(ROWS)}).select(
        key=(pl.col("row") * 48_271 % KEYS).cast(pl.UInt32),
        user=pl.col("row") * 7_919 % USERS,
        model=pl.col("row") * 104_729 % MODELS,
        day=pl.lit(FIRST) + pl.duration(days=pl.col("row") % 365),
    )
    project, team = pl.col("project"), pl.col("project") % TEAMS
    told = drawn.join(keys, on="key", how="left", maintain_order="left").select(
        source=pl.format("cloud-{}", project % 4),
        billing_account_id=pl.format("account-{}", project % ACCOUNTS),
        billing_account_name=pl.format("Account {}", project % ACCOUNTS),
        project_id=pl.format("proj_{}", project),
        project_name=pl.format("team{}-project{}", team, project),
        api_key_id=pl.format("key_{}", "key"),
        api_key_name=pl.format("team{}-key{}", team, "key"),
        user_id=pl.format("user_{}", "user"),
        user_name=pl.format("person{}@example.com", "user"),
        model=pl.format("model-{}", "model"),
        service_name=pl.format("Service {}", project % 40),
        component=pl.lit("model_apis"),
        region=pl.format("region-{}", project % 15),
        day="day",
        x_team=pl.lit(None, pl.String),
        **{
            "tag:team": pl.when(project % 3 > 0).then(pl.format("team{}", team)),
            "tag:stage": pl.when(project % 7 > 0).then(pl.lit("production")).otherwise(pl.lit("test")),
        },
    )
    return told.select(*ATTRIBUTES, "tag:team", "tag:stage")


def rules() -> list[OwnerRule]:
    """By project and day, name, key, user, model and tag; most say a team, some a product or an environment."""
    chance = random.Random(5)
    made: list[OwnerRule] = []
    while len(made) < RULES - 2:
        asked: dict[str, str] = chance.choice(
            [
                {"project": f"proj_{chance.randrange(PROJECTS)}"},
                {"project": f"team{chance.randrange(TEAMS)}-project{chance.randrange(10)}*"},
                {"api_key": f"team*-key{chance.randrange(KEYS)}"},
                {"api_key": f"key_{chance.randrange(KEYS)}", "model": f"model-{chance.randrange(6)}?"},
                {"user": f"person{chance.randrange(USERS)}@*", "source": f"cloud-[{chance.randrange(4)}4-9]"},
                {"account": f"account-{chance.randrange(ACCOUNTS)}", "tag:stage": "prod*", "model": "model-1*"},
                {"tag:team": f"team{chance.randrange(TEAMS)}", "service": f"Service {chance.randrange(40)}"},
            ]
        )
        said = chance.choice(
            [{"team": f"team{chance.randrange(TEAMS)}"}, {"product": f"product {len(made)}"}, {"pool": "platform"},
             {"team": "{tag:team}", "cost_centre": "cc-{tag:team}"}, {"environment": "test", "use_case": "trial"}]
        )  # fmt: skip
        changes = FIRST + timedelta(days=chance.randrange(365)) if chance.random() < 0.3 else None
        made.append(OwnerRule(asked, said, valid_from=changes))
    made.append(OwnerRule({"tag:team": "*"}, {"team": "{tag:team}", "environment": "{tag:stage}"}))
    return [*made, OwnerRule({"source": "*"}, {"team": "central", "product": "other"})]


def charges(of: pl.DataFrame) -> pl.DataFrame:
    """Charges of these rows, a cent each."""
    tags = pl.struct(team="tag:team", stage="tag:stage").struct.json_encode()
    day = pl.col("day").cast(pl.Datetime("us", "UTC"))
    told = {
        "x_Source": "source", "BillingAccountId": "billing_account_id", "BillingAccountName": "billing_account_name",
        "SubAccountId": "project_id", "SubAccountName": "project_name", "x_ApiKeyId": "api_key_id",
        "x_ApiKeyName": "api_key_name", "x_UserId": "user_id", "x_UserName": "user_name", "x_ModelId": "model",
        "ServiceName": "service_name", "RegionId": "region",
    }  # fmt: skip
    return of.select(
        **{name: pl.col(column) for name, column in told.items()},
        **dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), pl.lit("0.01").cast(MONEY)),
        **dict.fromkeys(("ServiceProviderName", "InvoiceIssuerName"), pl.lit("OpenAI")),
        ChargePeriodStart=day,
        ChargeCategory=pl.lit("Usage"),
        BillingCurrency=pl.lit("USD"),
        x_BillingMonth=day.dt.strftime("%Y-%m"),
        Tags=tags,
    )


def by_loop(sample: pl.DataFrame, asked: list[OwnerRule]) -> list[int | None]:
    """The first rule that says a team of each row, one by one."""

    def fits(row: dict[str, object], rule: OwnerRule) -> bool:
        day = row["day"]
        return (rule.valid_from is None or (isinstance(day, date) and rule.valid_from <= day)) and all(
            any(row[name] is not None and fnmatchcase(str(row[name]), glob) for name in columns)
            for columns, glob in ((CONDITIONS.get(word, (word,)), glob) for word, glob in rule.conditions.items())
        )

    return [
        next((n for n, rule in enumerate(asked) if _says_team(rule, row) and fits(row, rule)), None)
        for row in sample.iter_rows(named=True)
    ]


def _says_team(rule: OwnerRule, row: dict[str, object]) -> bool:
    return "pool" in rule.says or ("team" in rule.says and (rule.says["team"][0] != "{" or row["tag:team"] is not None))


def by_case(sample: pl.DataFrame, asked: list[OwnerRule]) -> list[int | None]:
    """The same by a CASE in DuckDB, whose globs are the same shell globs."""
    branches = [
        f"WHEN {_condition(rule.asking(), needs_tag=rule.says.get('team', '').startswith('{'))} THEN {number}"
        for number, rule in enumerate(asked)
        if "team" in rule.says or "pool" in rule.says
    ]
    with duckdb.connect() as connection:
        connection.register("sample", sample.to_arrow())
        return [row[0] for row in connection.execute(f"SELECT CASE {' '.join(branches)} END FROM sample").fetchall()]


def _condition(rule: Rule, *, needs_tag: bool) -> str:
    asked = [
        " OR ".join(f"\"{column}\" {'GLOB' if set(str(glob)) & set('*?[') else '='} '{glob}'" for column in columns)
        for columns, glob in rule.conditions.items()
    ]
    dated = [f"day >= DATE '{rule.valid_from}'"] if rule.valid_from else []
    return " AND ".join([*(f"({each})" for each in asked), *dated, *(['"tag:team" IS NOT NULL'] if needs_tag else [])])


def measure() -> Iterator[Measurement]:
    frame, asked = rows(), rules()
    expected = deciding_rules(frame.head(OF_CASE), asked)["team"].to_list()
    if by_case(frame.head(OF_CASE), asked) != expected or by_loop(frame.head(OF_LOOP), asked) != expected[:OF_LOOP]:
        raise AssertionError("owners differ from those of DuckDB or of a loop")
    begun = time.process_time()
    timing = timed(lambda: owned(frame, asked, {}), 3)
    worked = (time.process_time() - begun) / 3
    case = timed(lambda: by_case(frame.head(OF_CASE), asked), 2)
    loop = timed(lambda: by_loop(frame.head(OF_LOOP), asked), 1)
    yield Measurement(
        "1,000 rules × 1 M distinct rows",
        f"{timing.median:.2f} s",
        "≤ 5 s on 2 cores",
        f"five dimensions and a pool; median of 3, best {timing.best:.2f} s; {worked:.1f} s of processors, "
        f"threads {pl.thread_pool_size()}",
        timing.median <= 5,
    )
    for name, reference, count in (("DuckDB CASE", case, OF_CASE), ("loop over rules", loop, OF_LOOP)):
        whole = reference.best * ROWS / count
        detail = f"team only; {count:,} of the same rows, all equal; {whole / timing.best:,.0f} times as long"
        yield Measurement(name, f"{whole:,.0f} s for 1 M", detail=detail)
    yield from _again(frame, asked)


def _again(frame: pl.DataFrame, asked: list[OwnerRule]) -> Iterator[Measurement]:
    """A rule is changed: every month is attributed anew, components and all."""
    by = Attribution(taxonomy=taxonomy(), developers=model_developers(), owners=asked)
    with tempfile.TemporaryDirectory(prefix="outlay-bench-") as folder:
        months = charges(frame).partition_by("x_BillingMonth", maintain_order=True)
        files = [Path(folder) / f"{number}.parquet" for number in range(len(months))]
        for month, file in zip(months, files, strict=True):
            month.write_parquet(file)
        scans = [pl.scan_parquet(file, schema=COST_AND_USAGE.polars_schema, missing_columns="insert") for file in files]
        made: list[int] = []
        begun = time.process_time()
        timing = timed(lambda: made.extend(attribute(scan, by)["charges"].sum() for scan in scans), 1)
        worked = time.process_time() - begun
    if sum(made) != ROWS:
        raise AssertionError(f"{sum(made):,} of {ROWS:,} charges were attributed")
    yield Measurement(
        f"{MONTHS} months attributed anew",
        f"{timing.best:.1f} s",
        detail=f"{ROWS:,} charges from files, {RULES:,} rules and the taxonomy; {worked:.1f} s of processors",
    )
