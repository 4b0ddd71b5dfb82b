"""A renamed key keeps, on the days before, the name it had."""

from datetime import UTC, datetime

import polars as pl

from models.ledger.naming import KNOWN_NAMES_SCHEMA, with_names


def day(number: int) -> datetime:
    return datetime(2026, 11, number, tzinfo=UTC)


NAMES = pl.DataFrame(
    [
        ("api_key", "key_1", "search-prod", day(10)),
        ("api_key", "key_1", "search-production", day(20)),
        ("project", "key_1", "a project that happens to share the id", day(1)),
    ],
    schema=KNOWN_NAMES_SCHEMA,
    orient="row",
)


def named(*rows: tuple[str | None, int]) -> list[str | None]:
    frame = pl.DataFrame(
        [(key, None, day(number)) for key, number in rows],
        schema={"api_key_id": pl.String, "api_key_name": pl.String, "window_end": pl.Datetime("us", "UTC")},
        orient="row",
    )
    return with_names(frame, NAMES)["api_key_name"].to_list()


def test_before_the_first_pull_the_earliest_known_name_stands():
    assert named(("key_1", 2)) == ["search-prod"]


def test_a_rename_changes_only_the_days_after_it_was_seen():
    assert named(("key_1", 19), ("key_1", 20), ("key_1", 28)) == [
        "search-prod",
        "search-production",
        "search-production",
    ]


def test_unknown_and_missing_ids_stay_unnamed_and_no_row_is_lost():
    assert named((None, 12), ("key_2", 12), ("key_1", 12)) == [None, None, "search-prod"]
