"""Intervals: how often they hold on data of a known spread, what they weigh, and that they see nothing later."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from models.foresight.intervals import (
    LEVELS,
    Bands,
    Pool,
    bands,
    count,
    day_quantiles,
    errors_of,
    growth,
    pool_of,
    weighted_quantiles,
    weights,
)
from models.foresight.panel import Panel
from models.foresight.selection import Points

ORIGIN = date(2026, 11, 16)
WEEKS = tuple(range(7, 190, 7))


def flat(series: int, days: int, spread: float, seed: int = 0) -> Panel:
    """Days of 100, each off by normal noise of the spread."""
    noise = np.random.default_rng(seed).normal(0, spread, (series, days))
    return Panel([f"s{at}" for at in range(series)], 100 + noise, ORIGIN)


def always(amount: float, panel: Panel, horizon: int, cuts: tuple[int, ...] = WEEKS) -> Points:
    """What somebody would have forecast who says the same every day."""
    values = np.full((len(panel), horizon), amount)
    return Points(values, np.full((len(cuts), *values.shape), amount), cuts, ["always"] * len(panel), None)  # type: ignore[arg-type]


def banded(panel: Panel, points: Points) -> Bands:
    errors = errors_of(panel, points)
    return bands(points.values, errors.unit_ahead, day_quantiles(pool_of(errors), errors))


def test_bounds_are_the_quantiles_of_what_forecasts_were_off() -> None:
    # normal noise of 10: 50 % lies within ± 6.74, 80 % within ± 12.8, 95 % within ± 19.6
    panel = flat(200, 300, 10.0)
    band = banded(panel, always(100.0, panel, 7))
    half_widths = (band.high - band.low).mean(axis=(1, 2)) / 2
    assert half_widths == pytest.approx([6.74, 12.8, 19.6], rel=0.08)


def test_bounds_are_signed_where_forecasts_lean_to_one_side() -> None:
    panel = flat(200, 300, 10.0)
    band = banded(panel, always(95.0, panel, 7))  # what came was 5 more on average
    above, below = band.high[1] - 95, 95 - band.low[1]
    assert above.mean() > 2 * below.mean()
    assert (band.low <= 95).all()
    assert (band.high >= 95).all()


def test_a_series_as_unsure_as_ten_others_is_ten_times_as_wide() -> None:
    quiet, loud = flat(100, 300, 1.0).values, flat(100, 300, 10.0, seed=1).values
    panel = Panel([str(at) for at in range(200)], np.vstack([quiet, loud]), ORIGIN)
    band = banded(panel, always(100.0, panel, 7))
    width = (band.high - band.low)[1].mean(axis=1)
    assert width[100:].mean() / width[:100].mean() == pytest.approx(10, rel=0.1)


def test_a_year_end_is_as_wide_as_forecasts_of_the_last_one_were_wrong() -> None:
    panel = flat(50, 400, 5.0)
    origin = date(2026, 12, 10)
    a_year_ago = panel.days - 1 - 364 + 15  # 25 December for an origin on the 10th
    panel.values[:, a_year_ago - 1 : a_year_ago + 3] -= 60  # nobody worked
    cuts = tuple(range(7, 372, 7))
    dated = Panel(panel.names, panel.values, origin)
    band = banded(dated, always(100.0, dated, 21, cuts))
    undated = Panel(panel.names, panel.values, None)
    plain = banded(undated, always(100.0, undated, 21, cuts))
    below = 100 - band.low.mean(axis=1)  # by level and day ahead; the fourth day ahead is an ordinary one
    assert below[1, 15] > 1.5 * below[1, 4]
    assert below[2, 15] > 4 * below[2, 4]
    assert below[2, 15] > 4 * (100 - plain.low.mean(axis=1))[2, 15]


def test_what_is_ahead_is_weighed_by_nearness_in_step_age_and_season() -> None:
    weight = weights(tuple(range(7, 372, 7)), 14, seasonal=True).reshape(14, 53, 14)
    assert weight.reshape(14, -1).sum(axis=1) == pytest.approx(np.ones(14))
    first = weight[0]
    assert first[1, 0] > first[1, 4] > 0  # one day ahead was nearer to one day than to five
    assert first[1, 0] > first[10, 0]  # three weeks ago more than eleven
    assert first[51, 0] > 10 * first[40, 0]  # a year ago more than nine months
    assert weight[13, 0, 7:].max() == 0  # of what has not come yet nothing is known


def test_without_dates_there_is_no_season() -> None:
    weight = weights(tuple(range(7, 372, 7)), 14, seasonal=False).reshape(14, 53, 14)
    assert weight[0, 51, 0] < weight[0, 40, 0]


def test_a_pool_of_nothing_is_the_prior() -> None:
    # Laplace of mean error 1: half of it within ± ln 2, 80 % within ± ln 5, 95 % within ± ln 20
    low, high = weighted_quantiles(Pool(np.zeros((4, 128), np.float32), np.arange(4)), np.ones((1, 4)) / 4)
    assert high[:, 0] == pytest.approx(np.log([2, 5, 20]), rel=0.05)
    assert low[:, 0] == pytest.approx(-np.log([2, 5, 20]), rel=0.05)


def test_a_lone_series_with_few_origins_is_wider_than_its_errors_say() -> None:
    # five errors of ± 1 have no 95 % quantile beyond 1; the prior knows that errors have tails
    off = np.array([1.0, -1.0, 1.0, -1.0, 1.0])
    pool = count(off, np.arange(5), np.arange(5))
    low, high = weighted_quantiles(pool, np.full((1, 5), 0.2))
    assert high[LEVELS.index(95), 0] > 1.5
    assert low[LEVELS.index(95), 0] < -1.5


def test_units_grow_with_what_an_event_does_to_a_point() -> None:
    assert growth(np.array([100.0, 100, 100, 0]), np.array([130.0, 70, 0, 50])).tolist() == [1.3, 0.7, 0.1, 10.0]


def test_too_short_for_any_back_test_there_is_still_a_band() -> None:
    panel = flat(1, 9, 10.0)
    points = Points(np.full((1, 5), 100.0), np.empty((0, 1, 5)), (), ["x"], None)  # type: ignore[arg-type]
    band = banded(panel, points)
    assert (band.high - band.low > 0).all()
    assert np.isfinite(band.high).all()


def test_who_was_far_off_last_week_is_unsure_and_the_others_are_not() -> None:
    """Noise of 10 everywhere, and one series that is at 400 since three days."""
    panel = flat(60, 300, 10.0)
    panel.values[0, -3:] = 400
    band = banded(panel, always(100.0, panel, 7))
    width = (band.high - band.low)[1].mean(axis=1)
    assert width[0] > 4 * width[1:].mean()
    assert width[1:].mean() == pytest.approx(25.6, rel=0.1)  # ± 1.28 × 10


def test_units_of_earlier_origins_know_nothing_later() -> None:
    panel = flat(5, 300, 10.0)
    jumped = flat(5, 300, 10.0)
    jumped.values[:, -21:] += 300
    calm, wild = (errors_of(each, always(100.0, each, 7)) for each in (panel, jumped))
    share = wild.unit[:, 0, 0] / calm.unit[:, 0, 0]
    assert share[:2].min() > 2 * share[2:].max()  # origins a week and two weeks ago saw it, older ones did not
