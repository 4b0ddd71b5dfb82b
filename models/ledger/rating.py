"""Rating: what readings would cost by the public price list and by our contracts.

Prices are constant for equal dimensions between two price changes, so they are looked up once per distinct key and
joined back. What was billed does not belong here: price × quantity is never called billed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import polars as pl

from models.ledger.contract_rates import ContractRate, change_instants, contracted_prices
from models.ledger.model_names import PriceModel
from models.ledger.money import product, quotient
from models.ledger.price_lookup import look_up, price_models
from models.ledger.prices import PriceBook
from models.ledger.units import METERS
from models.table import MONEY

RATED_COLUMNS = pl.Schema(
    {
        "price_model": pl.String,
        "pricing_unit": pl.String,
        "pricing_quantity": MONEY,
        "list_unit_price": MONEY,
        "contracted_unit_price": MONEY,
        "list_cost": MONEY,
        "contracted_cost": MONEY,
        "price_status": pl.String,
        "price_source": pl.String,
        "contract": pl.String,
    }
)
"""What rating adds to readings. Prices are per pricing unit and costs price × pricing quantity, rounded once; prices
and costs are null where `price_status` is unpriced. `price_source` names the source and every assumption, `contract`
the contract of ours that the contracted price is of."""

_DIMENSIONS = (
    "source", "provider", "model", "processing_tier", "inference_geo", "context_window", "meter",
)  # fmt: skip
_BLOCKS = pl.DataFrame(
    {
        "meter": list(METERS),
        "pricing_unit": [meter.pricing_unit for meter in METERS.values()],
        "block": pl.Series([meter.block for meter in METERS.values()]).cast(MONEY),
    }
)
_FIRST, _LAST = "first_epoch", "last_epoch"
_KEY = (*_DIMENSIONS, _FIRST, _LAST)


def rate(readings: pl.DataFrame, book: PriceBook, contracts: Sequence[ContractRate] = ()) -> pl.DataFrame:
    """The readings (per `METER_READINGS`), same rows in the same order, with `RATED_COLUMNS`.

    The price is the one that holds at `window_start`; the instant of a change belongs to the new price. A window that
    a price change falls into is estimated. Additive: rating parts and all at once give the same rows.
    """
    if readings.is_empty():
        return readings.with_columns(pl.lit(None, dtype=dtype).alias(name) for name, dtype in RATED_COLUMNS.items())
    models = price_models(readings.select("provider", "model"), book)
    instants = _price_changes(readings, models, book, contracts)
    keyed = readings.with_columns(_epochs(readings, instants))
    for key in (_fingerprint(), pl.struct(_KEY).rank("dense").cast(pl.UInt64)):
        keyed = keyed.with_columns(key=key)
        keys = keyed.group_by("key").agg(pl.col(name).first() for name in _KEY)
        rated_keys = _rated(keys, instants, models, book, contracts)
        joined = keyed.join(rated_keys, on="key", how="left", maintain_order="left")
        if joined.select(pl.all_horizontal(_same_key())).item():
            break  # else two keys share a fingerprint, once in a billion months: the slower, exact key
    return _costed(joined).select(*readings.columns, *RATED_COLUMNS)


def resolve_models(book: PriceBook, provider: str, names: Iterable[str]) -> dict[str, PriceModel | None]:
    """Each of a vendor's model names with the price model it means, None where nobody knows it."""
    return book.names.resolve(provider, names)


def _price_changes(
    readings: pl.DataFrame, models: pl.DataFrame, book: PriceBook, contracts: Sequence[ContractRate]
) -> pl.Series:
    """The instants, in order, at which a price of these models or a contract changes while they were used; first
    of all the start of the first window."""
    first, last = readings.select(pl.col("window_start").min(), last=pl.col("window_end").max()).row(0)
    rows = book.of_models(models.select(provider="price_provider", model="price_model").drop_nulls())
    changes: set[datetime] = set(pl.concat([rows["valid_from"], rows["valid_to"]]).drop_nulls())
    changes.update(change_instants(contracts))
    inside = sorted({first, *(change for change in changes if first < change < last)})
    return pl.Series("instant", inside, dtype=readings.schema["window_start"])


def _epochs(readings: pl.DataFrame, instants: pl.Series) -> list[pl.Series]:
    """Between which price changes a window begins, and ends (the last microsecond of it counts)."""
    ends = readings.select(pl.col("window_end") - pl.duration(microseconds=1)).to_series()
    return [
        (instants.search_sorted(column, side="right") - 1).cast(pl.UInt32).alias(name)
        for name, column in ((_FIRST, readings["window_start"]), (_LAST, ends))
    ]


def _fingerprint() -> pl.Expr:
    mixed = pl.lit(0, dtype=pl.UInt64)
    for place, name in enumerate(_KEY):
        mixed = mixed * 31 + pl.col(name).hash(place)
    return mixed


def _known(names: Iterable[str]) -> list[str]:
    return [f"{name}_of_key" for name in names]


def _same_key() -> list[pl.Expr]:
    return [pl.col(name).eq_missing(pl.col(known)).all() for name, known in zip(_KEY, _known(_KEY), strict=True)]


def _rated(
    keys: pl.DataFrame,
    instants: pl.Series,
    models: pl.DataFrame,
    book: PriceBook,
    contracts: Sequence[ContractRate],
) -> pl.DataFrame:
    """One row a key: its dimensions (suffixed), block, pricing unit, prices, status and source."""
    begun = _priced(keys.with_columns(at=instants.gather(keys[_FIRST])), models, book, contracts)
    crossing = keys.filter(pl.col(_FIRST) != pl.col(_LAST))
    if crossing.height:
        ended = _priced(crossing.with_columns(at=instants.gather(crossing[_LAST])), models, book, contracts)
        begun = _doubtful_where_changed(begun, ended)
    return begun.join(_BLOCKS, on="meter", how="left").rename(dict(zip(_KEY, _known(_KEY), strict=True))).drop("at")


def _priced(
    keys: pl.DataFrame, models: pl.DataFrame, book: PriceBook, contracts: Sequence[ContractRate]
) -> pl.DataFrame:
    """The keys with list and contracted unit price, status and source at their instant."""
    listed = keys.join(look_up(keys, models, book), on="key", how="left", maintain_order="left")
    priced = contracted_prices(listed, contracts)
    # a contract may price what no public list does: then it is the best known list price, as an estimate
    only_ours = pl.col("list_unit_price").is_null() & pl.col("contracted_unit_price").is_not_null()
    named = pl.when(pl.col("contracted_unit_price").is_not_null()).then(pl.format("contract: {}", "contract"))
    return priced.with_columns(
        list_unit_price=pl.coalesce("list_unit_price", "contracted_unit_price"),
        price_status=pl.when(only_ours).then(pl.lit("estimated")).otherwise("price_status"),
        price_source=pl.concat_str(["price_source", named], separator="; ", ignore_nulls=True).replace("", None),
    )


def _doubtful_where_changed(begun: pl.DataFrame, ended: pl.DataFrame) -> pl.DataFrame:
    prices = ("list_unit_price", "contracted_unit_price")
    later = begun.select("key").join(ended, on="key", how="left", maintain_order="left")
    crossed = pl.Series(begun[_FIRST] != begun[_LAST])
    changed = crossed & pl.Series(~begun[prices[0]].eq_missing(later[prices[0]]))
    changed |= crossed & pl.Series(~begun[prices[1]].eq_missing(later[prices[1]]))
    doubtful = pl.lit(changed) & (pl.col("price_status") == "priced")
    note = pl.concat_str(["price_source", pl.lit("a price changes within the window")], separator="; ")
    return begun.with_columns(
        price_status=pl.when(doubtful).then(pl.lit("estimated")).otherwise("price_status"),
        price_source=pl.when(doubtful).then(note).otherwise("price_source"),
    )


def _costed(keyed: pl.DataFrame) -> pl.DataFrame:
    """Cost = price × pricing quantity, the two figures that stand in the charge, so that it can be checked there."""
    quantity = pl.col("pricing_quantity")
    return keyed.with_columns(pricing_quantity=quotient(pl.col("quantity"), pl.col("block"))).with_columns(
        list_cost=product(quantity, pl.col("list_unit_price")),
        contracted_cost=product(quantity, pl.col("contracted_unit_price")),
    )
