"""The price catalogue: what is committed is what the pinned package says, and every change of it is shown."""

from pathlib import Path

import polars as pl
import pytest

from models.errors import OutlayError
from pipelines import price_catalogue
from pipelines.price_catalogue import Catalogue, difference
from pipelines.reference import read_price_book, reference_folder

COMMITTED = reference_folder("prices")


@pytest.fixture(scope="module")
def installed() -> Catalogue:
    return price_catalogue.from_package()


def test_the_committed_prices_are_those_of_the_pinned_package(installed: Catalogue, tmp_path: Path) -> None:
    """Otherwise: `outlay prices diff`, review, `outlay prices update`, commit `data/prices`."""
    assert difference(price_catalogue.read(COMMITTED), installed).is_empty()
    price_catalogue.materialise(tmp_path)
    for file in sorted(tmp_path.iterdir()):
        assert file.read_bytes() == (COMMITTED / file.name).read_bytes(), file.name


def test_all_providers_and_dated_prices_are_taken(installed: Catalogue) -> None:
    assert installed.providers.height == 47
    assert installed.models.height == 2_330
    assert installed.public["provider"].n_unique() == 47
    dated = installed.public.filter(pl.col("valid_from").is_not_null()).select("provider", "model").unique()
    assert dated.height > 200


def test_a_price_is_dated_by_hand_calculation(installed: Catalogue) -> None:
    """gpt-5.6-terra: $2.50 to 30 July 2026, then $2; twice that for prompts over 272k tokens."""
    terra = installed.public.filter(
        (pl.col("provider") == "openai")
        & (pl.col("model") == "gpt-5.6-terra")
        & (pl.col("meter") == "input")
        & (pl.col("processing_tier") == "standard")
    )
    assert terra.select("context_window", "unit_price", "valid_from", "valid_to").rows() == [
        ("0-272k", "2.5", None, "2026-07-30"),
        ("272k+", "5", None, "2026-07-30"),
        ("0-272k", "2", "2026-07-30", None),
        ("272k+", "4", "2026-07-30", None),
    ]


def test_a_tier_lists_only_what_it_names(installed: Catalogue) -> None:
    batch = installed.public.filter(
        (pl.col("provider") == "openai") & (pl.col("model") == "gpt-4o") & (pl.col("processing_tier") == "batch")
    )
    assert batch.select("meter", "unit_price", "valid_from").rows() == [
        ("input", "1.25", "2026-10-14"),
        ("output", "5", "2026-10-14"),
    ]


def test_what_is_left_out_is_listed_with_its_reason(installed: Catalogue) -> None:
    by_hour = installed.left_out.filter(pl.col("what") == "all prices")
    assert by_hour["provider"].unique().to_list() == ["deepseek"]
    assert installed.public.join(by_hour, on=("provider", "model"), how="semi").is_empty()
    assert installed.left_out["reason"].null_count() == 0


def test_the_geographies_name_models_that_exist(installed: Catalogue) -> None:
    geography = pl.read_csv(COMMITTED / "geography.csv", infer_schema=False)
    assert geography.filter(pl.col("model").is_not_null()).join(
        installed.models, on=("provider", "model"), how="anti"
    ).is_empty()  # fmt: skip
    assert geography["source"].str.starts_with("https://").all()


def test_a_new_catalogue_shows_what_it_would_change(installed: Catalogue) -> None:
    gpt_4o = (
        (pl.col("provider") == "openai") & (pl.col("model") == "gpt-4o") & (pl.col("processing_tier") == "standard")
    )
    dearer = installed.public.with_columns(
        unit_price=pl.when(gpt_4o & (pl.col("meter") == "input")).then(pl.lit("3.75")).otherwise("unit_price"),
        source=pl.lit("genai-prices 0.2.4"),
    ).filter(~(gpt_4o & (pl.col("meter") == "output")))
    models = pl.concat([installed.models, installed.models.head(1).with_columns(model=pl.lit("claude-nova"))])
    shown = difference(installed, Catalogue(dearer, models, installed.providers, installed.left_out))
    assert shown.select("kind", "change", "model", "meter", "old", "new", "change_pct").rows() == [
        ("price", "changed", "gpt-4o", "input", "2.5 · priced", "3.75 · priced", "50.0"),
        (
            "model",
            "added",
            "claude-nova",
            None,
            "",
            '{"or":[{"starts_with":"claude-2"},{"contains":"claude-v2"}]}',
            None,
        ),
        ("price", "removed", "gpt-4o", "output", "10 · priced", "", None),
    ]


def test_a_folder_without_all_files_says_which_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "public.csv").write_text("provider\n")
    with pytest.raises(OutlayError, match=r"lacks models\.csv, providers\.csv, geography\.csv → restore"):
        read_price_book(tmp_path)


def test_reference_data_that_is_not_there_is_said() -> None:
    with pytest.raises(OutlayError, match="'weights' is not part of this installation"):
        reference_folder("weights")
