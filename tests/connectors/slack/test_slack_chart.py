"""The chart and the sparkline of a trend."""

from __future__ import annotations

import struct
import sys
from datetime import date, timedelta
from decimal import Decimal

import pytest

from connectors.slack import chart as drawing
from connectors.slack.chart import Trend, chart, chart_words
from connectors.slack.messages import render
from connectors.slack.sparkline import sparkline, trend_words
from models.control.conditions import Point
from tests.connectors.slack.sample_alerts import BOT, TREND, alert, by_id, condition, notice


def test_a_bar_for_each_day_from_nothing_to_the_highest() -> None:
    amounts = [Decimal(0), Decimal(1), Decimal(4), Decimal(8), None, Decimal(-3)]
    assert sparkline(amounts) == "▁▂▅█·▁"
    assert sparkline([Decimal(0), Decimal(0)]) == "▁▁"


def test_beside_it_stand_the_first_and_last_day_and_the_highest() -> None:
    assert trend_words(TREND, "USD", None) == (
        "▃▃▃█▇▂",
        "18 Nov to 23 Nov, highest 3,000.00 USD on 21 Nov, expected 1,000.00 USD on the last day",
    )
    counts = (Point(date(2026, 1, 1), Decimal(5)), Point(date(2026, 1, 2), Decimal(2400)))
    assert trend_words(counts, None, "requests") == ("▁█", "1 Jan to 2 Jan, highest 2.40 k requests on 2 Jan")
    assert trend_words(counts[:1], None, "requests") is None


def test_a_long_trend_shows_its_last_six_weeks() -> None:
    days = tuple(Point(date(2026, 1, 1) + timedelta(days=place), Decimal(1)) for place in range(100))
    line, beside = trend_words(days, "USD", None) or ("", "")
    assert len(line) == 42
    assert beside.startswith("28 Feb to 10 Apr")


def test_the_chart_is_a_small_png_for_sharp_screens() -> None:
    png = chart(Trend(TREND, "USD", None, date(2026, 11, 21)))
    assert png is not None
    assert png.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", png[16:24])
    assert (width, height) == (960, 320)
    assert chart_words(Trend(TREND, "USD")) == (
        "USD by day, 18 November 2026 to 23 November 2026, at most 3,000.00 USD"
    )


def test_hostile_units_and_amounts_beyond_all_bounds_are_drawn_or_left_out() -> None:
    huge = tuple(
        Point(date(2026, 1, 1) + timedelta(days=place), Decimal("9" * 26 + "." + "9" * 12), None) for place in range(4)
    )
    assert chart(Trend(huge, None, "<script>' + datum.x + \u202e")) is not None
    assert chart(Trend(huge[:2], "USD")) is None
    assert chart_words(Trend(())) == "No trend is known"


def test_a_message_stands_where_charts_cannot_be_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    about = [alert()]
    message = render(notice("first", about, "opened"), by_id(about), BOT)
    assert message.image is None
    assert "▃▃▃█▇▂" in str(message.blocks)


def test_a_bots_message_shows_its_chart_between_evidence_and_what_to_do() -> None:
    about = [alert(condition(trend=TREND))]
    message = render(notice("first", about, "opened"), by_id(about), BOT)
    assert message.image is not None
    shown = message.with_image("F0123ABCD")
    assert [block["type"] for block in shown] == [
        "header", "rich_text", "rich_text", "rich_text", "image", "rich_text", "section", "actions", "context",
    ]  # fmt: skip
    assert shown[4] == {
        "type": "image",
        "slack_file": {"id": "F0123ABCD"},
        "alt_text": "USD by day, 18 November 2026 to 23 November 2026, at most 3,000.00 USD",
    }


def test_what_draws_may_die_or_hang_and_takes_no_message_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "_DRAW", "import os; os.kill(os.getpid(), 11)")
    assert chart(Trend(TREND, "XTS")) is None
    monkeypatch.setattr(drawing, "_DRAW", "import time; time.sleep(60)")
    monkeypatch.setattr(drawing, "_PATIENCE_SECONDS", 0.1)
    assert chart(Trend(TREND, "XTS")) is None
