"""The dashboard: `streamlit run dashboards/app.py`, with OUTLAY_HOME saying where the warehouse is.

Only the frame of all pages belongs here: their list, and the watch for a new publication. A page is a file in `views`.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from dashboards.published import NotPublishedError, current
from dashboards.views import (
    alerts,
    anomalies,
    commitments,
    data_health,
    forecast,
    overview,
    self_hosting,
    total_cost,
    unit_costs,
    vendors,
)

_STATIC = Path(__file__).with_name("static")
_WATCH_SECONDS = 15


def _version() -> str | None:
    try:
        return current().version
    except NotPublishedError:
        return None


@st.fragment(run_every=_WATCH_SECONDS)
def _watch(shown: str | None) -> None:
    """Show a new publication by running the whole page anew: all figures move together."""
    if _version() != shown:
        st.rerun()


def main() -> None:
    st.set_page_config(page_title="Outlay", page_icon=str(_STATIC / "mark.svg"), layout="wide")
    st.logo(_STATIC / "outlay.svg", size="large")
    page = st.navigation(
        [
            st.Page(overview.show, title="Overview", icon=":material/payments:", url_path="overview", default=True),
            st.Page(total_cost.show, title="Total cost", icon=":material/layers:", url_path="total-cost"),
            st.Page(forecast.show, title="Forecast", icon=":material/trending_up:", url_path="forecast"),
            st.Page(anomalies.show, title="Anomalies", icon=":material/troubleshoot:", url_path="anomalies"),
            st.Page(alerts.show, title="Alerts", icon=":material/notifications:", url_path="alerts"),
            st.Page(unit_costs.show, title="Unit costs", icon=":material/straighten:", url_path="unit-costs"),
            st.Page(commitments.show, title="Commitments", icon=":material/handshake:", url_path="commitments"),
            st.Page(vendors.show, title="Vendors", icon=":material/hub:", url_path="vendors"),
            st.Page(self_hosting.show, title="Self-hosting", icon=":material/balance:", url_path="self-hosting"),
            st.Page(data_health.show, title="Data health", icon=":material/verified:", url_path="data-health"),
        ],
        position="top",
    )
    _watch(_version())
    page.run()


main()
