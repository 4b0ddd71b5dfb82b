"""Bad rules of ownership are explained with their lines, all of them at once."""

import pytest

from connectors.errors import ConfigurationError
from pipelines import rule_checks
from pipelines.configuration import read_settings


def mistakes(tmp_path, content: str) -> list[str]:
    """What is told of each mistake, without the heading."""
    path = tmp_path / "outlay.yaml"
    path.write_text(f"organization: Acme\n{content}")
    with pytest.raises(ConfigurationError) as mistaken:
        read_settings(path)
    return [line.strip() for line in mistaken.value.what.splitlines()[1:]]


RULES = {
    "a rule that is never reached": (
        """\
owners:
  - {name: all of search, project: "search-*", team: search, product: site}
  - {name: search in production, project: search-prod, environment: prod, team: other}
  - {project: "search-p*", model: "gpt-*", team: other}
""",
        [
            "line 5: owners.2: rule 3 decides nothing: rule 'all of search' (line 3) comes first for all that it fits; "
            "move it up, narrow the other, or remove it"
        ],
    ),
    "a rule that several before it cover": (
        """\
owners:
  - {source: a, team: old, valid_to: 2026-03-01}
  - {source: a, shared: platform, valid_from: 2026-03-01}
  - {source: a, project: b, team: never}
shared: [{name: platform, by: tokens}]
""",
        [
            "line 5: owners.2: rule 3 decides nothing: rule 1 (line 3) and rule 2 (line 4) come first for all that it "
            "fits; move it up, narrow the other, or remove it"
        ],
    ),
    "a gap between rules": (
        """\
owners:
  - {project: a, team: old, valid_to: 2026-03-01}
  - {project: a, team: new, valid_from: 2026-04-01}
""",
        [
            "line 4: owners.1: asks the same and says as much as line 3, and their dates leave a gap: "
            "2026-03-01 to 2026-03-31; let valid_from be the valid_to of the other"
        ],
    ),
    "a gap that other rules fill for one dimension only": (
        """\
owners:
  - {project: a, team: old, product: site, valid_to: 2026-03-01}
  - {project: a, team: new, product: site, valid_from: 2026-04-01}
  - {project: "*", team: all}
""",
        [
            "line 4: owners.1: asks the same and says as much as line 3, and their dates leave a gap: "
            "2026-03-01 to 2026-03-31; let valid_from be the valid_to of the other"
        ],
    ),
    "days that two rules claim": (
        """\
owners:
  - {project: proj-x, team: a, valid_to: 2026-06-01}
  - {model: "gpt-*", team: c}
  - {project: proj-x, team: b, valid_from: 2026-05-01}
""",
        [
            "line 5: owners.2: asks the same and says as much as line 3, which holds 2026-05-01 to 2026-05-31, too, "
            "and comes first; let one end where the other begins"
        ],
    ),
    "an end that was forgotten, the newer rule first": (
        """\
owners:
  - {project: a, shared: platform, valid_from: 2026-06-01}
  - {project: a, team: old, valid_from: 2026-01-01}
shared: [{name: platform, by: tokens}]
""",
        [
            "line 4: owners.1: asks the same and says as much as line 3, which holds from 2026-06-01 on, too, "
            "and comes first; let one end where the other begins"
        ],
    ),
    "a gap between versions of a pool": (
        """\
shared:
  - {name: platform, by: tokens, valid_to: 2026-03-01}
  - {name: platform, by: direct_cost, valid_from: 2026-03-02}
""",
        [
            "line 4: shared.1: splits the same pool 'platform' as line 3, and their dates leave a gap: 2026-03-01; "
            "let valid_from be the valid_to of the other"
        ],
    ),
    "two versions of a pool at once": (
        """\
shared:
  - {name: platform, by: tokens, valid_to: 2026-04-01}
  - {name: platform, by: direct_cost, valid_from: 2026-03-01}
""",
        ["line 4: shared.1: pool 'platform' is split twice 2026-03-01 to 2026-03-31: line 3 holds there, too"],
    ),
    "pools in a circle": (
        """\
shared:
  - {name: a, by: fixed, shares: [{team: t, pct: 50}, {shared: b, pct: 50}]}
  - name: b
    by: fixed
    shares:
      - {shared: a, pct: 100}
""",
        [
            "line 7: shared.1.shares.0: pools are split over one another in a circle: a → b → a; "
            "let one of them end in teams"
        ],
    ),
    "shares that are not the whole": (
        """\
shared:
  - {name: a, by: fixed, shares: [{team: t, pct: 50}, {team: u, pct: 49.9}]}
""",
        ["line 3: shared.0: the shares of 'a' sum to 99.9 pct, not to 100"],
    ),
    "teams of a driver beside fixed shares": (
        """\
shared:
  - {name: a, by: fixed, shares: [{team: t, pct: 100}], among: [t]}
""",
        ["line 3: shared.0: among is for what goes by a driver; fixed shares name their teams"],
    ),
    "an unknown field": (
        """\
owners:
  - {projekt: a, team: t}
""",
        ["line 3: owners.0.projekt: there is no such setting; did you mean 'project'?"],
    ),
    "a value in braces that is no tag": (
        """\
owners:
  - {source: a, team: "{tags:team}"}
""",
        ["line 3: owners.0.team: '{tags:team}': write {tag:KEY} for the value of a tag"],
    ),
    "a cost of a team and of a pool": (
        """\
costs:
  - {name: staff, kind: people, annual_cost: 1, team: search, shared: platform}
shared: [{name: platform, by: tokens}]
""",
        ["line 3: costs.0: a cost says either team or shared: a pool is split over teams"],
    ),
    "an unknown field of each kind of cost": (
        """\
costs:
  - {name: staff, kind: people, annual_cots: 1, annual_cost: 1}
  - {name: desk, kind: support, amout: 1, amount: 1, per: month}
""",
        [
            "line 3: costs.0.annual_cots: there is no such setting; did you mean 'annual_cost'?",
            "line 4: costs.1.amout: there is no such setting; did you mean 'amount'?",
        ],
    ),
    "a declared cost that asks for a tag": (
        """\
costs:
  - name: staff
    kind: people
    annual_cost: 1
    team: "{tag:team}"
""",
        ["line 6: costs.0.team: '{tag:team}': a declared cost has no tags to take a value from; write it out"],
    ),
    "figures and days that nothing can be worked out with": (
        """\
costs:
  - name: staff
    kind: people
    annual_cost: 1200.1234567890123
  - name: cluster
    kind: owned_accelerators
    accelerator: H100
    count: 8
    purchase_price: 1234567890123456789.5
    life_months: 240
    in_service: 9990-01-01
    electricity_price_per_kwh: 0.12345678901234
  - {name: d, kind: owned_accelerators, accelerator: H100, count: 8, purchase_price: 1, life_months: 9,
     in_service: 2026-02-01, valid_to: 2026-02-01}
budgets:
  - name: all
    amount: 0.0000000000001
contracts:
  - name: deal
    issuer: aws
    commits:
      - name: a
        kind: spend
        amount: 1
        valid_from: 2026-01-01
        valid_to: 9999-01-01
throughput:
  - model: m
    accelerator: H100
    tokens_per_second: 1.0000000000001
    measured_on: 2026-01-01
""",
        [
            "line 5: costs.0.annual_cost: Decimal input should have no more than 12 decimal places",
            "line 10: costs.1.purchase_price: Decimal input should have no more than 18 digits before the decimal "
            "point",
            "line 12: costs.1.in_service: Input should be less than 2200-01-01",
            "line 13: costs.1.electricity_price_per_kwh: Decimal input should have no more than 12 decimal places",
            "line 14: costs.2: valid_to must lie after in_service",
            "line 18: budgets.0.amount: Decimal input should have no more than 12 decimal places",
            "line 27: contracts.0.commits.0.valid_to: Input should be less than 2200-01-01",
            "line 31: throughput.0.tokens_per_second: Decimal input should have no more than 12 decimal places",
        ],
    ),
    "a rule without conditions": (
        """\
owners:
  - {team: t}
""",
        [
            "line 3: owners.0: an owner rule needs at least one of source, account, project, api_key, user, model, "
            "service, component, region, tags"
        ],
    ),
    "names that nobody declared, all at once": (
        """\
owners:
  - {source: a, team: serach}
  - {source: b, shared: plattform}
  - {source: c, team: "{tag:team}"}
  - {component: modelapis, team: search}
teams: [{name: search}, {name: assistants}]
shared:
  - name: platform
    by: fixed
    shares:
      - {team: nobody, pct: 50}
      - {shared: nowhere, pct: 50}
  - {name: gateway, by: tokens, among: [search, asistants]}
costs:
  - {name: staff, kind: people, annual_cost: 1, component: people, team: sales}
  - {name: desk, kind: support, amount: 1, per: month, shared: platfrom}
budgets:
  - {name: all, amount: 1, scope: {team: Search}}
""",
        [
            "line 3: owners.0.team: there is no team 'serach' under teams; did you mean 'search'?",
            "line 4: owners.1.shared: there is no pool 'plattform' under shared; did you mean 'platform'?",
            "line 6: owners.3.component: no component fits 'modelapis'; did you mean 'model_apis'?",
            "line 12: shared.0.shares.0.team: there is no team 'nobody' under teams; known: assistants, search",
            "line 13: shared.0.shares.1.shared: there is no pool 'nowhere' under shared; known: gateway, platform",
            "line 14: shared.1.among.1: there is no team 'asistants' under teams; did you mean 'assistants'?",
            "line 16: costs.0.component: there is no component 'people'; did you mean 'people_and_overheads'?",
            "line 16: costs.0.team: there is no team 'sales' under teams; known: assistants, search",
            "line 17: costs.1.shared: there is no pool 'platfrom' under shared; did you mean 'platform'?",
            "line 19: budgets.0.scope.team: there is no team 'Search' under teams; did you mean 'search'?",
        ],
    ),
}


@pytest.mark.parametrize(("content", "told"), RULES.values(), ids=RULES)
def test_a_bad_rule_is_explained_with_its_line(tmp_path, content, told):
    assert mistakes(tmp_path, content) == told


def test_a_thousand_rules_are_not_each_set_against_all_others(tmp_path, monkeypatch):
    """Only those that may cover it are tried: none of 1,000 rules that each name a project or an account."""
    projects = (f"  - {{project: p{n}, team: t}}\n" for n in range(500))
    models = (f"  - {{account: a{n}, model: 'm{n}-*', team: t}}\n" for n in range(500))
    path = tmp_path / "outlay.yaml"
    path.write_text("organization: Acme\nowners:\n" + "".join([*projects, *models, "  - {project: '*', team: t}\n"]))
    compared = []
    monkeypatch.setattr(rule_checks, "_fits_all_of", lambda wide, narrow: compared.append(wide))
    read_settings(path)
    assert not compared


GOOD = """\
organization: Acme
owners:
  - {project: a, team: old, valid_to: 2026-03-01}
  - {project: a, team: new, valid_from: 2026-03-01}
  - {project: a, product: site}
  - {project: "a*", team: wide}
  - {project: "x-?-*", team: dashed}
  - {project: "b-?", team: narrow}
  - {project: "b-*", team: "{tag:team}"}
  - {project: "b-*", team: fallback}
  - {project: "b-[xy]", model: "*", product: p, use_case: u}
  - {tags: {stage: prod}, environment: production}
  - {project: "x-[0-9]*", team: digits}
  - {project: promo, team: season, valid_from: 2025-11-15, valid_to: 2026-01-01}
  - {project: promo, team: season, valid_from: 2026-11-15, valid_to: 2027-01-01}
  - {project: sale, team: season, valid_from: 2026-11-15, valid_to: 2027-01-01}
  - {project: sale, team: shop, valid_from: 2026-01-01}
  - {project: launch, team: crew, valid_to: 2026-03-01}
  - {project: launch, team: shop}
  - {user: "*", account: acme, team: "{tag:team}", valid_from: 2026-01-01}
  - {user: "*", account: acme, team: fallback, valid_from: 2026-01-01, valid_to: 2026-06-01}
  - {project: "*", team: shop}
shared:
  - {name: x, by: fixed, shares: [{shared: y, pct: 100}], valid_to: 2026-03-01}
  - {name: x, by: tokens, valid_from: 2026-03-01}
  - {name: y, by: tokens, valid_to: 2026-03-01}
  - {name: y, by: fixed, shares: [{shared: x, pct: 100}], valid_from: 2026-03-01}
"""


def test_what_only_looks_like_a_mistake_passes(tmp_path):
    """Rules that narrow, layer or follow one another, and pools that trade places on a day, are in order."""
    path = tmp_path / "outlay.yaml"
    path.write_text(GOOD)
    assert len(read_settings(path).owners) == 20
