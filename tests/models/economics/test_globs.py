"""Globs: one covers another only where every text says so."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.economics.globs import covers

GLOBS = st.text(alphabet="ab-]![*?", max_size=6)


@pytest.mark.parametrize(
    ("wide", "narrow", "does"),
    [
        ("*", "search-[a-z]?", True),
        ("search-*", "search-p*", True),
        ("search-*", "search-[ab]*", True),
        ("search-?", "search-a", True),
        ("*-*", "proj[0-9]*", False),  # proj5 has no dash: the dash of the brackets is none
        ("*a*", "[abc]", False),
        ("search-?", "search-?*", False),
        ("search", "search*", False),
    ],
)
def test_what_one_glob_covers(wide: str, narrow: str, does: bool) -> None:
    assert covers(wide, narrow) is does


@given(wide=GLOBS, narrow=GLOBS, text=st.text(alphabet="ab-]![", max_size=5))
def test_whatever_the_narrow_one_fits_the_wide_one_fits(wide: str, narrow: str, text: str) -> None:
    if covers(wide, narrow) and fnmatchcase(text, narrow):
        assert fnmatchcase(text, wide)
