"""The door of the dashboard: signing in, signed in but not known here, and who is signed in with the way out."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import streamlit as st

from dashboards import access, states
from dashboards.access import NotLetInError
from dashboards.formats import plain
from models.control.access import Person

_ROLES = {
    "viewer": "a viewer you see everything, and change nothing.",
    "editor": "an editor you see everything, act on alerts, and may upload budgets.",
    "admin": "an admin you see everything, act on alerts, may upload budgets and owners, and see who did what.",
}


def require() -> Person:
    """Whose run this is. Where that is nobody, the page says what to do, and the run ends here."""
    try:
        person = access.known()
    except NotLetInError as error:
        with _in_the_middle("This dashboard is not open here"):
            st.markdown(f":material/lock: {plain(error.what)}\n\n**What to do:** {states.remedy(error)}")
        st.stop()
    if person is None:
        stranger = access.signed_in_as()
        if stranger is None:
            _ask()
        else:
            _turn_away(stranger)
        st.stop()
    return person


def pages(person: Person) -> dict[str, list[st.Page]]:
    """In the navigation, under their name: who is signed in, as what, the way out; nothing where nobody signs in."""
    if not access.asks():
        return {}

    def account() -> None:
        with _in_the_middle(person.name):
            st.text(person.email or "")
            st.markdown(_what(person))
            _way_out()

    # the name is the provider's: plain, and with an icon that no section has, so that it takes no section's place
    heading = f":material/account_circle: {plain(person.name)}"
    return {heading: [st.Page(account, title="Account", icon=":material/account_circle:", url_path="account")]}


def _ask() -> None:
    with _in_the_middle("What does AI cost us?"):
        st.markdown("Sign in with your organisation's account to see it.")
        _way_in("Sign in")
        st.caption("You come back to the overview. A link that you were sent works once you are in.")


def _turn_away(stranger: str) -> None:
    with _in_the_middle("You are signed in, but not let in"):
        st.markdown("Nobody of this address may see costs here, or the sign-in has run out:")
        # not Markdown, which makes a link of an address
        st.text(stranger)
        _way_in("Sign in again")
        _way_out()
        st.caption("Whoever runs Outlay lets people in, under `dashboard.people` of outlay.yaml.")


@contextmanager
def _in_the_middle(title: str) -> Generator[None]:
    with st.container(horizontal_alignment="center"), st.container(width=460):
        st.title(plain(title), anchor=False)
        with st.container(border=True):
            yield


def _way_in(label: str) -> None:
    if st.button(label, type="primary", icon=":material/login:", width="stretch"):
        st.login()


def _way_out() -> None:
    if st.button("Sign out", icon=":material/logout:", width="stretch"):
        st.logout()


def _what(person: Person) -> str:
    if person.teams is None:
        return f"As {_ROLES[person.role]}"
    whose = f"You see what is of {' and '.join(map(plain, person.teams))} alone"
    return f"{whose}, and act on its alerts." if person.may("act on alerts") else f"{whose}."
