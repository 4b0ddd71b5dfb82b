"""Which models may be set beside one another."""

import polars as pl
import pytest

from models.economics.model_classes import as_good, model_classes

CLASSES = model_classes(
    pl.DataFrame(
        [
            ("opus*", "frontier"),
            ("llama-405b", "large"),
            ("llama-70b", "mid"),
            ("llama-8b", "small"),
            ("haiku*", "small"),
        ],
        schema=["model", "class"],
        orient="row",
    ).with_columns(proposed=pl.lit("yes"), reason=pl.lit("for the example")),
    pl.DataFrame({"provider": ["a"], "host": ["A"], "reason": ["r"]}),
)
SERVED = ["llama-405b", "llama-70b", "llama-8b", "nobody-knows"]


@pytest.mark.parametrize(
    ("model", "beside"),
    [
        ("haiku-4-5", ["llama-405b", "llama-70b", "llama-8b"]),
        ("llama-70b", ["llama-405b", "llama-70b"]),
        ("opus-5", ["llama-405b"]),  # nothing is as good: the best there is
        ("unheard-of", ["llama-405b"]),
    ],
)
def test_a_small_model_never_stands_in_for_a_large_one(model, beside):
    assert as_good(model, SERVED, CLASSES.ranks({model, *SERVED})) == beside


def test_nothing_of_a_known_class_is_nothing_to_compare():
    assert as_good("opus-5", ["nobody-knows"], CLASSES.ranks(["opus-5"])) == []
