"""Who owns a charge: the first rule that fits, by id or by name."""

import polars as pl
import pytest

from models.ledger.focus import COST_AND_USAGE
from models.ledger.ownership import OwnerRule, with_teams


def charges(*owners, team=None):
    columns = ("x_Source", "SubAccountId", "SubAccountName", "x_ApiKeyId", "x_ApiKeyName")
    frame = pl.DataFrame(owners, schema=dict.fromkeys(columns, pl.String), orient="row")
    return frame.with_columns(x_Team=pl.lit(team, dtype=pl.String))


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        (OwnerRule("t"), True),
        (OwnerRule("t", project="proj_a"), True),
        (OwnerRule("t", project="Search*"), True),
        (OwnerRule("t", project="search*"), False),
        (OwnerRule("t", api_key="*-prod"), True),
        (OwnerRule("t", source="openai", project="Search", api_key="key_1"), True),
        (OwnerRule("t", source="anthropic", project="Search"), False),
    ],
)
def test_every_pattern_that_is_given_must_fit(rule, fits):
    owned = with_teams(charges(("openai", "proj_a", "Search", "key_1", "search-prod")), [rule])
    assert owned["x_Team"].to_list() == ["t" if fits else None]


def test_a_pattern_never_fits_what_is_unknown():
    assert with_teams(charges(("openai", None, None, None, None)), [OwnerRule("t", project="*")])["x_Team"][0] is None


def test_the_first_rule_wins_and_nothing_else_is_touched():
    rules = [OwnerRule("first", api_key="key_*"), OwnerRule("second", project="proj_a")]
    given = charges(("openai", "proj_a", None, "key_1", None), ("openai", "proj_a", None, None, None))
    assert with_teams(given, rules)["x_Team"].to_list() == ["first", "second"]


def test_a_team_that_a_vendor_s_file_brought_stays_where_no_rule_fits():
    given = charges(("clouds", "a", None, None, None), team="theirs")
    assert with_teams(given, [OwnerRule("ours", project="b")])["x_Team"].to_list() == ["theirs"]


def test_no_charges_have_no_owners():
    assert with_teams(COST_AND_USAGE.empty(), [OwnerRule("t")]).is_empty()
