"""Broken bills of clouds, end to end: told with source, month and remedy; the others go on, nothing is lost or doubled.

Every case begins with a whole month loaded, lays the bill of another state of the world in a broken way, and ends with
the same bill whole.
"""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pyarrow import parquet

from connectors.errors import AnswerError, ConnectorError, IncompleteError
from tests.pipelines import broken_bills as broken
from tests.pipelines.cloud_bills import CLOUDS, OTHER, PERIOD, Alter, Bills, bills_in

WINDOW = "2026-11-01 to 2026-11-07"
EXPORT = "meridian-cur2"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def bills(tmp_path_factory: pytest.TempPathFactory) -> Bills:
    return bills_in(tmp_path_factory.mktemp("cloud-bills"))


def nothing(folder: Path) -> None:
    """The files are whole."""


def no_options(bills: Bills) -> Mapping[str, Any]:
    return {}


def swapped(bills: Bills) -> dict[str, str]:
    """The one export where the other should be."""
    actual, amortized = ((bills.folder / "azure" / report).as_uri() for report in ("actual", "amortized"))
    return {"path": amortized, "amortized_path": actual}


@dataclass(frozen=True)
class Trouble:
    """What is broken in a cloud's bill → the error's kind and words. `options` are those of the source meanwhile."""

    cloud: str
    what: str
    alter: Alter
    kind: type[ConnectorError]
    says: str
    remedy: str
    options: Callable[[Bills], Mapping[str, Any]] = field(default=no_options)


AWS_TROUBLES = [
    Trouble("aws", "no manifest", lambda folder: broken.first(folder, "*Manifest.json").unlink(),
            IncompleteError, "there is no manifest for 2026-11", "it writes the manifest after all data files"),
    Trouble("aws", "manifest of more rows", broken.first_file_listed_with(rowCount=999),
            AnswerError, "rows, its manifest says 999", "deliver it anew"),
    Trouble("aws", "manifest of more rows in all", broken.aws_manifest(lambda told: told.update(rowCount=999)),
            AnswerError, "rows, its manifest says 999", "deliver it anew"),
    Trouble("aws", "manifest of another size", broken.first_file_listed_with(size=7),
            AnswerError, "bytes, its manifest says 7", "deliver it anew"),
    Trouble("aws", "manifest of other columns",
            broken.aws_manifest(lambda told: told["columns"].append({"name": "line_item_colour"})),
            AnswerError, "its manifest says others (line_item_colour)", "deliver it anew"),
    Trouble("aws", "manifest of another month",
            broken.aws_manifest(lambda told: told["billingPeriod"].update(start="2026-10-01T00:00:00.000Z")),
            AnswerError, "says that it is of 2026-10, but lies with 2026-11", "deliver it anew"),
    Trouble("aws", "listed file absent", lambda folder: broken.first(folder, "*.parquet").unlink(),
            IncompleteError, "1 of 2 files of", "wait until the vendor has delivered them all"),
    Trouble("aws", "Parquet cut off", lambda folder: broken.cut(broken.first(folder, "*.parquet")),
            AnswerError, f"{EXPORT}-00001.snappy.parquet is Parquet that was cut off", "export the file again"),
    Trouble("aws", "Parquet damaged inside", broken.damaged_inside,
            AnswerError, f"{EXPORT}-00001.snappy.parquet is Parquet that cannot be read", "export it again"),
    Trouble("aws", "required column missing",
            broken.every_table(lambda table: table.drop_columns(["line_item_unblended_cost"])),
            AnswerError, "required columns are missing (line_item_unblended_cost)", "with all of its columns"),
    Trouble("aws", "costs as lists",
            broken.every_table(broken.with_column("line_item_unblended_cost", broken.listed)),
            AnswerError, "line_item_unblended_cost is List(Float64), not a number", "as decimals or plain text"),
    Trouble("aws", "payer that is not ours", nothing,
            AnswerError, "bills 104700000001, which is none of this source's `accounts`", "to `accounts`",
            lambda bills: {"accounts": ["104700000999"]}),
    Trouble("aws", "vanished", lambda folder: shutil.rmtree(folder / EXPORT),
            IncompleteError, "there is no file at", "wait for the vendor's export"),
]  # fmt: skip

GCP_TROUBLES = [
    Trouble("gcp", "shard missing", broken.without_shard(0),
            IncompleteError, "1 of at least 2 shards", "let the export finish"),
    Trouble("gcp", "listed shard missing", broken.listed_with_last_shard_missing,
            IncompleteError, "1 of 2 files of", "wait until the vendor has delivered them all"),
    Trouble("gcp", "exported twice", broken.exported_twice,
            AnswerError, "two exports of one month, which would count twice", "keep the newer of them"),
    Trouble("gcp", "Parquet cut off", lambda folder: broken.cut(broken.first(folder, "*.parquet")),
            AnswerError, "000000000000.parquet is Parquet that was cut off", "export the file again"),
    Trouble("gcp", "credits missing", broken.every_table(lambda table: table.drop_columns(["credits"])),
            AnswerError, "columns that it must have are missing (credits)", "export the table whole"),
    Trouble("gcp", "another invoice month inside", broken.every_table(broken.october_inside),
            AnswerError, "holds rows of 2026-10, its folder says 2026-11", "into a folder of its own"),
    Trouble("gcp", "vanished", shutil.rmtree, IncompleteError, "there is no file at", "wait for the vendor's export"),
]  # fmt: skip

AZURE_TROUBLES = [
    Trouble("azure", "no manifest", broken.one_file_without_manifest,
            IncompleteError, "there is no manifest.json at", "its manifest comes last"),
    Trouble("azure", "listed blob absent", lambda folder: broken.newest(folder / "actual", "*.csv.gz").unlink(),
            IncompleteError, "1 of 1 files of", "wait until the vendor has delivered them all"),
    Trouble("azure", "manifest of more rows", broken.azure_manifest(broken.more_rows_in_the_blob),
            AnswerError, "rows, its manifest says", "run the export again"),
    Trouble("azure", "manifest of more rows in all", broken.azure_manifest(broken.more_rows_in_all, "actual"),
            AnswerError, "rows, its manifest says", "run the export again"),
    Trouble("azure", "wrong report", nothing,
            AnswerError, "is of ActualCost, not of AmortizedCost", "name the folder of the right export", swapped),
    Trouble("azure", "gzip cut off", lambda folder: broken.cut(broken.newest(folder / "amortized", "*.csv.gz")),
            AnswerError, "is gzip that was cut off", "export the file again"),
    Trouble("azure", "another month inside", broken.every_csv(broken.billed_in_october),
            AnswerError, "holds rows of 2026-10, its manifest says 2026-11", "run the export again"),
    Trouble("azure", "vanished", shutil.rmtree, IncompleteError, "there is no file at", "wait for the vendor's export"),
]  # fmt: skip

TROUBLES = [*AWS_TROUBLES, *GCP_TROUBLES, *AZURE_TROUBLES]


@pytest.mark.parametrize("trouble", TROUBLES, ids=[f"{trouble.cloud}: {trouble.what}" for trouble in TROUBLES])
def test_a_broken_bill_fails_alone_and_ends_in_the_truth(bills: Bills, trouble: Trouble) -> None:
    cloud, told = trouble.cloud, bills.news(trouble.cloud)
    before = bills.charges(cloud)
    assert before["BilledCost"].sum() == bills.truth[cloud, bills.state[cloud]]

    bills.lay(cloud, told, trouble.alter)
    bills.configure({cloud: trouble.options(bills)})
    report = bills.load(cloud, OTHER)
    bills.configure()

    (failure,) = report.failures
    assert type(failure) is trouble.kind
    assert (failure.source, failure.window) == (cloud, WINDOW)
    assert trouble.says in failure.what
    assert trouble.remedy in failure.remedy
    assert [outcome.source for outcome in report.outcomes] == [OTHER]
    assert bills.charges(cloud).equals(before)

    bills.lay(cloud, told)
    assert bills.load(cloud).failures == []
    assert bills.billed(cloud) == bills.truth[cloud, told]


def billed_by_currency(charges: pl.DataFrame) -> dict[str, Decimal]:
    return dict(charges.group_by("BillingCurrency").agg(pl.col("BilledCost").sum()).iter_rows())


@pytest.mark.parametrize(
    ("cloud", "sub_account", "alter"),
    [
        ("aws", "104700000013", broken.every_table(broken.an_account_in_another_currency)),
        ("gcp", "meridian-assist", broken.every_table(broken.a_project_in_another_currency)),
        ("azure", "4102", broken.every_csv(broken.a_subscription_in_another_currency)),
    ],
    ids=CLOUDS,
)
def test_two_currencies_in_one_month_are_proven_apart(bills: Bills, cloud: str, sub_account: str, alter: Alter) -> None:
    told = bills.news(cloud)
    bills.lay(cloud, told, alter)

    (outcome,) = bills.load(cloud).outcomes

    charges = bills.charges(cloud)
    billed = billed_by_currency(charges)
    assert outcome.failed_proofs == ()
    assert billed["CHF"] > 0
    assert billed["USD"] + billed["CHF"] == bills.truth[cloud, told]
    in_francs = charges.filter(pl.col("BillingCurrency") == "CHF")["SubAccountId"].drop_nulls().unique()
    assert all(name.endswith(sub_account) for name in in_francs)
    assert {check["currency"] for check in bills.told("checks", cloud)} >= {"USD", "CHF"}

    bills.lay(cloud, told)
    assert bills.load(cloud).failures == []
    assert billed_by_currency(bills.charges(cloud)) == {"USD": bills.truth[cloud, told]}


RETOLD = [
    ("aws", "costs as text", broken.every_table(broken.with_column("line_item_unblended_cost", broken.as_text)), ()),
    ("aws", "new column", broken.every_table(broken.with_column("colour", broken.colour)), ("colour",)),
    ("aws", "two executions", broken.two_executions, ()),
    ("gcp", "new column", broken.every_table(broken.with_column("colour", broken.colour)), ("colour",)),
    ("azure", "new column", broken.every_csv(lambda row: row | {"Colour": "red"}), ("Colour",)),
    ("azure", "older run written last", broken.an_older_run_later, ()),
]


@pytest.mark.parametrize(
    ("cloud", "alter", "new"),
    [(cloud, alter, new) for cloud, _, alter, new in RETOLD],
    ids=[f"{cloud}: {what}" for cloud, what, *_ in RETOLD],
)
def test_a_bill_told_otherwise_is_read_to_the_last_place(
    bills: Bills, cloud: str, alter: Alter, new: tuple[str, ...]
) -> None:
    """And columns that nobody knows are told of."""
    told = bills.news(cloud)
    bills.lay(cloud, told, alter)

    (outcome,) = bills.load(cloud).outcomes

    assert outcome.failed_proofs == ()
    assert bills.billed(cloud) == bills.truth[cloud, told]
    details = [row["detail"] for row in bills.told("findings", cloud) if row["kind"] == "new_columns"]
    assert bool(details) == bool(new)
    assert all(detail.endswith(f": {name}") for detail in details for name in new)

    bills.lay(cloud, told)
    assert bills.load(cloud).failures == []
    assert bills.billed(cloud) == bills.truth[cloud, told]


def test_a_glob_over_two_executions_would_count_twice(bills: Bills) -> None:
    """Why the top manifest alone says which files count."""
    bills.lay("aws", bills.news("aws"), broken.two_executions)

    costs = {
        path: sum(Decimal(repr(cost)) for cost in parquet.read_table(path)["line_item_unblended_cost"].to_pylist())
        for path in (bills.folder / "aws").rglob("*.parquet")
    }

    truth = bills.truth["aws", bills.state["aws"]]
    assert sum(cost for path, cost in costs.items() if path.parent.name.endswith("bbbb")) == truth
    assert sum(costs.values()) > truth
    assert bills.load("aws").failures == []
    assert bills.billed("aws") == truth


def test_an_export_of_fewer_days_is_held_until_a_person_says_that_it_is_true(bills: Bills) -> None:
    bills.lay("aws", bills.news("aws"))
    assert bills.load("aws").failures == []
    before, state = bills.charges("aws"), bills.state["aws"]
    bills.lay("aws", state, broken.every_table(broken.before_the_third))

    (failure,) = bills.load("aws").failures

    assert isinstance(failure, IncompleteError)
    assert (failure.source, failure.window) == ("aws", PERIOD)
    assert "charges stand for 2 day(s) of which the vendor now tells nothing: 2026-11-03; 2026-11-04" in failure.what
    assert "--accept-shrink" in failure.remedy
    assert bills.charges("aws").equals(before)

    assert bills.load("aws", accept_shrink=True).failures == []
    assert bills.charges("aws")["ChargePeriodStart"].max() < before["ChargePeriodStart"].max()
    bills.lay("aws", state)
    assert bills.load("aws").failures == []
    assert bills.billed("aws") == bills.truth["aws", state]


def test_what_is_published_is_the_truth_of_all_others_and_the_last_good_bill(bills: Bills) -> None:
    """The whole way: one cloud is broken while every other source tells news."""
    trouble = AZURE_TROUBLES[0]
    stands = {cloud: bills.billed(cloud) for cloud in CLOUDS}
    for cloud in CLOUDS:
        bills.lay(cloud, bills.news(cloud), trouble.alter if cloud == trouble.cloud else None)
    news = {cloud: bills.truth[cloud, bills.state[cloud]] for cloud in CLOUDS} | {OTHER: bills.more_of_the_other()}

    report = bills.run()

    (failure,) = report.failures
    assert failure.source == trouble.cloud
    assert not any(outcome.unchanged for outcome in report.outcomes)
    assert bills.published() == news | {trouble.cloud: stands[trouble.cloud]}
    told = bills.ask(f"SELECT last_outcome, message, remedy FROM ops.freshness WHERE source = '{trouble.cloud}'")
    assert told == [("held", failure.what, failure.remedy)]

    bills.lay(trouble.cloud, bills.state[trouble.cloud])
    assert bills.run().failures == []
    assert bills.published() == news
