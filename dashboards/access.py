"""Whose run of a page this is: nobody is asked on this machine alone; from elsewhere, people sign in.

`outlay serve` hands over who is let in beside the secrets of sign-in (`served`); drawing belongs to `signing_in`.
"""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from connectors.option_types import is_loopback
from models.control.access import Access, Person
from models.errors import OutlayError
from pipelines.settings.dashboard import DashboardSettings

SECRET = "outlay"
"""Under which name of `st.secrets` the settings of `dashboard` are handed over."""


class NotLetInError(OutlayError):
    """Nobody may see a page here, or not this person."""


def person() -> Person:
    """Whose run this is. Raises `NotLetInError`: nobody has signed in, or somebody who is not known here."""
    found = known()
    if found is None:
        raise NotLetInError("you are not signed in", remedy="open the dashboard anew, and sign in")
    return found


def known() -> Person | None:
    """Whose run this is; None is nobody who is known. Raises `NotLetInError` where nobody could be asked, but must."""
    access = _access()
    if access is None:
        _refuse_others()
        return Person(_user_of_this_machine(), None, "admin")
    # headers that somebody else sets are no sign-in, and would go before it
    if st.get_option("server.trustedUserHeaders"):
        raise NotLetInError(
            "server.trustedUserHeaders is set", remedy="leave it out: who people are is told by sign-in"
        )
    if not st.user.get("is_logged_in"):
        return None
    return access.person_of(st.user.to_dict(), datetime.now(UTC))


def signed_in_as() -> str | None:
    """The e-mail address, or name, of who has signed in, known here or not; None is nobody."""
    if not st.user.get("is_logged_in"):
        return None
    return str(st.user.get("email") or st.user.get("name") or "somebody without an e-mail address")


def asks() -> bool:
    """Whether people sign in here."""
    return _access() is not None


def _access() -> Access | None:
    """Who is let in; None where nobody is asked: `streamlit run` by hand, and `outlay serve` without `sign_in`."""
    try:
        told: dict[str, Any] = st.secrets[SECRET].to_dict()
    except (KeyError, FileNotFoundError):
        return None
    return DashboardSettings.model_validate(told).access()


def _refuse_others() -> None:
    """Without sign-in only this machine's own browser is answered, and no proxy in front of it."""
    address = st.get_option("server.address")
    headers = st.context.headers
    is_passed_on = any(headers.get(name) for name in ("X-Forwarded-For", "X-Forwarded-Host", "Forwarded"))
    host = headers.get("Host")
    if not address or not is_loopback(_as_url(address)) or is_passed_on or (host and not is_loopback(f"//{host}")):
        raise NotLetInError(
            "everybody who reaches this address could read what AI costs: nobody is asked to sign in",
            remedy="add `dashboard.sign_in` and `dashboard.people` to outlay.yaml and run `outlay serve`; "
            "or serve it on 127.0.0.1 alone",
        )


def _as_url(address: str) -> str:
    return f"//[{address}]" if ":" in address else f"//{address}"


def _user_of_this_machine() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "somebody on this machine"
