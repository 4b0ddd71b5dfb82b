"""Dated names: a renamed key keeps the name it had, in whatever order it was observed."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from connectors.control.names import Span, with_observation

START = datetime(2026, 1, 1, tzinfo=UTC)


def day(n: int) -> datetime:
    return START + timedelta(days=n)


def observed(*sights: tuple[int, str]) -> list[Span]:
    spans: list[Span] = []
    for n, name in sights:
        spans = with_observation(spans, name, day(n))
    return spans


def test_seen_again_stretches_and_renamed_begins_anew():
    assert observed((1, "old"), (3, "old"), (5, "new"), (9, "new")) == [
        Span(day(1), day(3), "old"),
        Span(day(5), day(9), "new"),
    ]


def test_an_older_sight_in_the_midst_of_a_span_splits_it():
    assert observed((1, "a"), (9, "a"), (5, "b")) == [
        Span(day(1), day(1), "a"),
        Span(day(5), day(5), "b"),
        Span(day(9), day(9), "a"),
    ]


def test_a_name_that_comes_back_has_two_spans():
    assert [span.name for span in observed((1, "a"), (2, "b"), (3, "a"))] == ["a", "b", "a"]


HISTORIES = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(
    lambda runs: list(enumerate(name for name, count in zip("abcd", runs, strict=False) for _ in range(count)))
)


@given(HISTORIES.flatmap(st.permutations))
def test_in_any_order_each_sight_is_told_right(sights):
    spans = observed(*sights)
    assert spans == sorted(spans)
    assert all(earlier.last_seen < later.first_seen for earlier, later in pairwise(spans))
    for n, name in sights:
        assert [span.name for span in spans if span.first_seen <= day(n)][-1] == name


@given(st.lists(st.tuples(st.integers(0, 20), st.sampled_from("ab")), max_size=12))
def test_telling_the_same_again_changes_nothing(sights):
    spans = observed(*sights)
    for n, name in sights[-1:]:
        assert with_observation(spans, name, day(n)) == spans
