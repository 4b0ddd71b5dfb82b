"""Concentration and single vendors, worked by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.economics.attribution import ATTRIBUTED_DAILY
from models.economics.components import TaxonomyError
from models.economics.developers import developers
from models.economics.exchange import COLUMNS, ExchangeRates, exchange_rates
from models.economics.model_classes import ModelClasses, candidates, model_classes
from models.economics.single_vendors import single_provider_uses
from models.economics.tco import TCO_DAILY
from models.economics.vendors import vendor_concentration
from models.ledger.prices import PriceBook, price_book
from models.table import Table

DAY = datetime(2026, 9, 10, tzinfo=UTC)
NO_RATES = ExchangeRates.none("USD")
COSTS = ("billed_cost", "effective_cost", "list_cost", "contracted_cost")


def frame(table: Table, *rows: dict[str, object]) -> pl.DataFrame:
    """Rows of a mart; `cost` is all four costs."""
    full: list[dict[str, object]] = []
    for row in rows:
        amount = Decimal(str(row["cost"]))
        fixed = {
            "origin": "charge", "source": "s", "billing_month": "2026-09", "day": DAY, "provider_name": "OpenAI",
            "issuer_name": "OpenAI", "billing_account_id": "a", "charge_category": "Usage", "allocation": "direct",
            "currency": "USD", "reporting_currency": "USD", "charges": 1,
        }  # fmt: skip
        if row.get("currency", "USD") == "USD":
            fixed["reporting_effective_cost"] = amount
        told = {**dict.fromkeys(table.polars_schema), **fixed, **dict.fromkeys(COSTS, amount), **row}
        full.append({name: told[name] for name in table.polars_schema})
    return table.check(pl.DataFrame(full, schema=table.polars_schema))


def of_role(concentration: pl.DataFrame, role: str) -> list[tuple[object, ...]]:
    return (
        concentration.filter(pl.col("role") == role)
        .select("name", "effective_cost", "share_pct", "rank", "hhi", "concentration")
        .rows()
    )


def test_the_index_of_three_developers_and_a_refund_by_hand():
    """OpenAI 600, Anthropic 300, unknown 100, Google −50 (a refund, net).

    What is above zero: 1,000. Shares 60 %, 30 %, 10 %: 60² + 30² + 10² = 3,600 + 900 + 100 = 4,600: high.
    The disk of 70 is no cost of models: it has no developer to be unknown.
    """
    model = {"component": "model_apis", "host_name": "AWS"}
    costs = frame(
        TCO_DAILY,
        {"cost": 400, "developer_name": "OpenAI", **model},
        {"cost": 200, "developer_name": "OpenAI", **model},
        {"cost": 300, "developer_name": "Anthropic", **model},
        {"cost": 100, "developer_name": None, **model},
        {"cost": -50, "developer_name": "Google", **model},
        {"cost": 70, "component": "networking_and_storage", "host_name": "AWS"},
    )
    assert of_role(vendor_concentration(costs), "model developer") == [
        ("OpenAI", 600, 60, 1, 4600, "high"),
        ("Anthropic", 300, 30, 2, 4600, "high"),
        (None, 100, 10, 3, 4600, "high"),
        ("Google", -50, None, None, 4600, "high"),
    ]
    assert of_role(vendor_concentration(costs), "host") == [("AWS", 1020, 100, 1, 10000, "high")]


@pytest.mark.parametrize(
    ("vendors", "index", "band"),
    [
        (10, 1000, "low"),  # ten of 10 %: 10 × 10² = 1,000, not above it
        (8, 1250, "moderate"),  # eight of 12.5 %: 8 × 156.25
        (5, 2000, "high"),  # five of 20 %: 5 × 400
    ],
)
def test_equal_vendors_and_the_bands_of_the_merger_guidelines(vendors, index, band):
    rows = [{"cost": 7, "issuer_name": f"vendor {number}"} for number in range(vendors)]
    found = of_role(vendor_concentration(frame(TCO_DAILY, *rows)), "invoice issuer")
    assert {row[4:] for row in found} == {(index, band)}


def test_declared_cost_counts_where_it_names_whom_it_pays():
    costs = frame(
        TCO_DAILY,
        {"cost": 75, "issuer_name": "OpenAI"},
        {"cost": 25, "origin": "declared", "issuer_name": "GitHub"},
        {"cost": 500, "origin": "declared", "issuer_name": None, "provider_name": "ourselves"},
    )
    found = of_role(vendor_concentration(costs), "invoice issuer")
    assert found == [("OpenAI", 75, 75, 1, 6250, "high"), ("GitHub", 25, 25, 2, 6250, "high")]


def test_shares_are_of_reporting_currency_and_what_has_no_rate_is_a_row_of_its_own():
    """September in USD: A 30, and Mistral AI's 50 EUR, which are 70 USD: 30 % and 70 %: 900 + 4,900 = 5,800."""
    costs = frame(
        TCO_DAILY,
        {"cost": 30, "issuer_name": "A"},
        {"cost": 50, "issuer_name": "Mistral AI", "currency": "EUR", "reporting_effective_cost": Decimal(70)},
        {"cost": 3, "issuer_name": "A", "currency": "PLN"},
        {"cost": -2, "issuer_name": "B", "day": datetime(2026, 8, 31, tzinfo=UTC)},
    )
    rows = vendor_concentration(costs).filter(pl.col("role") == "invoice issuer")
    assert rows.select(
        "month", "name", "currency", "has_rate", "effective_cost", "share_pct", "rank", "hhi"
    ).rows() == [
        ("2026-08", "B", "USD", True, -2, None, None, None),
        ("2026-09", "Mistral AI", "USD", True, 70, 70, 1, 5800),
        ("2026-09", "A", "USD", True, 30, 30, 2, 5800),
        ("2026-09", "A", "PLN", False, 3, None, None, None),
    ]


@given(st.lists(st.integers(min_value=-100, max_value=10**6), min_size=1, max_size=12))
def test_costs_are_kept_and_the_index_lies_between_equal_shares_and_one_vendor(amounts):
    rows = [{"cost": amount, "issuer_name": f"v{number}"} for number, amount in enumerate(amounts)]
    found = vendor_concentration(frame(TCO_DAILY, *rows)).filter(pl.col("role") == "invoice issuer")
    assert found["effective_cost"].sum() == sum(amounts)
    positive = [amount for amount in amounts if amount > 0]
    if positive:
        least = Decimal(10000) / len(positive)
        assert least - Decimal("0.001") <= found["hhi"].first() <= Decimal("10000.001")
    else:
        assert found["hhi"].is_null().all()


PRICES = {  # model: input and output, USD per million
    ("openai", "gpt-6-sol"): ("2", "10"),
    ("anthropic", "claude-sonnet-5"): ("3", "15"),
    ("aws", "claude-sonnet-5"): ("2", "16"),
    ("google", "gemini-3-pro"): ("1", "12"),
    ("google", "gemini-3-flash"): ("0.1", "0.2"),
}


def small_book() -> PriceBook:
    columns = ("meter", "processing_tier", "context_window", "pricing_unit", "currency", "valid_from", "valid_to",
               "price_list", "price_status", "note", "source")  # fmt: skip
    rows = [
        {**dict.fromkeys(columns), "provider": provider, "model": model, "meter": meter, "unit_price": price,
         "processing_tier": "standard", "pricing_unit": "1000000 Tokens", "currency": "USD", "price_list": "public",
         "price_status": "priced", "source": "by hand"}
        for (provider, model), asked in PRICES.items() for meter, price in zip(("input", "output"), asked, strict=True)
    ]  # fmt: skip
    names = ["provider", "model", "unit_price", *columns]
    matches = [(provider, "0", model, f'{{"equals":"{model}"}}') for provider, model in PRICES]
    owners = {provider for provider, _ in PRICES}
    return price_book(
        pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String)),
        pl.DataFrame(
            matches, schema=dict.fromkeys(("provider", "position", "model", "match"), pl.String), orient="row"
        ),
        pl.DataFrame([(owner, "") for owner in owners], schema=["provider", "falls_back_on"], orient="row"),
        pl.DataFrame(
            schema=dict.fromkeys(
                ("provider", "model", "inference_geo", "multiplier", "valid_from", "valid_to", "source"), pl.String
            )
        ),
    )


def small_classes(**changed: str) -> ModelClasses:
    rows = [("*-sol*", "large"), ("*sonnet*", "large"), ("*-pro*", "large"), ("*flash*", "mid")]
    hosts = [("openai", "OpenAI"), ("anthropic", "Anthropic"), ("aws", "AWS"), ("google", "Google Cloud")]
    classes = pl.DataFrame(
        [{"model": glob, "class": name, "proposed": "yes", "reason": "by hand", **changed} for glob, name in rows]
    )
    return model_classes(
        classes,
        pl.DataFrame([(*host, "by hand") for host in hosts], schema=["provider", "host", "reason"], orient="row"),
    )


MADE_BY = developers(
    pl.DataFrame({"model": ["gpt*", "claude*", "gemini*"], "developer": ["OpenAI", "Anthropic", "Google"]})
)


def test_the_next_best_vendor_of_a_use_with_a_single_one_by_hand():
    """`assistant` used 1 M input and 0.5 M output tokens of gpt-6-sol in September, for 2 + 5 = 7 USD: 100 % OpenAI.

    Comparable (large), another developer: claude-sonnet-5 at Anthropic 3 + 7.5 = 10.5, at AWS 2 + 8 = 10;
    gemini-3-pro 1 + 6 = 7. The flash model is of another class. Next best: Google, 7 USD, no difference.
    By host, OpenAI too: the cheapest elsewhere is the same, at Google Cloud.
    The 3 USD for a model of no class are OpenAI's as well, and are not compared.
    """
    gpt = {"developer_name": "OpenAI", "host_name": "OpenAI", "use_case": "assistant", "team": "search"}
    tokens = {**gpt, "model": "gpt-6-sol", "component": "model_apis", "unit": "Tokens"}
    attributed = frame(
        ATTRIBUTED_DAILY,
        {**tokens, "cost": 2, "meter": "input", "token_kind": "input", "consumed_quantity": Decimal(1_000_000)},
        {**tokens, "cost": 5, "meter": "output", "token_kind": "output", "consumed_quantity": Decimal(500_000)},
        {**gpt, "cost": 3, "model": "gpt-image", "component": "model_apis"},
        {"cost": 40, "component": "networking_and_storage", "use_case": "assistant"},
    )
    found = single_provider_uses(attributed, small_classes(), MADE_BY, small_book(), NO_RATES)
    columns = (
        "role", "vendor", "model_cost", "share_pct", "comparable_cost", "next_vendor", "next_models", "next_cost",
        "difference",
    )  # fmt: skip
    gemini = "gemini-3-pro on Google Cloud"
    assert found.select(columns).rows() == [
        ("host", "OpenAI", 10, 100, 7, "Google Cloud", gemini, 7, 0),
        ("model developer", "OpenAI", 10, 100, 7, "Google", gemini, 7, 0),
    ]


def test_below_95_percent_nobody_is_the_single_vendor_and_the_unknown_never_is():
    model = {"model": "m", "component": "model_apis"}
    attributed = frame(
        ATTRIBUTED_DAILY,
        {"cost": 94, "use_case": "a", "developer_name": "OpenAI", **model},
        {"cost": 6, "use_case": "a", "developer_name": "Anthropic", **model},
        {"cost": 95, "product": "b", "developer_name": "OpenAI", **model},
        {"cost": 5, "product": "b", "developer_name": None, **model},
        {"cost": 9, "team": "c", "developer_name": None, **model},
        # a credit that turns a vendor's net cost below zero takes no share, and gives nobody more than all
        {"cost": 8, "pool": "d", "developer_name": "OpenAI", "currency": "EUR", **model},
        {"cost": -3, "pool": "d", "developer_name": "Google", "currency": "EUR", **model},
    )
    found = single_provider_uses(attributed, small_classes(), MADE_BY, small_book(), NO_RATES)
    assert found.select("use_kind", "use_name", "vendor", "share_pct", "next_cost").rows() == [
        ("product", "b", "OpenAI", 95, None),
        ("pool", "d", "OpenAI", 100, None),
    ]


EURO = exchange_rates(
    pl.DataFrame([("2", "2026-09-01", "EUR", "USD", "1.5", "ECB")], schema=["line", *COLUMNS], orient="row"),
    "USD",
    file="rates.csv",
)


@pytest.mark.parametrize("rates", [EURO, NO_RATES])
def test_a_use_that_buys_in_two_currencies_hangs_on_nobody_of_one_of_them(rates):
    """Mistral AI is all that `catalogue` pays in EUR, and a part of what it pays: with a rate and without one."""
    model = {"model": "m", "component": "model_apis", "team": "catalogue"}
    attributed = frame(
        ATTRIBUTED_DAILY,
        {"cost": 10, "host_name": "Mistral AI", "currency": "EUR", **model},
        {"cost": 90, "host_name": "OpenAI", **model},
    )
    found = single_provider_uses(attributed, small_classes(), MADE_BY, small_book(), rates)
    assert found.is_empty()


def test_a_single_vendor_over_currencies_and_the_next_best_in_reporting_currency():
    """1 M input tokens of gpt-6-sol for 2 EUR at 1.5, another for 2 USD: 5 USD. gemini-3-pro asks 2 × 1 USD."""
    tokens = {
        "cost": 2, "model": "gpt-6-sol", "component": "model_apis", "developer_name": "OpenAI", "use_case": "u",
        "meter": "input", "token_kind": "input", "consumed_quantity": Decimal(10**6),
    }  # fmt: skip
    attributed = frame(ATTRIBUTED_DAILY, tokens, {**tokens, "currency": "EUR"})
    found = single_provider_uses(attributed, small_classes(), MADE_BY, small_book(), EURO)
    assert found.select("currency", "vendor_cost", "share_pct", "comparable_cost", "next_cost").rows() == [
        ("USD", 5, 100, 5, 2)
    ]


def test_a_credit_of_nobody_known_gives_no_vendor_more_than_all():
    """120 of Anthropic and a credit of 20 of nobody known: 100 %, not 120 ÷ 100."""
    model = {"model": "m", "component": "model_apis", "team": "support"}
    attributed = frame(
        ATTRIBUTED_DAILY,
        {"cost": 120, "developer_name": "Anthropic", **model},
        {"cost": -20, "developer_name": None, **model},
    )
    found = single_provider_uses(attributed, small_classes(), MADE_BY, small_book(), NO_RATES)
    assert found.select("model_cost", "vendor_cost", "share_pct").rows() == [(120, 120, 100)]


def test_what_has_no_rate_is_not_compared_with_prices_of_another_currency():
    tokens = {
        "model": "gpt-6-sol", "component": "model_apis", "developer_name": "OpenAI", "use_case": "u", "meter": "input",
        "token_kind": "input", "consumed_quantity": Decimal(10**6), "currency": "EUR",
    }  # fmt: skip
    found = single_provider_uses(
        frame(ATTRIBUTED_DAILY, {"cost": 2, **tokens}), small_classes(), MADE_BY, small_book(), NO_RATES
    )
    assert found.select("vendor_cost", "comparable_cost", "next_cost").rows() == [(2, None, None)]


def test_only_models_that_are_marked_are_proposed_and_mistakes_name_their_line():
    assert candidates(small_classes(proposed="no"), MADE_BY, small_book()).is_empty()
    with pytest.raises(TaxonomyError, match=r"model_classes.csv, line 2: .*class is one of"):
        small_classes(**{"class": "huge"})


def test_the_reviewed_classes_know_the_models_of_the_price_book():
    """Each maker that sells by the token has models of several classes, and every proposed one has a developer."""
    from pipelines.reference import comparable_models, model_developers, price_book

    found = candidates(comparable_models(), model_developers(), price_book())
    makers = dict(found.group_by("developer").agg(pl.col("model_class").n_unique()).iter_rows())
    assert all(makers[maker] >= 3 for maker in ("OpenAI", "Anthropic", "Google", "Mistral AI"))
    assert found["host"].n_unique() >= 8
