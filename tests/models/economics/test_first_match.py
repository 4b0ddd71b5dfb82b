"""The first rule that fits: by globs, by days, by tags, the same as trying every rule on every row."""

from datetime import date
from fnmatch import fnmatchcase

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.economics.first_match import Rule, columns_asked, first_match, first_matches, with_tags

PROJECT = ("project_id", "project_name")
PROJECTS = pl.DataFrame(
    {
        "project_id": ["proj_a", "proj_b", None],
        "project_name": ["search-prod", None, "Search-prod"],
        "day": [date(2026, 1, 31), date(2026, 2, 1), None],
    }
)


def test_the_first_rule_wins_and_one_of_a_condition_s_columns_is_enough():
    rules = [Rule({PROJECT: "proj_a"}), Rule({PROJECT: "*-prod"}), Rule({PROJECT: "proj_*"})]
    assert first_match(PROJECTS, rules).to_list() == [0, 2, 1]


def test_globs_are_case_sensitive_and_fit_the_whole_value():
    assert first_match(PROJECTS, [Rule({PROJECT: "search-*"})]).to_list() == [0, None, None]
    assert first_match(PROJECTS, [Rule({PROJECT: "proj_"})]).to_list() == [None, None, None]


def test_one_of_several_globs_is_enough():
    assert first_match(PROJECTS, [Rule({PROJECT: ("proj_b", "S*")})]).to_list() == [None, 0, 0]


def test_every_condition_must_fit_and_nothing_fits_what_is_unknown():
    assert first_match(PROJECTS, [Rule({("project_id",): "*", ("project_name",): "*"})]).to_list() == [0, None, None]


def test_a_rule_without_conditions_fits_everything():
    assert first_match(PROJECTS, [Rule({PROJECT: "proj_b"}), Rule()]).to_list() == [1, 0, 1]


def test_no_rules_fit_nothing():
    assert first_match(PROJECTS, []).to_list() == [None, None, None]
    assert first_match(PROJECTS.clear(), [Rule({PROJECT: "*"}, valid_to=date(2026, 2, 1))]).to_list() == []


def test_dates_hold_until_the_day_before_the_last_and_never_for_an_unknown_day():
    rules = [Rule(valid_to=date(2026, 2, 1)), Rule(valid_from=date(2026, 2, 1))]
    assert first_match(PROJECTS, rules).to_list() == [0, 1, None]


def test_each_name_has_the_first_of_its_own_rules():
    rules = [Rule({PROJECT: "proj_a"}), Rule({PROJECT: "*prod"}), Rule()]
    found = first_matches(PROJECTS, rules, {"team": [0, 2], "product": [1], "nothing": []})
    assert found.to_dict(as_series=False) == {
        "team": [0, 2, 2],
        "product": [1, None, 1],
        "nothing": [None, None, None],
    }


def test_more_rules_than_a_word_has_bits():
    frame = pl.DataFrame({"model": [f"m{number}" for number in (0, 63, 64, 127, 128, 199, 200)]})
    rules = [Rule({("model",): f"m{number}"}) for number in range(200)]
    assert first_match(frame, rules).to_list() == [0, 63, 64, 127, 128, 199, None]


def test_the_columns_that_rules_ask():
    assert columns_asked([Rule({PROJECT: "*"}), Rule({("tag:team",): "*"})]) == {*PROJECT, "tag:team"}
    assert columns_asked([Rule({("model",): "*"}, valid_to=date(2026, 2, 1))]) == {"model", "day"}


@pytest.mark.parametrize(
    ("tags", "value"),
    [
        ('{"team": "search", "env": "prod"}', "search"),
        ('{"Team": "search"}', None),
        ('{"team": ""}', None),
        ('{"team": null}', None),
        ('{"team": 7}', "7"),
        ('{"team": true}', "true"),
        ("[1]", None),
        ("no json", None),
        (r'{"team": "\ud83d"}', "?"),
        (r'{"team": "search \ud83d", "env": "\ud83d"}', "search ?"),
        ('{"team": ' + "[" * 100_000 + "]" * 100_000 + "}", None),
        (None, None),
    ],
)
def test_tags_become_columns(tags, value):
    frame = with_tags(pl.DataFrame({"Tags": [tags]}, schema={"Tags": pl.String}), ["team"])
    assert frame["tag:team"].to_list() == [value]


TEXTS = st.none() | st.text(alphabet="ab-]![^\n.", max_size=4)
GLOBS = st.text(alphabet="ab-]![^\n.*?", max_size=6)
DAYS = st.dates(date(2026, 1, 1), date(2026, 1, 5))
RULES = st.builds(
    Rule,
    st.dictionaries(
        st.sampled_from([("a",), ("b",), ("a", "b"), ("c",)]),
        GLOBS | st.lists(GLOBS, min_size=1, max_size=2).map(tuple),
        max_size=3,
    ),
    st.none() | DAYS,
    st.none() | DAYS,
)
ROWS = st.fixed_dictionaries({"a": TEXTS, "b": TEXTS, "c": TEXTS, "day": st.none() | DAYS})


def fits(rule, row):
    return all(
        any(
            row[column] is not None and fnmatchcase(row[column], glob)
            for column in columns
            for glob in ((globs,) if isinstance(globs, str) else globs)
        )
        for columns, globs in rule.conditions.items()
    ) and (
        not rule.is_dated
        or (
            row["day"] is not None
            and (rule.valid_from is None or rule.valid_from <= row["day"])
            and (rule.valid_to is None or row["day"] < rule.valid_to)
        )
    )


@settings(deadline=None, max_examples=300)
@given(st.lists(RULES, max_size=5), st.lists(ROWS, max_size=5), st.integers(0, 70), st.sets(st.integers(0, 80)))
def test_it_is_what_trying_every_rule_on_every_row_finds(rules, rows, before, chosen):
    """`before`: rules that fit nothing, so that words have borders anywhere."""
    rules = [*[Rule({("c",): "none"})] * before, *rules]
    schema = {"a": pl.String, "b": pl.String, "c": pl.String, "day": pl.Date}
    found = first_matches(pl.DataFrame(rows, schema=schema), rules, {"all": range(len(rules)), "some": chosen})
    fitting = [[number for number, rule in enumerate(rules) if fits(rule, row)] for row in rows]
    assert found["all"].to_list() == [min(numbers, default=None) for numbers in fitting]
    assert found["some"].to_list() == [min((n for n in numbers if n in chosen), default=None) for numbers in fitting]
