"""Which line pays for which reading: the one that says most about it."""

from datetime import UTC, datetime, timedelta

import pytest

from models.ledger.matching import match

DAY = datetime(2026, 9, 10, tzinfo=UTC)


@pytest.fixture
def payer(line, reading, rated_frame, bill_frame):
    """The `line_id` that pays for one reading among lines, None for none."""

    def find(the_reading, *lines, price_models=None):
        frame = bill_frame(*lines).with_row_index("line")
        if price_models:
            frame = frame.with_columns(price_model=frame["model"].replace_strict(price_models, default=None))
        pairs = match(frame, rated_frame(the_reading).with_row_index("reading"))
        return frame["line_id"][pairs["line"][0]] if pairs.height else None

    return find


def test_the_line_that_names_the_key_pays_before_the_one_that_does_not(payer, line, reading):
    lines = (line("9", line_id="anyone"), line("1", line_id="key", api_key_id="key_1"))
    assert payer(reading(), *lines) == "key"
    assert payer(reading(api_key_id="key_2"), *lines) == "anyone"
    assert payer(reading(api_key_id=None), *lines) == "anyone"


def test_a_dated_model_is_paid_by_its_own_line_else_by_that_of_its_price(payer, line, reading):
    dated = reading(model="gpt-4o-2024-08-06", price_model="gpt-4o")
    general, own = line("9", line_id="general"), line("1", line_id="own", model="gpt-4o-2024-08-06")
    assert payer(dated, general, own) == "own"
    assert payer(dated, general) == "general"
    assert payer(reading(model="gpt-4o-mini", price_model="gpt-4o-mini"), general) is None


def test_a_dated_line_pays_for_the_alias_but_never_for_a_sister_of_another_date(payer, line, reading):
    dated = line("1", line_id="dated", model="gpt-4o-2024-08-06")
    price_models = {"gpt-4o-2024-08-06": "gpt-4o"}
    assert payer(reading(model="gpt-4o"), dated, price_models=price_models) == "dated"
    sister = reading(model="gpt-4o-2024-11-20", price_model="gpt-4o")
    assert payer(sister, dated, price_models=price_models) is None


def test_an_hour_is_paid_by_the_day_that_holds_it_and_by_no_day_that_it_crosses(payer, line, reading):
    hour = {"window_start": DAY + timedelta(hours=5), "window_end": DAY + timedelta(hours=6)}
    assert payer(reading(**hour), line("1", line_id="day")) == "day"
    crossing = {"window_start": DAY + timedelta(hours=23), "window_end": DAY + timedelta(hours=25)}
    assert payer(reading(**crossing), line("1", line_id="day"), line("1", line_id="next", day=1)) is None


def test_the_shorter_of_two_windows_pays(payer, line, reading):
    week = line("1", line_id="week", window_end=DAY + timedelta(days=7))
    assert payer(reading(), week, line("1", line_id="day")) == "day"
    assert payer(reading(day=1), week, line("1", line_id="day")) == "week"


@pytest.mark.parametrize(
    ("said", "other"),
    [
        ({"processing_tier": "batch"}, {"processing_tier": "standard"}),
        ({"inference_geo": "us"}, {"inference_geo": "global"}),
        ({"context_window": "200k-1M"}, {"context_window": "0-200k"}),
        ({"meter": "output"}, {"meter": "input"}),
        ({"project_id": "proj_b"}, {"project_id": "proj_a"}),
    ],
)
def test_a_line_pays_only_for_what_equals_all_that_it_says(payer, line, reading, said, other):
    assert payer(reading(**said), line("1", line_id="it", **said)) == "it"
    assert payer(reading(**other), line("1", line_id="it", **said)) is None
