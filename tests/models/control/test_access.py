"""Who is who, and what they may: rules over the claims of a sign-in."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.control.access import DEEDS, Access, AccessRule, Person

NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)
RULES = (
    AccessRule("admin", who="Ada@Example.com"),
    AccessRule("viewer", who="ada@example.com", teams=("search",)),
    AccessRule("editor", group="finance"),
    AccessRule("viewer", who="*@voice.example.com", teams=("voice",)),
)


def person(rules: tuple[AccessRule, ...] = RULES, **claims: Any) -> Person | None:
    told = {"email": "eve@example.org", "iat": NOW.timestamp() - 60, **claims}
    return Access(rules, hours=12).person_of(told, NOW)


def test_the_first_rule_that_fits_holds_whatever_later_ones_say():
    ada = person(email="ada@EXAMPLE.com", name="Ada Lovelace", groups=["finance"])
    assert ada == Person("Ada Lovelace", "ada@example.com", "admin", None)
    narrowed_first = (AccessRule("viewer", who="*@example.com", teams=("search",)), *RULES)
    assert person(narrowed_first, email="ada@example.com") == Person(
        "ada@example.com", "ada@example.com", "viewer", ("search",)
    )


def test_groups_are_a_list_or_one_word_to_the_letter():
    assert person(groups=["staff", "finance"]) == Person("eve@example.org", "eve@example.org", "editor")
    assert person(groups="finance") is not None
    assert person(groups=["Finance"]) is None
    assert person(groups={"finance": True}) is None
    assert person() is None


@pytest.mark.parametrize(
    "claims",
    [
        {"email": None},
        {"email": ""},
        {"email": ["ada@example.com"]},
        {"email": "ada@example.com", "email_verified": False},
        {"email": "ada@example.com", "email_verified": "false"},
        {"email": "ada@example.com", "email_verified": None},
        # a Kelvin sign in the place of a k, and addresses that only end as ours do
        {"email": "mar\N{KELVIN SIGN}@voice.example.com".replace("mar", "a@")},
        {"email": "eve@evil.org@voice.example.com"},
        {"email": "eve evil@voice.example.com"},
        {"email": "eve@evil.org\n@voice.example.com"},
        {"email": "eve@voice.example.com\n"},
        {"email": "eve@notvoice.example.com.evil.org"},
    ],
)
def test_nobody_is_let_in_by_an_address_that_is_not_theirs(claims: dict[str, Any]):
    assert person(groups=[], **claims) is None


def test_a_letter_that_only_looks_the_same_is_another_person():
    rules = (AccessRule("admin", who="kim@example.com"),)
    assert person(rules, email="KIM@example.com") is not None
    assert person(rules, email="\N{KELVIN SIGN}im@example.com") is None


@pytest.mark.parametrize("verified", [True, "true"])
def test_a_verified_address_is_somebody(verified: object):
    assert person(email="ada@example.com", email_verified=verified) is not None


@pytest.mark.parametrize(
    ("issued", "holds"),
    [
        (NOW - timedelta(hours=11, minutes=59), True),
        (NOW - timedelta(hours=12), False),
        (NOW + timedelta(minutes=4), True),
        (NOW + timedelta(hours=1), False),
    ],
)
def test_a_sign_in_holds_for_some_hours(issued: datetime, holds: bool):
    assert (person(email="ada@example.com", iat=issued.timestamp()) is not None) == holds


@pytest.mark.parametrize("issued", [None, "1764320000", True])
def test_a_sign_in_of_no_time_does_not_hold(issued: object):
    assert person(email="ada@example.com", iat=issued) is None


def test_who_is_of_some_teams_views_and_acts_on_their_own():
    editor = Person("Vic", "vic@example.com", "editor", ("voice",))
    assert editor.may("view")
    assert editor.may_act_on("voice")
    assert not editor.may_act_on("search")
    assert not editor.may_act_on(None), "what is of no team is not of theirs"
    assert not editor.may("upload budgets")
    assert not Person("Vic", "vic@example.com", "viewer", ("voice",)).may_act_on("voice")


def test_each_role_may_what_the_one_below_it_may_and_more():
    assert DEEDS["viewer"] < DEEDS["editor"] < DEEDS["admin"]
    assert Person("Ed", None, "editor").may("upload budgets")
    assert not Person("Ed", None, "editor").may("upload owners")
    assert Person("Ann", None, "admin").may("see the log")
    assert Person("Ann", None, "admin").signature == "Ann"
