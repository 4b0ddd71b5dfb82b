"""AWS's maps (`resource_tags`, `product`) as JSON objects: Parquet maps, lists of key and value, JSON text of a CSV, or
one column a tag as the legacy report has them. Each distinct map is written once."""

from __future__ import annotations

import json

import polars as pl

from connectors.errors import AnswerError

_PAIRS = pl.List(pl.Struct({"key": pl.String, "value": pl.String}))


def as_json_objects(frame: pl.DataFrame, name: str, family: str, file: str) -> pl.Series:
    """The map `name`, or the columns that begin with `family`, as JSON text; null where there is no entry."""
    if name in frame.columns:
        return _of_map(frame[name], file)
    columns = [column for column in frame.columns if column.startswith(family)]
    if not columns:
        return pl.Series(name, [None], dtype=pl.String).new_from_index(0, frame.height)
    members = [
        pl.when(pl.col(column).cast(pl.String) != "").then(
            pl.lit(f"{json.dumps(column.removeprefix(family), ensure_ascii=False)}:") + _quoted(pl.col(column))
        )
        for column in columns
    ]
    return frame.select(_object(pl.concat_str(members, separator=",", ignore_nulls=True)).alias(name)).to_series()


def entries(value: object) -> dict[str, str]:
    """One map as a dictionary, however it was stored; nothing for what is none."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    if isinstance(value, dict):
        return {str(key): str(item) for key, item in value.items() if item not in {None, ""}}
    if isinstance(value, list | tuple):
        pairs = [(entry["key"], entry["value"]) if isinstance(entry, dict) else tuple(entry) for entry in value]
        return {str(key): str(item) for key, item in pairs if item not in {None, ""}}
    return {}


def _of_map(series: pl.Series, file: str) -> pl.Series:
    if series.null_count() == len(series):
        return pl.Series(series.name, [None], dtype=pl.String).new_from_index(0, len(series))
    if series.dtype == pl.String:
        return _of_texts(series, file)
    if isinstance(series.dtype, pl.Struct):
        return _of_structs(series)
    try:
        pairs = series.cast(_PAIRS)
    except pl.exceptions.PolarsError as error:
        raise AnswerError(
            f"{file}: {series.name} is {series.dtype}, not a map of texts", remedy="export it as AWS does"
        ) from error
    # rows share few maps: each is written once, found again by its hash
    keyed = pl.DataFrame({"map": pairs}).with_columns(hash=pl.col("map").hash())
    distinct = keyed.unique("hash")
    pair = pl.element().struct.field("key"), pl.element().struct.field("value")
    texts = distinct.select(
        "hash",
        text=_object(
            pl.col("map")
            .list.eval(pl.when(pair[1] != "").then(_quoted(pair[0]) + ":" + _quoted(pair[1])))
            .list.join(",")
        ),
    )
    return keyed.select("hash").join(texts, on="hash", how="left", maintain_order="left")["text"]


def _object(members: pl.Expr) -> pl.Expr:
    return pl.when(members != "").then(pl.lit("{") + members + pl.lit("}"))


def _quoted(text: pl.Expr) -> pl.Expr:
    """A JSON string. Polars writes one only within an object; what needs escaping is rare and short."""
    escaped = text.cast(pl.String).str.replace_many(_ESCAPES)
    return pl.lit('"') + escaped + pl.lit('"')


_ESCAPES = {"\\": "\\\\", '"': '\\"', **{chr(code): f"\\u{code:04x}" for code in range(32)}}


def _of_texts(series: pl.Series, file: str) -> pl.Series:
    distinct = series.unique()
    written: list[str | None] = []
    for text in distinct:
        if text is not None and text.strip() and not text.lstrip().startswith("{"):
            raise AnswerError(f"{file}: {series.name} is no JSON object: {text[:60]!r}", remedy="export it as AWS does")
        held = entries(text)
        written.append(json.dumps(held, ensure_ascii=False, separators=(",", ":")) if held else None)
    table = pl.DataFrame({"map": distinct, "text": pl.Series(written, dtype=pl.String)})
    joined = pl.DataFrame({"map": series}).join(table, on="map", how="left", nulls_equal=True, maintain_order="left")
    return joined["text"]


def _of_structs(series: pl.Series) -> pl.Series:
    objects = [entries(value) for value in series.to_list()]
    return pl.Series([json.dumps(held, ensure_ascii=False) if held else None for held in objects], dtype=pl.String)
