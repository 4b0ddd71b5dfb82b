"""Tables of budgets and owners as finance writes them: taken whole into the types of outlay.yaml, or not at all."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.control.uploads import UploadKind
from models.wording import inert
from pipelines import upload_cells
from pipelines.settings import Settings
from pipelines.settings.budgets import BudgetSettings
from pipelines.settings.ownership import OwnerSettings
from pipelines.upload_rows import MOST_BYTES, MOST_ROWS
from pipelines.uploads import InForce, Proposal, UploadError, propose, text_of

WRITTEN = Settings.model_validate(
    {
        "organization": "Acme",
        "teams": [{"name": "search"}, {"name": "support"}],
        "shared": [{"name": "platform", "by": "direct_cost"}],
        "owners": [{"project": "gateway", "shared": "platform"}, {"project": "find-*", "team": "search"}],
        "budgets": [
            {"name": "Search", "amount": 4000, "scope": {"team": "search", "tags": {"env": "prod"}}},
            {"name": "All", "amount": 9000, "thresholds_pct": [80, 100], "burn_rates": [{"days": 7, "rate": "2.5"}]},
        ],
        "alerts": {"routes": [{"name": "ai", "channel": "#ai", "match": {"rule": ["All"]}}]},
    }
)
NOW = InForce(WRITTEN, WRITTEN)


def taken(kind: UploadKind, text: str) -> Proposal:
    return propose(NOW, kind, text, "table.csv")


def mistakes(kind: UploadKind, text: str) -> list[str]:
    with pytest.raises(UploadError) as refused:
        taken(kind, text)
    return [str(mistake) for mistake in refused.value.mistakes]


def budget(proposal: Proposal, name: str) -> BudgetSettings:
    return next(each for each in proposal.settings.budgets if each.name == name)


def test_a_column_that_is_not_there_leaves_a_budget_what_it_is():
    proposal = taken("budgets", "Name;Amount\nSearch;5.000,50\n\n;;\nChat;700\n")
    assert budget(proposal, "Search") == WRITTEN.budgets[0].model_copy(update={"amount": Decimal("5000.50")})
    assert budget(proposal, "Chat") == BudgetSettings(name="Chat", amount=Decimal(700))
    assert [each.name for each in proposal.settings.budgets] == ["Search", "All", "Chat"]


def test_an_empty_cell_says_what_leaving_a_setting_out_says():
    proposal = taken("budgets", "name,amount,team,tag:env,thresholds_pct\nSearch,10,,,\n")
    assert budget(proposal, "Search") == BudgetSettings(name="Search", amount=Decimal(10))


def test_amounts_by_month_are_a_row_each():
    text = (
        "name,month,amount,cost_basis,team,owner\r\n"
        "Plan,2026-11,100,effective,search|support,search\r\n"
        "Plan,2026-12-01,120,,,\r\n"
        "Plan,,90,,,\r\n"
    )
    assert budget(taken("budgets", text), "Plan") == BudgetSettings.model_validate(
        {
            "name": "Plan",
            "amount": 90,
            "amounts": {"2026-11": 100, "2026-12": 120},
            "cost_basis": "effective",
            "scope": {"team": ["search", "support"]},
            "owner": "search",
        }
    )


def test_a_budget_is_removed_by_saying_so():
    proposal = taken("budgets", "name,remove\nSearch,yes\n")
    assert [each.name for each in proposal.settings.budgets] == ["All"]


def test_every_setting_of_a_budget_has_a_column():
    text = (
        "name,amount,currency,period,growth_pct,grows_from,carry_over,carry_over_limit_pct,thresholds_pct,forecast,"
        "burn_rates,first_day,last_day,tag:cost centre\n"
        'Q,1000,eur,Quarter,2.5,2026-10,both,50,"50%, 80",100@90|120@60,2.5@7/1,2026-10-01,2027-09-30,a*|b\n'
        "R,10,USD,rolling,,,,,none,none,,,,\n"
    )
    with pytest.raises(UploadError, match="days are given for a rolling budget"):
        taken("budgets", text)
    assert budget(taken("budgets", text.replace("R,10,USD,rolling", "R,10,USD,month")), "Q") == (
        BudgetSettings.model_validate(
            {
                "name": "Q", "amount": 1000, "currency": "EUR", "period": "quarter", "growth_pct": "2.5",
                "grows_from": "2026-10", "carry_over": "both", "carry_over_limit_pct": 50, "thresholds_pct": [50, 80],
                "forecast": [{"of_pct": 100, "probability_pct": 90}, {"of_pct": 120, "probability_pct": 60}],
                "burn_rates": [{"days": 7, "rate": "2.5", "confirm_days": 1}],
                "first_day": date(2026, 10, 1), "last_day": date(2027, 9, 30),
                "scope": {"tags": {"cost centre": ["a*", "b"]}},
            }
        )
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ["it is empty; the first row names columns, such as name, amount, month, currency"]),
        ("name,amount\n", ["it has no row that names a budget"]),
        ("amount\n5\n", ["row 1, name: this column is missing"]),
        ("name,amuont\nA,5\n", ["row 1, amuont: there is no such column; did you mean 'amount'?"]),
        ("name,amount,amount\nA,5,5\n", ["row 1, amount: this column is there twice"]),
        ("name,amount\nA,5,6\n", ["row 2: it has 3 cells, and there are 2 columns"]),
        ("name,amount,\nA,5,x\n", ["row 2: 'x' stands in a column without a name"]),
        ("name,amount\n,5\n", ["row 2, name: is missing"]),
        ("name,amount\nA,5\nA,6\n", ["row 3, name: this budget stands in row 2 already"]),
        ("name,amount\nA,\n", ["row 2: needs an amount, or amounts by month"]),
        ("name,amount\nA,-5\n", ["row 2, amount: Input should be greater than 0"]),
        ("name,amount\nA,1.234\n", ["row 2, amount: '1.234' may mean 1234 or 1.2340; write the one that you mean"]),
        ("name;amount\nA;12,345\n", ["row 2, amount: '12,345' may mean 12345 or 12.3450; write the one that you mean"]),
        (
            "name,amount\nA,$5\n",
            ["row 2, amount: '$5' is no amount; write the number alone, such as 1234.56 (currency has its column)"],
        ),
        (
            'name,amount\nA,"12,34.5"\n',
            ["row 2, amount: '12,34.5' is no amount that can be read without doubt; write it without separators: "
             "1234.56"],
        ),
        ("name,amount,currency\nA,5,dollar\n", ["row 2, currency: write it as three capital letters, for example USD"]),
        (
            "name,amount,month\nA,5,11/2026\n",
            ["row 2, month: '11/2026' is no month; write it as YYYY-MM, for example 2026-11"],
        ),
        ("name,amount,month\nA,5,2026-11\nA,5,2026-11\n", ["row 3, month: 2026-11 of this budget stands there twice"]),
        ("name,amount,month\nA,,2026-11\n", ["row 2, amount: is missing"]),
        ("name,amount,month\nA,5,2026-13\n", ["row 2, amount: write it as YYYY-MM, for example 2026-11"]),
        (
            "name,amount,first_day\nA,5,03/04/2026\n",
            ["row 2, first_day: '03/04/2026' is no day; write it as YYYY-MM-DD, for example 2026-11-28"],
        ),
        ("name,amount,remove\nA,5,perhaps\n", ["row 2, remove: 'perhaps' is neither yes nor no"]),
        ("name,remove\nSaerch,yes\n", ["row 2, name: there is no budget 'Saerch'; did you mean 'Search'?"]),
        ("name,amount,thresholds_pct\nA,5,80.5\n", ["row 2, thresholds_pct: '80.5' is no whole number"]),
        (
            "name,amount,forecast\nA,5,soon\n",
            ["row 2, forecast: 'soon' is not written like 100@80 (percent of the budget @ probability)"],
        ),
        ("name,amount,team\nA,5,serch\n", ["row 2, team: no team fits 'serch'; did you mean 'search'?"]),
        (
            "name,amount,month,owner\nA,5,2026-11,search\nA,5,2026-12,support\n",
            ["row 3, owner: says something else than row 2 of the same budget"],
        ),
        (
            "name,remove\nAll,yes\n",
            ["outlay.yaml would not go together with it: alerts.routes.0.match.rule: no budget or rule fits 'All'"
             "; known: Search, accelerators, anomaly, budget, budget_forecast, burn_rate, commitment, contract, price"],
        ),
        (f"name,amount\n{'A' * 501},5\n", ["row 2, name: has 501 characters; at most 500 are taken"]),
        ("name,amount\nA\u202eB,5\n", ["row 2, name: holds a line break or a character that cannot be seen"]),
        ('name,amount\n"A\nB",5\n', ["row 2, name: holds a line break or a character that cannot be seen"]),
        ('name,amount\n"A,5\n', ["it cannot be read as CSV (unexpected end of data)"]),
        # several at once, in the order of their rows
        (
            "name,amount,period\nB,x,weekly\n,1,\n",
            ["row 2, amount: 'x' is no amount; write the number alone, such as 1234.56 (currency has its column)",
             "row 3, name: is missing"],
        ),
    ],
)  # fmt: skip
def test_every_mistake_of_budgets_is_told_with_its_place(text: str, told: Sequence[str]):
    found = mistakes("budgets", text)
    if "alerts.routes" in told[0]:
        found = [found[0].partition("; known")[0]]
        told = [told[0].partition("; known")[0]]
    assert [each for each in found if "Input should be 'month'" not in each] == list(told)


def test_owner_rules_stand_before_those_of_the_file_in_their_order():
    text = (
        "Name,Project,Tag:Team,API key,team,Cost center,shared,from,to\n"
        "one,find-new,,,support,CC1,,2026-10-01,\n"
        ",,*,,{tag:Team},,,,\n"
        ",,,key-*,,,platform,,2027-01-01\n"
    )
    proposal = taken("owners", text)
    assert proposal.settings.owners == (
        OwnerSettings(name="one", project="find-new", team="support", cost_centre="CC1", valid_from=date(2026, 10, 1)),
        OwnerSettings(tags={"Team": "*"}, team="{tag:Team}"),
        OwnerSettings(api_key="key-*", shared="platform", valid_to=date(2027, 1, 1)),
        *WRITTEN.owners,
    )


def test_a_list_of_owners_without_rules_takes_the_uploaded_ones_away():
    assert taken("owners", "project,team\n").settings.owners == WRITTEN.owners


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("project,team\nx,\n", "row 2: an owner rule needs at least one of team, cost_centre, product, use_case, "
         "environment, shared"),
        ("project,team\n,search\n", "row 2: an owner rule needs at least one of source, account, project, api_key, user"
         ", model, service, component, region, tags"),
        ("project,team,shared\nx,search,platform\n", "row 2: a rule says either team or shared: a pool is split over "
         "teams"),
        ("project,team\nx,serch\n", "row 2, team: there is no team 'serch' under teams; did you mean 'search'?"),
        ("project,shared\nx,plat\n", "row 2, shared: there is no pool 'plat' under shared; did you mean 'platform'?"),
        ("component,team\nmodels,search\n", "row 2, component: no component fits 'models'; did you mean 'model_apis'?"),
        ("project,team,from\nx,search,soon\n", "row 2, valid_from: 'soon' is no day; write it as YYYY-MM-DD, for "
         "example 2026-11-28"),
        ("project,team\n*,search\nx,support\n", "row 3: rule 2 decides nothing: rule 1 (line 2) comes first for all "
         "that it fits; move it up, narrow the other, or remove it"),
        ("project,owner\nx,search\n", "row 1, owner: there is no such column"),
        ("project,team,tag:\nx,search,\n", "row 1, tag:: write tag:KEY with the key of a tag"),
    ],
)  # fmt: skip
def test_every_mistake_of_owners_is_told_with_its_place(text: str, told: str):
    assert [each.partition("; known")[0] for each in mistakes("owners", text)] == [told]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("name,amount\nMüller,5\n".encode("utf-8-sig"), "Müller"),
        ("name;amount\r\nMüller;5\r\n".encode("cp1252"), "Müller"),
        ("name\tamount\nMüller\t5\n".encode("utf-16"), "Müller"),
        (b"sep=;\nname;amount\nA;5\n", "A"),
        (b"name,amount\n=cmd|' /C calc'!A0,5\n", "=cmd|' /C calc'!A0"),
        (b"name,amount\n\\=cmd,5\n", "=cmd"),
    ],
)
def test_text_of_any_spreadsheet_stays_text(content: bytes, name: str):
    assert budget(taken("budgets", text_of(content, "table.csv")), name).amount == 5


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"PK\x03\x04...", "it is a workbook; save the sheet as CSV (UTF-8) and upload that"),
        (b"name\0", "it is no text in UTF-8; save it as CSV (UTF-8)"),
        (b"n" * (MOST_BYTES + 1), f"it has {MOST_BYTES + 1:,} bytes; at most {MOST_BYTES:,} are read"),
    ],
)
def test_what_is_no_table_is_refused(content: bytes, told: str):
    with pytest.raises(UploadError) as refused:
        text_of(content, "table.csv")
    assert [str(mistake) for mistake in refused.value.mistakes] == [told]


def test_a_table_has_an_end():
    rows = "".join(f"{number},5\n" for number in range(MOST_ROWS + 1))
    assert mistakes("budgets", f"name,amount\n{rows}") == [
        f"it has {MOST_ROWS + 1:,} rows; at most {MOST_ROWS:,} are taken"
    ]


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("1234.56", "1234.56"), ("1,234.56", "1234.56"), ("1.234,56", "1234.56"), ("1 234,5", "1234.5"),
        ("1'234'567", "1234567"), ("1,234,567", "1234567"), ("1.234.567", "1234567"), ("12,5", "12.5"),
        ("0.125", "0.125"), ("0,125", "0.125"), ("1234.567", "1234.567"), ("1.2340", "1.2340"), ("-5", "-5"),
    ],
)  # fmt: skip
def test_numbers_of_either_side_of_the_ocean_are_read_exactly(cell: str, amount: str):
    assert upload_cells.amount_in(cell) == Decimal(amount)


WORDS = st.text(min_size=1, max_size=20).filter(lambda word: inert(word).strip() == word and "\n" not in word)
AMOUNTS = st.decimals("0.000001", "999999999", places=6)
MONTHS = st.dates(date(2020, 1, 1), date(2030, 1, 1)).map(lambda day: f"{day:%Y-%m}")


@st.composite
def some_budgets(draw: st.DrawFn) -> list[BudgetSettings]:
    names = draw(st.lists(WORDS, unique=True, min_size=1, max_size=4))
    return [BudgetSettings.model_validate(draw(_budget(name))) for name in names]


@st.composite
def _budget(draw: st.DrawFn, name: str) -> dict[str, Any]:
    steps = st.fixed_dictionaries({"of_pct": st.integers(1, 1000), "probability_pct": st.integers(50, 99)})
    burns = st.fixed_dictionaries({"days": st.integers(7, 92), "rate": st.decimals("1.01", 9, places=3)})
    return {
        "name": name,
        "amount": draw(AMOUNTS),
        "amounts": draw(st.dictionaries(MONTHS, AMOUNTS, max_size=3)),
        "currency": draw(st.sampled_from(["USD", "EUR"])),
        "period": draw(st.sampled_from(["month", "quarter", "year"])),
        "cost_basis": draw(st.sampled_from(["billed", "effective", "list"])),
        "scope": {
            "model": draw(st.none() | st.lists(WORDS, min_size=1, max_size=3)),
            "tags": draw(st.dictionaries(WORDS, st.lists(WORDS, min_size=1, max_size=2), max_size=2)),
        },
        "thresholds_pct": draw(st.lists(st.integers(1, 1000), max_size=3)),
        "forecast": draw(st.lists(steps, max_size=2, unique_by=lambda one: tuple(one.values()))),
        "burn_rates": draw(st.lists(burns, max_size=1)),
        "owner": draw(st.none() | WORDS),
        "carry_over": draw(st.sampled_from(["none", "both"])),
    }


@settings(max_examples=80, deadline=None)
@given(some_budgets())
def test_budgets_come_back_as_they_were_written(budgets: list[BudgetSettings]):
    alone = Settings(organization="Acme", budgets=tuple(budgets))
    proposal = propose(InForce(alone, alone), "budgets", InForce(alone, alone).table("budgets"), "again.csv")
    assert proposal.settings.budgets == alone.budgets
    assert proposal.base == proposal.now.base("budgets")


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "project": WORDS,
                "team": WORDS,
                "tags": st.dictionaries(WORDS, WORDS, max_size=2),
                "valid_from": st.none() | st.dates(date(2020, 1, 1), date(2030, 1, 1)),
                "name": st.none() | WORDS,
            }
        ),
        max_size=4,
    )
)
def test_owners_come_back_as_they_were_written(rules: list[dict[str, Any]]):
    owners = tuple(OwnerSettings.model_validate(rule) for rule in rules)
    alone = Settings(organization="Acme", owners=owners)
    now = InForce(alone, alone)
    # such rules may decide nothing: what is asked here is only what is read
    before = InForce(WRITTEN, WRITTEN.model_copy(update={"teams": ()}))
    proposal = propose(before, "owners", now.table("owners"), "again.csv", is_new=False)
    assert proposal.settings.owners == (*owners, *WRITTEN.owners)
