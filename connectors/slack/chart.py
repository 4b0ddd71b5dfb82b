"""A small chart of a condition's trend, to stand in a message: bars for what came, a line for what was expected.

On a light ground of its own, so that it is read in Slack's light and dark alike. Needs vl-convert, of the extra
`slack`; without it a message has its sparkline alone.
"""

from __future__ import annotations

import logging
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

from connectors.slack.mrkdwn import one_line
from connectors.slack.sparkline import amount_text
from models.control.conditions import Point
from models.wording import day_text

if TYPE_CHECKING:
    import altair as alt

WIDTH, HEIGHT = 480, 160
DAYS = 60
_DRAW = """
import sys, vl_convert
sys.stdout.buffer.write(vl_convert.vegalite_to_png(sys.stdin.read(), scale=2))
"""
"""Twice as sharp as it is shown."""
_PATIENCE_SECONDS = 20
_LABELS = 6
_GROUND, _INK, _FAINT = "#ffffff", "#3d434d", "#e3e6ea"
_CAME, _OVER, _EXPECTED = "#2f7fc1", "#d2542b", "#3d434d"
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trend:
    """What is drawn: days in money of a currency, else in a unit. From `since` on, what is over is coloured so."""

    points: tuple[Point, ...]
    currency: str | None = None
    unit: str | None = None
    since: date | None = None

    @property
    def known(self) -> list[Point]:
        """The last `DAYS` of which something is known."""
        return [point for point in self.points[-DAYS:] if point.actual is not None]

    @property
    def amounts(self) -> str:
        return one_line(self.currency or self.unit or "amount", 40)


def chart(trend: Trend) -> bytes | None:
    """PNG; None where the days are too few or it cannot be drawn: a message is not worth losing over its picture."""
    if len(trend.known) < 3 or find_spec("vl_convert") is None:
        return None
    try:
        return _drawn(_specified(trend))
    except (OSError, subprocess.SubprocessError) as error:
        _LOG.warning("the chart of a message could not be drawn (%s)", type(error).__name__)
        return None


def chart_words(trend: Trend) -> str:
    """What the chart shows, for who does not see it."""
    known = trend.known
    if not known:
        return "No trend is known"
    highest = max(point.actual for point in known if point.actual is not None)
    days = f"{day_text(known[0].day)} to {day_text(known[-1].day)}"
    return one_line(f"{trend.amounts} by day, {days}, at most {amount_text(highest, trend.currency, trend.unit)}", 500)


@lru_cache(maxsize=16)
def _drawn(specification: str) -> bytes:
    # in a process of its own: V8, which draws, can take its process down (denoland/rusty_v8#1381, vega/vl-convert#206)
    done = subprocess.run(
        [sys.executable, "-P", "-c", _DRAW],
        input=specification.encode(),
        capture_output=True,
        timeout=_PATIENCE_SECONDS,
        check=True,
    )
    return done.stdout


def _specified(trend: Trend) -> str:
    """Vega-Lite, as JSON."""
    import altair as alt

    rows = [_row(point, trend.since) for point in trend.known]
    is_expected = any(row["expected"] is not None for row in rows)
    base = alt.Chart(alt.Data(values=rows)).encode(x=_days(trend))
    bars = base.mark_bar(size=max(2, min(22, int(WIDTH * 0.78 / len(rows)))), cornerRadiusEnd=1)
    line = base.mark_line(color=_EXPECTED, strokeDash=[5, 3], strokeWidth=1.5, interpolate="step")
    layers = [bars.encode(y=_amounts(), color=alt.Color("colour:N").scale(None).legend(None))]
    drawn = alt.layer(*layers, *([line.encode(y="expected:Q")] if is_expected else [])).properties(
        width=WIDTH,
        height=HEIGHT,
        title=f"{trend.amounts} by day{'; dashed: expected' if is_expected else ''}",
        background=_GROUND,
        padding=12,
        autosize=alt.AutoSizeParams(type="fit", contains="padding"),
    )
    return (
        drawn.configure_view(stroke=None)
        .configure_axis(labelColor=_INK, labelFontSize=11)
        .configure_title(color=_INK, fontSize=12, fontWeight="normal", anchor="start", offset=8)
        .to_json(indent=None)
    )


def _days(trend: Trend) -> alt.X:
    import altair as alt

    axis = alt.Axis(format="%-d %b", values=_labelled(trend), grid=False, domainColor=_FAINT, ticks=False)
    return alt.X("day:T", title=None, axis=axis, scale=alt.Scale(padding=14))


def _amounts() -> alt.Y:
    import altair as alt

    axis = alt.Axis(
        labelExpr="datum.value ? format(datum.value, '~s') : '0'",
        tickCount=3,
        gridColor=_FAINT,
        domain=False,
        ticks=False,
        labelPadding=6,
    )
    return alt.Y("actual:Q", title=None, axis=axis)


def _labelled(trend: Trend) -> list[dict[str, int]]:
    """The first day, and others at even distances from it."""
    days = [point.day for point in trend.known]
    return [{"year": day.year, "month": day.month, "date": day.day} for day in days[:: -(-len(days) // _LABELS)]]


def _row(point: Point, since: date | None) -> dict[str, object]:
    is_over = point.expected is not None and point.actual is not None and point.actual > point.expected
    return {
        "day": point.day.isoformat(),
        "actual": float(point.actual or 0),
        "expected": None if point.expected is None else float(point.expected),
        "colour": _OVER if is_over and (since is None or point.day >= since) else _CAME,
    }
