"""What a model name means: the clauses of the catalogue, in order, on the name as the vendor writes it."""

import polars as pl
import pytest

from models.ledger.model_names import ModelNames, fits


def names(*clauses: tuple[str, str]) -> ModelNames:
    models = pl.DataFrame(
        [("acme", str(place), model, match) for place, (model, match) in enumerate(clauses)],
        schema=dict.fromkeys(("provider", "position", "model", "match"), pl.String),
        orient="row",
    )
    return ModelNames.of(
        models,
        pl.DataFrame({"provider": ["acme"], "falls_back_on": [None]}, schema_overrides={"falls_back_on": pl.String}),
    )


@pytest.mark.parametrize(
    ("clause", "fitting", "other"),
    [
        ({"equals": "Wile-1"}, "wile-1", "wile-12"),
        ({"starts_with": "wile-1"}, "wile-12", "a-wile-1"),
        ({"ends_with": "-mini"}, "wile-mini", "wile-mini-2"),
        ({"contains": "ile"}, "wile", "wle"),
        ({"regex": r"^wile-\d{8}$"}, "wile-20260101", "wile-20260101x"),
        ({"or": [{"equals": "a"}, {"equals": "b"}]}, "b", "c"),
        ({"and": [{"starts_with": "a"}, {"ends_with": "z"}]}, "abz", "abc"),
    ],
)
def test_each_kind_of_clause(clause: dict[str, object], fitting: str, other: str) -> None:
    assert (fits(clause, fitting), fits(clause, other)) == (True, False)


def test_an_unknown_kind_of_clause_is_no_silent_no() -> None:
    with pytest.raises(KeyError):
        fits({"sounds_like": "wile"}, "wile")


def test_the_first_clause_that_fits_wins_and_positions_are_numbers() -> None:
    many = [(f"model-{place}", f'{{"equals":"wile-{place}"}}') for place in range(11)]
    found = names(*many, ("catch-all", '{"starts_with":"wile"}')).resolve("acme", ["wile-10", "wile-11", "coyote"])
    assert [each and each.model for each in found.values()] == ["model-10", "catch-all", None]


def test_a_compact_date_is_tried_with_dashes_only_if_nothing_fits_as_it_is() -> None:
    book = names(("dashed", '{"equals":"wile-2025-12-11"}'), ("compact", '{"equals":"wile-20251212"}'))
    found = book.resolve("acme", ["wile-20251211", "wile-20251212", "wile-20251399"])
    assert [each and each.model for each in found.values()] == ["dashed", "compact", None]
