"""The door of the dashboard: signing in, signed in but not known here, and who is signed in with the way out."""

from __future__ import annotations

import streamlit as st

from dashboards import access, states
from dashboards.access import NotLetInError
from dashboards.formats import plain
from models.control.access import Person

_ROLES = {
    "viewer": "sees {what}",
    "editor": "sees {what}, acts on alerts and uploads budgets",
    "admin": "sees everything, and may change budgets and owners",
}


def require() -> Person:
    """Whose run this is. Where that is nobody, the page says what to do, and the run ends here."""
    try:
        person = access.known()
    except NotLetInError as error:
        _page("This dashboard is not open here")
        st.error(f"{plain(error.what)}\n\n**What to do:** {states.remedy(error)}", icon=":material/lock:")
        st.stop()
    if person is None:
        stranger = access.signed_in_as()
        if stranger is None:
            _ask()
        else:
            _turn_away(stranger)
        st.stop()
    return person


def show_person(person: Person) -> None:
    """Who is signed in, as what, and the way out; nothing where nobody signs in."""
    if not access.asks():
        return
    with st.popover(plain(person.name), icon=":material/account_circle:", type="tertiary"):
        st.markdown(f"**{plain(person.name)}**  \n{plain(person.email or '')}")
        st.caption(_what(person))
        _way_out("Sign out")


def _ask() -> None:
    _page("What does AI cost us?")
    with st.container(border=True, width=460):
        st.markdown("Sign in with your organisation's account to see it.")
        if st.button("Sign in", type="primary", icon=":material/login:", width="stretch"):
            st.login()
        st.caption("You come back to the first page; a link that you were sent works once you are in.")


def _turn_away(stranger: str) -> None:
    _page("You are signed in, but not let in")
    with st.container(border=True, width=460):
        st.markdown(
            f"You are signed in as **{plain(stranger)}**. Nobody of that address may see costs here, or the sign-in "
            "has run out."
        )
        if st.button("Sign in again", type="primary", icon=":material/login:", width="stretch"):
            st.login()
        _way_out("Sign out")
        st.caption("Whoever runs Outlay lets people in under `dashboard.people` of outlay.yaml.")


def _page(title: str) -> None:
    st.title(title, anchor=False)


def _way_out(label: str) -> None:
    if st.button(label, icon=":material/logout:", width="stretch"):
        st.logout()


def _what(person: Person) -> str:
    what = "everything" if person.teams is None else f"what is of {' and '.join(map(plain, person.teams))}"
    if person.teams is not None and person.role == "editor":
        return f"An editor: sees {what}, and acts on its alerts."
    return f"{'An' if person.role[0] in 'ae' else 'A'} {person.role}: {_ROLES[person.role].format(what=what)}."
