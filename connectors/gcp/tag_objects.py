"""Labels and tags of a row: the JSON object of FOCUS Tags, and single labels. As Polars expressions."""

from __future__ import annotations

import polars as pl

_KEY, _VALUE = pl.element().struct.field("key"), pl.element().struct.field("value")


def tag_object(schema: pl.Schema) -> pl.Expr:
    """FOCUS Tags: labels under their key, resource tags under namespace/key; null where there is none."""
    members: list[pl.Expr] = []
    if _fields(schema, "labels") >= {"key", "value"}:
        members.append(pl.col("labels").list.eval(_member(_KEY)))
    if (fields := _fields(schema, "tags")) >= {"key", "value"}:
        namespace = pl.element().struct.field("namespace") if "namespace" in fields else pl.lit(None, dtype=pl.String)
        members.append(
            pl.col("tags").list.eval(_member(pl.concat_str(namespace, _KEY, separator="/", ignore_nulls=True)))
        )
    if not members:
        return pl.lit(None, dtype=pl.String)
    both = pl.concat_list(member.fill_null(pl.lit([], dtype=pl.List(pl.String))) for member in members)
    inside = both.list.unique(maintain_order=True).list.join(",")
    return pl.when(inside != "").then(pl.concat_str(pl.lit("{"), inside, pl.lit("}")))


def first_value(schema: pl.Schema, column: str, key: str) -> pl.Expr:
    """The value of one label of `column` (a list of key and value); null where it is not there."""
    if not _fields(schema, column) >= {"key", "value"}:
        return pl.lit(None, dtype=pl.String)
    found = pl.col(column).list.eval(pl.when(key == _KEY).then(_VALUE)).list.drop_nulls().list.first()
    return found.cast(pl.String).replace("", None)


def _member(key: pl.Expr) -> pl.Expr:
    return pl.concat_str(_text(key), pl.lit(":"), _text(_VALUE.fill_null("")))


def _text(value: pl.Expr) -> pl.Expr:
    """JSON's writing of a text, through an object with one member."""
    encoded = pl.struct(value.cast(pl.String).alias("t")).struct.json_encode()
    return encoded.str.slice(5, encoded.str.len_chars() - 6)


def _fields(schema: pl.Schema, column: str) -> set[str]:
    dtype = schema.get(column)
    if isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct):
        return {field.name for field in dtype.inner.fields}
    return set()
