"""A page as a test sees it: opened at an address, its words, its cards and its tables."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df
from streamlit.testing.v1 import AppTest


def opened(view: str, **query: str) -> AppTest:
    """The page in `dashboards/views/<view>.py`, with `?name=value` of `query`; it must not fail."""
    app = AppTest.from_string(f"from dashboards.views import {view}\n\n{view}.show()\n", default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def words(app: AppTest) -> str:
    return "\n".join(
        str(element.value)
        for kind in ("title", "markdown", "caption", "subheader", "warning", "error", "info")
        for element in getattr(app, kind)
    )


def shown(app: AppTest, label: str) -> Any:
    """The card of that label."""
    return next(metric for metric in app.metric if metric.label == label)


def table(app: AppTest, *columns: str) -> list[dict[str, Any]]:
    """The first table that has these columns."""
    frames = (frame.value for frame in app.dataframe)
    return next(frame for frame in frames if set(columns) <= set(frame.columns)).to_dict("records")


def drawn(app: AppTest) -> list[dict[str, Any]]:
    """What the first chart draws."""
    proto = app.get("vega_lite_chart")[0].proto
    return convert_arrow_bytes_to_pandas_df(proto.data.data).to_dict("records")


def money(amount: Decimal, currency: str = "USD") -> str:
    return f"{amount.quantize(Decimal('0.01'), ROUND_HALF_EVEN):,} {currency}"
