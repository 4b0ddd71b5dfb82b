"""The dashboard: `streamlit run dashboards/app.py`, with OUTLAY_HOME saying where the warehouse is.

Only the frame of all pages belongs here: their list, who may see them, and the watch for a new publication. A page is a
file in `views`.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from dashboards import access, links, published, signing_in
from dashboards.published import NotPublishedError, Published
from dashboards.views import (
    accelerators,
    alerts,
    anomalies,
    budgets,
    changes,
    commitments,
    data_health,
    explore,
    forecast,
    models,
    overview,
    self_hosting,
    total_cost,
    vendors,
)
from models.control.access import Person

_STATIC = Path(__file__).with_name("static")
_WATCH_SECONDS = 15


def _pages() -> dict[str, list[st.Page]]:
    """By section; those of the section without a name stand in the bar themselves."""
    return {
        "": [
            st.Page(overview.show, title="Overview", icon=":material/payments:", default=True),
            # the page without a name has one in links that were sent
            st.Page(overview.show, title="Overview", url_path="overview", visibility="hidden"),
        ],
        "Spend": [
            st.Page(total_cost.show, title="Total cost", icon=":material/layers:", url_path="total-cost"),
            st.Page(models.show, title="Models and tokens", icon=":material/token:", url_path="models"),
            # what the page was called in links that were sent
            st.Page(models.show, title="Models and tokens", url_path="unit-costs", visibility="hidden"),
            st.Page(accelerators.show, title="Accelerators", icon=":material/memory:", url_path="accelerators"),
            st.Page(commitments.show, title="Commitments", icon=":material/handshake:", url_path="commitments"),
            st.Page(self_hosting.show, title="Self-hosting", icon=":material/balance:", url_path="self-hosting"),
            st.Page(vendors.show, title="Vendors", icon=":material/hub:", url_path="vendors"),
        ],
        "Ahead": [
            st.Page(forecast.show, title="Forecast", icon=":material/trending_up:", url_path="forecast"),
            st.Page(budgets.show, title="Budgets", icon=":material/savings:", url_path="budgets"),
        ],
        "Watch": [
            st.Page(anomalies.show, title="Anomalies", icon=":material/troubleshoot:", url_path="anomalies"),
            st.Page(alerts.show, title="Alerts", icon=":material/notifications:", url_path="alerts"),
        ],
        "Data": [
            st.Page(data_health.show, title="Data health", icon=":material/verified:", url_path="data-health"),
            st.Page(explore.show, title="Explore", icon=":material/terminal:", url_path="explore"),
            st.Page(changes.show, title="Changes", icon=":material/edit_note:", url_path="changes"),
        ],
    }


def _begun(person: Person) -> Published | None:
    """The version that this run shows; None where there is none yet: each page then says what to do."""
    try:
        return published.begin(teams=person.teams)
    except NotPublishedError:
        return None


@st.fragment(run_every=_WATCH_SECONDS)
def _watch(shown: Published | None, person: Person) -> None:
    """Show a new publication by running the whole page anew: all figures move together. So does who may see it."""
    try:
        version = published.latest().version
    except NotPublishedError:
        version = None
    if version != (shown and shown.version) or access.known() != person:
        st.rerun()


def _draw(page: st.Page, shown: Published | None) -> None:
    """Run the page in one of two places. Where the version is another than a moment ago, it is the other place: the old
    figures are gone before the first new one is drawn, and no moment shows both."""
    places = st.empty(), st.empty()
    state = st.session_state
    if "drawn version" in state and state["drawn version"] != (shown and shown.version):
        state["place"] = 1 - state.get("place", 0)
    state["drawn version"] = shown and shown.version
    with places[state.get("place", 0)].container():
        page.run()


def main() -> None:
    st.set_page_config(page_title="Outlay", page_icon=str(_STATIC / "mark.svg"), layout="wide")
    st.logo(_STATIC / "outlay.svg", size="large")
    person = signing_in.require()
    pages = _pages() | signing_in.pages(person)
    links.know(pages)
    page = st.navigation(pages, position="top")
    shown = _begun(person)
    _watch(shown, person)
    _draw(page, shown)


main()
