"""Bad rules of ownership are explained with their lines, all of them at once."""

import pytest

from connectors.errors import ConfigurationError
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


GOOD = """\
organization: Acme
owners:
  - {project: a, team: old, valid_to: 2026-03-01}
  - {project: a, team: new, valid_from: 2026-03-01}
  - {project: a, product: site}
  - {project: "a*", team: wide}
  - {project: "b-?", team: narrow}
  - {project: "b-*", team: "{tag:team}"}
  - {project: "b-*", team: fallback}
  - {project: "b-[xy]", model: "*", product: p, use_case: u}
  - {tags: {stage: prod}, environment: production}
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
    assert len(read_settings(path).owners) == 9
