"""Attribution: charges added up by day with component, developer and owner, by rules that people change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from models.economics.attribution import ATTRIBUTED_DAILY, Attribution, attribute, attributed_leaves, with_teams
from models.economics.components import taxonomy
from models.economics.developers import developers
from models.economics.ownership import OwnerRule
from models.ledger.focus import COST_AND_USAGE

BLANK = dict.fromkeys(
    ("vendor", "provider", "service", "sku", "instance_type", "charge_category", "ai_kind", "tag"), ""
)
TAXONOMY = taxonomy(
    pl.DataFrame(
        [
            {**BLANK, "sku": "*disk*", "component": "networking_and_storage", "note": ""},
            {**BLANK, "tag": "stack=data", "component": "data_infrastructure", "note": ""},
            {**BLANK, "ai_kind": "model", "component": "model_apis", "note": ""},
        ]
    )
)
DEVELOPERS = developers(pl.DataFrame({"model": ["*claude*"], "developer": ["Anthropic"]}))


def by(*owners: OwnerRule, **cost_centres: str) -> Attribution:
    return Attribution(TAXONOMY, DEVELOPERS, owners, cost_centres)


@pytest.fixture
def attributed(
    charge: Callable[..., dict[str, Any]], charges_of: Callable[..., pl.DataFrame]
) -> Callable[..., pl.DataFrame]:
    """`attributed(rules, *charges)`: each charge is (cost, columns)."""

    def made(rules: Attribution, *charges: tuple[str, dict[str, Any]]) -> pl.DataFrame:
        frame = charges_of(*(charge("aws", cost, **columns) for cost, columns in charges))
        return ATTRIBUTED_DAILY.check(attribute(frame.lazy(), rules))

    return made


def test_charges_of_a_day_are_one_row_and_hours_do_not_matter(attributed):
    rows = attributed(by(), ("1", {"hour": 0}), ("2.5", {"hour": 23}), ("4", {"hour": 24}))
    assert rows.select("day", "charges", "billed_cost", "consumed_quantity").rows() == [
        (datetime(2026, 9, 10, tzinfo=UTC), 2, Decimal("3.5"), Decimal(2)),
        (datetime(2026, 9, 11, tzinfo=UTC), 1, Decimal(4), Decimal(1)),
    ]


def test_a_component_goes_by_meter_or_by_description_where_there_is_none_letter_case_aside(attributed):
    rows = attributed(
        by(),
        ("1", {"SkuMeter": "Fast DISK"}),
        ("1", {"ChargeDescription": "A disk of 1 TB"}),
        ("1", {"SkuMeter": "Machine", "ChargeDescription": "A disk of 1 TB"}),
    )
    assert rows.select("component", "layer", "charges").rows() == [
        ("networking_and_storage", "infrastructure", 2),
        (None, None, 1),
    ]


def test_a_developer_is_who_made_the_model_whoever_sells_it(attributed):
    rows = attributed(
        by(),
        ("1", {"x_ModelId": "anthropic.claude-opus-4-8-v1:0", "x_AiKind": "model"}),
        ("1", {"x_ModelId": "in-house-7b", "x_AiKind": "model"}),
    )
    assert rows.select("model", "developer_name", "component").rows() == [
        ("anthropic.claude-opus-4-8-v1:0", "Anthropic", "model_apis"),
        ("in-house-7b", None, "model_apis"),
    ]


def test_rules_ask_tags_keys_and_days_and_only_what_they_ask_keeps_rows_apart(attributed):
    told = [("1", {"Tags": f'{{"team":"ads","pod":"{pod}"}}', "x_UserId": f"u{pod}"}) for pod in range(5)]
    assert attributed(by(), *told).height == 1
    rules = (
        OwnerRule({"tag:team": "*"}, {"team": "{tag:team}"}, valid_to=date(2026, 9, 11)),
        OwnerRule({"user": "u4"}, {"product": "Search"}),
        OwnerRule({"source": "aws"}, {"pool": "platform"}),
    )
    later = ("8", {"hour": 24, "Tags": '{"team":"ads"}'})
    rows = attributed(by(*rules, ads="4711"), *told, later, ("16", {"Tags": '{"t\\u0065am": "chat"}'}))
    found = rows.select("team", "cost_centre", "product", "pool", "billed_cost").rows()
    assert sorted(found, key=lambda row: row[-1]) == [
        ("ads", "4711", "Search", None, Decimal(1)),
        ("ads", "4711", None, None, Decimal(4)),
        (None, None, None, "platform", Decimal(8)),
        ("chat", None, None, None, Decimal(16)),
    ]


def test_a_rule_may_ask_the_component(attributed):
    rule = OwnerRule({"component": "data_*"}, {"team": "data"})
    rows = attributed(by(rule), ("1", {"Tags": '{"stack": "Data"}'}), ("2", {}))
    assert rows.select("component", "team", "billed_cost").rows() == [
        ("data_infrastructure", "data", Decimal(1)),
        (None, None, Decimal(2)),
    ]


def test_where_only_inference_tells_where_it_ran_that_is_the_region(attributed):
    rows = attributed(by(), ("1", {"x_InferenceGeo": "us"}), ("2", {"x_InferenceGeo": "us", "RegionId": "eu-west-1"}))
    assert sorted(rows["region"].to_list()) == ["eu-west-1", "us"]


def test_no_charges_are_no_rows():
    assert attribute(COST_AND_USAGE.empty().lazy(), by()).equals(ATTRIBUTED_DAILY.empty())


def test_an_export_names_the_team_of_each_charge(charge, charges_of):
    frame = charges_of(
        charge("aws", SubAccountId="a"),
        charge("aws", SubAccountId="b", x_Team="theirs"),
        charge("aws", SubAccountId="c"),
    )
    teams = with_teams(
        frame, by(OwnerRule({"project": "a"}, {"team": "ads"}), OwnerRule({"project": "c"}, {"pool": "p"}))
    )
    assert teams["x_Team"].to_list() == ["ads", "theirs", None]
    assert teams.drop("x_Team").equals(frame.drop("x_Team"))


def test_leaves_tell_keys_and_skus_apart_and_sum_to_the_same(charge, charges_of):
    told = charges_of(
        *(
            charge("aws", cost, **{"x_ApiKeyId": key, "x_ApiKeyName": f"{key} by name", "SkuId": sku})
            for cost, key, sku in [("1", "a", "in"), ("2", "a", "out"), ("4", "b", "in"), ("8", "b", "in")]
        )
    )
    leaves = attributed_leaves(told.lazy(), by())
    assert leaves.select("api_key_id", "api_key_name", "sku_id", "effective_cost", "charges").rows() == [
        ("a", "a by name", "in", 1, 1),
        ("a", "a by name", "out", 2, 1),
        ("b", "b by name", "in", 12, 2),
    ]
    assert attribute(told.lazy(), by())["effective_cost"].to_list() == [15]
