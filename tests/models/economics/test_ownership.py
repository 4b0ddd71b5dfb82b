"""Whose a charge is: per dimension the first rule that fits and says something of it."""

from datetime import date

import polars as pl
import pytest

from models.economics.ownership import ATTRIBUTES, DIMENSIONS, OwnerRule, deciding_rules, owned, tag_keys

COST_CENTRES = {"search": "cc-100", "assistants": "cc-200"}


def charge(**known):
    """One charge of the project `search-prod` on 10 March; tags by `tags`."""
    tags = known.pop("tags", {})
    values = {"source": "clouds", "project_id": "proj_1", "project_name": "search-prod", "day": date(2026, 3, 10)}
    columns = dict.fromkeys(ATTRIBUTES) | values | known | {f"tag:{key}": value for key, value in tags.items()}
    schema = {name: pl.Date if name == "day" else pl.String for name in columns}
    return pl.DataFrame({name: [value] for name, value in columns.items()}, schema=schema)


def owner(frame, *rules):
    """What is known of the owner, by dimension."""
    (row,) = owned(frame, rules, COST_CENTRES).select(*DIMENSIONS, "pool").to_dicts()
    return {name: value for name, value in row.items() if value is not None}


def test_each_dimension_has_the_first_rule_that_says_something_of_it():
    rules = (
        OwnerRule({"project": "search-*"}, {"product": "site search"}),
        OwnerRule({"project": "proj_1"}, {"team": "search", "product": "another", "environment": "production"}),
        OwnerRule({"source": "*"}, {"team": "platform", "use_case": "everything else"}),
    )
    assert owner(charge(), *rules) == {
        "team": "search",
        "cost_centre": "cc-100",
        "product": "site search",
        "use_case": "everything else",
        "environment": "production",
    }
    assert deciding_rules(charge(), rules).row(0, named=True) == {
        "team": 1,
        "cost_centre": None,
        "product": 0,
        "use_case": 2,
        "environment": 1,
    }


@pytest.mark.parametrize(
    ("conditions", "fits"),
    [
        ({"project": "proj_1"}, True),
        ({"project": "search-*"}, True),
        ({"project": "Search-*"}, False),
        ({"source": "clouds", "project": "search-*"}, True),
        ({"source": "openai", "project": "search-*"}, False),
        ({"api_key": "*"}, False),
        ({"tag:stage": "p*"}, True),
        ({"tag:stage": "P*"}, False),
        ({"tag:owner": "*"}, False),
    ],
)
def test_every_condition_must_fit_by_id_or_by_name(conditions, fits):
    found = owner(charge(tags={"stage": "prod", "owner": None}), OwnerRule(conditions, {"team": "t"}))
    assert found == ({"team": "t"} if fits else {})


def test_rules_are_dated_by_the_day_of_the_charge():
    until, since = OwnerRule({"source": "*"}, {"team": "old"}, valid_to=date(2026, 3, 10)), date(2026, 3, 10)
    rules = (until, OwnerRule({"source": "*"}, {"team": "new"}, valid_from=since))
    assert owner(charge(day=date(2026, 3, 9)), *rules) == {"team": "old"}
    assert owner(charge(day=date(2026, 3, 10)), *rules) == {"team": "new"}


def test_a_rule_may_send_to_a_pool_and_that_is_its_word_on_the_team():
    shared = OwnerRule({"project": "search-*"}, {"pool": "platform", "environment": "production"})
    team = OwnerRule({"source": "*"}, {"team": "search"})
    assert owner(charge(), shared, team) == {"pool": "platform", "environment": "production"}
    assert owner(charge(), team, shared) == {"team": "search", "cost_centre": "cc-100", "environment": "production"}
    assert owner(charge(x_team="theirs"), shared) == {"pool": "platform", "environment": "production"}


def test_a_value_may_come_from_tags_and_says_nothing_where_one_is_missing():
    rules = (
        OwnerRule({"source": "*"}, {"team": "{tag:squad}", "product": "{tag:app}-{tag:stage}", "environment": "any"}),
        OwnerRule({"source": "*"}, {"team": "nobody's", "product": "none"}),
    )
    assert tag_keys(rules) == ("app", "squad", "stage")
    told = charge(tags={"squad": "search", "app": "site", "stage": None})
    assert owner(told, *rules) == {"team": "search", "cost_centre": "cc-100", "product": "none", "environment": "any"}
    told = charge(tags={"squad": None, "app": "site", "stage": "prod"})
    assert owner(told, *rules) == {"team": "nobody's", "product": "site-prod", "environment": "any"}


def test_a_tag_that_gives_a_value_may_be_a_condition_too():
    rule = OwnerRule({"tag:squad": "s*"}, {"team": "{tag:squad}"})
    assert owner(charge(tags={"squad": "search"}), rule) == {"team": "search", "cost_centre": "cc-100"}
    assert owner(charge(tags={"squad": "assistants"}), rule) == {}


def test_the_team_that_the_file_named_stands_where_no_rule_names_one():
    assert owner(charge(x_team="theirs")) == {"team": "theirs"}
    assert owner(charge(x_team="theirs"), OwnerRule({"source": "*"}, {"product": "site"})) == {
        "team": "theirs",
        "product": "site",
    }
    assert owner(charge(x_team="theirs"), OwnerRule({"source": "*"}, {"team": "ours"})) == {"team": "ours"}


def test_a_cost_centre_of_a_rule_goes_before_that_of_the_team():
    rules = (OwnerRule({"source": "*"}, {"team": "search"}), OwnerRule({"project": "*"}, {"cost_centre": "cc-9"}))
    assert owner(charge(), *rules) == {"team": "search", "cost_centre": "cc-9"}


def test_no_charges_and_no_rules():
    assert owned(charge().clear(), [OwnerRule({"source": "*"}, {"team": "t"})], {}).is_empty()
    assert owner(charge()) == {}
