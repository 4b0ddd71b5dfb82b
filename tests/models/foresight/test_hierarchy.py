"""Totals over a hierarchy: to the cent on every day, whatever the forecasts were."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import OutlayError
from models.foresight.hierarchy import Partition, reconcile

INF = np.inf


def one_day(*amounts: float) -> np.ndarray:
    return np.array(amounts)[:, None]


def test_parent_and_children_meet_where_their_variances_say() -> None:
    # total 100 ± 1; parts 60 ± 1 and 50 ± 1 sum to 110. Errors of the parts go together by 0.25, so the sum's variance
    # is 0.75 × 2 + 0.25 × (1 + 1)² = 2.5. Combined: (100/1 + 110/2.5) ÷ (1/1 + 1/2.5) = 144 ÷ 1.4 = 102.857…
    # The parts are 7.142… too much and equally unsure: 3.571… less each.
    cents = reconcile(
        ["total", "a", "b"],
        one_day(100, 60, 50),
        one_day(1, 1, 1),
        np.zeros(3),
        [Partition("total", "team", ("a", "b"))],
    )
    assert cents.ravel().tolist() == [10286, 5643, 4643]


def test_the_less_sure_child_takes_more_of_the_difference() -> None:
    # the total is as good as certain: 100; parts 60 ± 3 and 50 ± 1 are 10 too much: 9/10 and 1/10 of it
    cents = reconcile(
        ["total", "a", "b"],
        one_day(100, 60, 50),
        one_day(1e-6, 3, 1),
        np.zeros(3),
        [Partition("total", "team", ("a", "b"))],
    )
    assert cents.ravel().tolist() == [10000, 5100, 4900]


def test_no_child_goes_below_zero_unless_it_can() -> None:
    names, values, unsure = ["total", "small", "large"], one_day(100, 2, 120), one_day(1e-6, 10, 1)
    parts = [Partition("total", "vendor", ("small", "large"))]
    never = reconcile(names, values, unsure, np.zeros(3), parts)
    assert never.ravel().tolist() == [10000, 0, 10000]
    # 22 too much by 100:1 of variance: a series that had credits before takes 21.78 of it
    may = reconcile(names, values, unsure, np.array([0, -INF, 0]), parts)
    assert may.ravel().tolist() == [10000, -1978, 11978]


def test_every_dimension_of_a_total_adds_up_and_vendors_are_their_skus() -> None:
    names = ["total", "v1", "v2", "t1", "t2", "t3", "s1", "s2"]
    values = one_day(100, 70, 40, 30, 30, 30, 20, 60)
    cents = reconcile(
        names,
        values,
        np.sqrt(values),
        np.zeros(8),
        [
            Partition("total", "vendor", ("v1", "v2")),
            Partition("total", "team", ("t1", "t2", "t3")),
            Partition("v1", "sku", ("s1", "s2")),
        ],
    ).ravel()
    of = dict(zip(names, cents.tolist(), strict=True))
    assert of["total"] == of["v1"] + of["v2"] == of["t1"] + of["t2"] + of["t3"]
    assert of["v1"] == of["s1"] + of["s2"]


def test_a_series_of_which_nothing_is_known_stays_out() -> None:
    cents = reconcile(
        ["total", "a", "b"],
        one_day(10, 10, np.nan),
        one_day(1, 1, np.nan),
        np.zeros(3),
        [Partition("total", "team", ("a", "b"))],
    )
    assert cents.ravel().tolist() == [1000, 1000, 0]


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([Partition("a", "x", ("b",)), Partition("c", "x", ("b",))], "b is a part of a and of c"),
        ([Partition("a", "x", ("b",)), Partition("b", "x", ("a",))], "is a part of itself"),
        ([Partition("a", "x", ("z",))], "names z, which is not forecast"),
    ],
)
def test_what_is_no_tree_is_refused(parts: list[Partition], message: str) -> None:
    with pytest.raises(OutlayError, match=message):
        reconcile(["a", "b", "c"], one_day(1, 1, 1), one_day(1, 1, 1), np.zeros(3), parts)


amount = st.floats(0, 1e7, allow_nan=False).map(lambda value: round(value, 4))


@given(data=st.data())
def test_any_tree_adds_up_to_the_cent_on_every_day_and_keeps_its_floors(data: st.DataObject) -> None:
    vendors, teams, days = (data.draw(st.integers(1, most)) for most in (6, 6, 4))
    skus = data.draw(st.integers(1, 5))
    names = ["total", *(f"v{at}" for at in range(vendors)), *(f"t{at}" for at in range(teams))]
    names += [f"s{at}" for at in range(skus)]
    draw = lambda: np.array([[data.draw(amount) for _ in range(days)] for _ in names])  # noqa: E731
    values, deviations = draw(), draw()
    floors = np.array([data.draw(st.sampled_from([0.0, -INF])) for _ in names])
    floors[0] = 0.0 if (floors == 0).all() else -INF
    parts = [
        Partition("total", "vendor", tuple(names[1 : 1 + vendors])),
        Partition("total", "team", tuple(names[1 + vendors : 1 + vendors + teams])),
        Partition("v0", "sku", tuple(names[1 + vendors + teams :])),
    ]
    floors[1] = min(floors[1], *floors[1 + vendors + teams :])
    cents = reconcile(names, values, deviations, floors, parts)
    place = {name: at for at, name in enumerate(names)}
    for part in parts:
        children = cents[[place[child] for child in part.children]]
        assert (children.sum(axis=0) == cents[place[part.parent]]).all()
    if (floors == 0).all():
        assert (cents >= 0).all()
