"""The official FOCUS 1.0 sample: 1,000 real rows, kept to the last digit in every way that they can be written."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from connectors.errors import AnswerError
from connectors.focus_files import periods_in, read_charges
from connectors.protocol import Connector, Translation, Window
from models.ledger.focus.invariants import check

pytestmark = pytest.mark.reference


@pytest.fixture
def sample(shared_reference: Path) -> Path:
    return shared_reference / "focus/samples/focus_1.0_official_1000.parquet"


def _as_written(sample: Path, folder: Path, form: str) -> Path:
    """The sample as Parquet, or as the CSV that was published: NULL for null, times without Z."""
    if form == "parquet":
        return sample
    text = pl.read_parquet(sample).write_csv(null_value="NULL", datetime_format="%Y-%m-%d %H:%M:%S")
    path = folder / f"sample.{form}"
    path.write_bytes(gzip.compress(text.encode()) if form == "csv.gz" else text.encode())
    return path


def _loaded(connector: Connector, path: Path) -> dict[str, Translation]:
    windows = {period: Window.of_period(period) for period in periods_in(str(path))}
    return {period: connector.translate(window, connector.pull(window)) for period, window in windows.items()}


@pytest.mark.parametrize("form", ["parquet", "csv", "csv.gz"])
def test_every_row_and_cent_is_kept(
    sample: Path, tmp_path: Path, connector_of: Callable[..., Connector], form: str
) -> None:
    path = _as_written(sample, tmp_path, form)
    loaded = _loaded(connector_of(path), path)
    parts = {period: next(iter(translation.parts)) for period, translation in loaded.items()}
    charges = pl.concat(part.charges for part in parts.values())

    assert {period: part.charges.height for period, part in parts.items()} == {"2024-09": 999, "2024-10": 1}
    assert charges["BilledCost"].sum() == Decimal("20.52022672899")
    assert charges["ListCost"].sum() == Decimal("20.39090575119")
    assert charges.filter(pl.col("ConsumedQuantity") < 0).height == 12
    exported = pl.concat(part.as_read for part in parts.values())
    assert exported["rows"].sum() == 1000
    assert exported["billed_cost"].sum() == Decimal("20.52022672899")
    assert all(translation.missing == () for translation in loaded.values())


def test_two_snapshots_of_the_sample_are_refused_not_doubled(
    sample: Path, tmp_path: Path, connector_of: Callable[..., Connector]
) -> None:
    """As bytes they are the same, or, written as CSV, in every row: 2024-09 is never twice its 20.28."""
    for form, words in (("parquet", "have the same content"), ("csv", "hold [0-9]+ charges that are equal")):
        folder = tmp_path / form
        folder.mkdir()
        (folder / "export-20240910.parquet").write_bytes(sample.read_bytes())
        (folder / f"export-20240911.{form}").write_bytes(_as_written(sample, tmp_path, form).read_bytes())
        connector, september = connector_of(folder), Window.of_period("2024-09")
        with pytest.raises(AnswerError, match=words):
            connector.translate(september, connector.pull(september))


def test_negative_usage_is_warned_of_and_null_costs_are_told(
    sample: Path, connector_of: Callable[..., Connector]
) -> None:
    counts: dict[str, int] = {}
    for translation in _loaded(connector_of(sample), sample).values():
        for finding in translation.findings:
            counts[finding.kind] = counts.get(finding.kind, 0) + finding.count
    assert counts["focus:usage-quantities-are-not-negative"] == 12
    assert counts["focus:charge-lies-in-its-billing-period"] == 1
    assert counts["filled_cost"] == 7
    assert counts["rounded_amounts"] == 7


def test_issuers_and_accounts_are_claimed(sample: Path, connector_of: Callable[..., Connector]) -> None:
    claims = _loaded(connector_of(sample), sample)["2024-10"].claims
    assert [(claim.issuer, claim.account_id, claim.role) for claim in claims] == [("Oracle", "20209880", "money")]


def test_the_sample_can_be_checked_as_it_is(sample: Path, tmp_path: Path) -> None:
    """Judged from CSV or Parquet, rows break the same rules; only floats are Parquet's own."""
    from_parquet = check(read_charges(str(sample)), version="1.0").counts()
    from_csv = check(read_charges(str(_as_written(sample, tmp_path, "csv"))), version="1.0").counts()
    assert from_parquet.pop("money-is-decimal") == 8
    empty = {rule for rule in from_parquet if rule.startswith("no-empty-text")}
    assert {rule: from_csv.get(rule) for rule in ("usage-costs-are-not-negative", "times-are-utc")} == {
        "usage-costs-are-not-negative": 12,
        "times-are-utc": 4,
    }
    assert empty
    assert not empty & set(from_csv)
