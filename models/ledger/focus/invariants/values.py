"""What a single value may be: never null, one of a closed set, not empty, a currency, a unit, a JSON object."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, cast

import polars as pl

from models.ledger.focus.column import Column
from models.ledger.focus.currencies import CURRENCIES
from models.ledger.focus.invariants.rule import Charges, Rule, where_value
from models.ledger.focus.sku_properties import SKU_PROPERTIES
from models.ledger.focus.tables import CHARGE_COLUMNS
from models.ledger.focus.unit_format import is_misspelt

_FREE_TEXT = frozenset({"ChargeDescription", "x_Reason"})
_NULL_WORDS = ["NULL", "null", "Null", "None", "NaN", "nan", "N/A", "n/a", "<NA>", "\\N"]
_SECRET = r"\b(?:sk-[A-Za-z0-9_-]{24,}|AKIA[A-Z0-9]{16})\b"


def _never_null(column: Column) -> Rule:
    name = column.name
    broken = pl.col(name).is_null()
    if column.level in {"conditional", "optional"}:
        # a vendor that does not support the feature sends the column empty throughout
        broken = broken & pl.col(name).is_not_null().any()
    return Rule(f"never-null:{name}", f"{name} is never null", (name,), broken)


def _allowed(column: Column) -> Rule:
    name = column.name
    shown = ", ".join(column.values) if len(column.values) <= 6 else f"one of {len(column.values)} values"
    return Rule(
        f"allowed-values:{name}",
        f"{name} is {shown}",
        (name,),
        where_value(name, lambda values: ~values.is_in(list(column.values))),
    )


def _text_rules(name: str) -> list[Rule]:
    rules = [
        Rule(
            f"no-empty-text:{name}",
            f"{name} is null rather than empty",
            (name,),
            where_value(name, lambda values: values.str.strip_chars() == ""),
            "ATT-StringHandling-A-007-O",
        )
    ]
    if name not in _FREE_TEXT:
        rules.append(
            Rule(
                f"no-null-words:{name}",
                f"{name} is null rather than the word for it",
                (name,),
                where_value(name, lambda values: values.is_in(_NULL_WORDS)),
            )
        )
    return rules


def _unit(name: str) -> Rule:
    return Rule(
        f"unit-format:{name}",
        f"{name} is written as FOCUS writes units (Tokens, 1000000 Tokens, GPU-Hours)",
        (name,),
        where_value(name, is_misspelt),
        f"CAU-{name}-C-003-O",
    )


class _RepeatedKeyError(ValueError):
    """A key stands twice in one object."""


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    keys = dict(pairs)
    if len(keys) != len(pairs):
        raise _RepeatedKeyError
    return keys


def parsed_object(text: str) -> dict[str, Any] | None:
    """The JSON object that `text` is; None for anything else, also for one with a repeated key."""
    try:
        value: object = json.loads(text, object_pairs_hook=_unique_keys)
    except ValueError:
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _where_text(name: str, is_bad: Callable[[str], bool]) -> Callable[[Charges], pl.Expr | None]:
    """Rows whose text `is_bad`."""
    return where_value(name, lambda values: pl.Series([is_bad(text) for text in values], dtype=pl.Boolean))


def _is_no_object(text: str) -> bool:
    return parsed_object(text) is None


def _is_not_flat(text: str) -> bool:
    parsed = parsed_object(text)
    return parsed is not None and any(isinstance(value, (dict, list)) for value in parsed.values())


def _has_wrong_key(text: str) -> bool:
    return any(not key.startswith("x_") and key not in SKU_PROPERTIES for key in parsed_object(text) or {})


def _has_wrong_type(text: str) -> bool:
    def wrong(key: str, value: object) -> bool:
        kind = SKU_PROPERTIES.get(key)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return value is not None and ((kind == "number" and not is_number) or (kind == "text" and is_number))

    return any(wrong(key, value) for key, value in (parsed_object(text) or {}).items())


def _json_rules(column: Column) -> list[Rule]:
    name = column.name
    rules = [
        Rule(
            f"json-object:{name}",
            f"{name} is one JSON object, each key once",
            (name,),
            _where_text(name, _is_no_object),
            "ATT-JsonObjectFormat-A-001-M" if column.form == "object" else "ATT-KeyValueFormat-A-001-M",
        )
    ]
    if column.form == "key_value":
        text = f"{name} holds plain values, no lists or objects"
        focus = "ATT-KeyValueFormat-A-004-M"
        rules.append(Rule(f"json-flat:{name}", text, (name,), _where_text(name, _is_not_flat), focus))
    return rules


def _is_secret(name: str) -> Rule:
    text = f"{name} holds no secret"
    return Rule(f"no-secrets:{name}", text, (name,), where_value(name, lambda values: values.str.contains(_SECRET)))


_COLUMNS = tuple(CHARGE_COLUMNS.values())
_TEXT = tuple(column for column in _COLUMNS if column.kind in {"text", "json"})


def _is_no_pricing_currency(values: pl.Series) -> pl.Series:
    return values.str.contains("^[A-Za-z]{3}$") & ~values.is_in(list(CURRENCIES))


VALUE_RULES: tuple[Rule, ...] = (
    *(_never_null(column) for column in _COLUMNS if not column.nullable),
    *(_allowed(column) for column in _COLUMNS if column.values),
    *(rule for column in _TEXT for rule in _text_rules(column.name)),
    *(_unit(column.name) for column in _COLUMNS if column.form == "unit"),
    *(rule for column in _COLUMNS if column.is_json for rule in _json_rules(column)),
    *(_is_secret(name) for name in ("ResourceId", "Tags", "x_ApiKeyId", "x_ApiKeyName", "x_VendorColumns")),
    Rule(
        "billing-currency-is-iso",
        "BillingCurrency is an ISO 4217 code in upper case",
        ("BillingCurrency",),
        where_value("BillingCurrency", lambda values: ~values.is_in(list(CURRENCIES))),
        "ATT-CurrencyFormat-A-004-M",
    ),
    Rule(
        "pricing-currency-is-iso-or-named",
        "PricingCurrency is an ISO 4217 code in upper case, or the name of a vendor's credits",
        ("PricingCurrency",),
        where_value("PricingCurrency", _is_no_pricing_currency),
        "ATT-CurrencyFormat-A-001-M",
    ),
    Rule(
        "sku-price-details-keys",
        "keys of SkuPriceDetails are FOCUS's own, in its spelling, or begin with x_",
        ("SkuPriceDetails",),
        _where_text("SkuPriceDetails", _has_wrong_key),
        "CAU-SkuPriceDetails-C-017-C",
    ),
    Rule(
        "sku-price-details-types",
        "FOCUS's own properties in SkuPriceDetails are numbers or text as FOCUS says",
        ("SkuPriceDetails",),
        _where_text("SkuPriceDetails", _has_wrong_type),
        "CAU-SkuPriceDetails-C-021-M",
    ),
)
"""Rules of single values, most of them one a column."""
