"""A Parquet map of texts as JSON objects, read by its dictionaries: rows share few maps, each distinct one is written
once. Exact: rows that share a signature are compared entry by entry. Other forms of maps belong to `maps`.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray


def is_text_map(arrow_type: Any) -> bool:
    """Whether a column is a map from text to text."""
    import pyarrow as pa

    def is_text(part: Any) -> bool:
        return pa.types.is_string(part) or pa.types.is_large_string(part)

    return pa.types.is_map(arrow_type) and is_text(arrow_type.key_type) and is_text(arrow_type.item_type)


def written(column: Any) -> pl.Series:
    """JSON objects of a chunked array of map<dictionary, dictionary>; null where a map has no entry."""
    chunks = [_written(chunk) for chunk in column.chunks]
    return pl.concat(chunks) if chunks else pl.Series([], dtype=pl.String)


def _written(array: Any) -> pl.Series:
    offsets = _numbers(array.offsets).astype(np.int64)
    keys, values = array.keys, array.items
    if len(offsets) != len(array) + 1 or offsets[-1] == offsets[0]:
        return pl.Series([None], dtype=pl.String).new_from_index(0, len(array))
    start, stop = int(offsets[0]), int(offsets[-1])
    key_codes, value_codes = _numbers(keys.indices)[start:stop], _numbers(values.indices)[start:stop]
    first = offsets - start
    distinct, representative = _representatives(key_codes, value_codes, first)
    names, words = _quoted(keys.dictionary), [*_quoted(values.dictionary), None]
    texts = [
        _object(names, words, key_codes[first[row] : first[row + 1]], value_codes[first[row] : first[row + 1]])
        for row in distinct.tolist()
    ]
    table = pl.DataFrame({"row": distinct, "text": pl.Series(texts, dtype=pl.String)})
    joined = pl.DataFrame({"row": representative}).join(table, on="row", how="left", maintain_order="left")
    return joined["text"]


def _numbers(array: Any) -> NDArray[np.int32]:
    """An Arrow array of numbers, -1 for null; pyarrow's own way would import pandas."""
    series = pl.from_arrow(array)
    assert isinstance(series, pl.Series)
    return series.fill_null(-1).to_numpy()


def _quoted(dictionary: Any) -> list[str | None]:
    """Each word as JSON writes it; None for empty text, which says nothing."""
    return [json.dumps(word, ensure_ascii=False) if word else None for word in dictionary.to_pylist()]


def _object(
    names: list[str | None], words: list[str | None], keys: NDArray[np.int32], values: NDArray[np.int32]
) -> str | None:
    held = {names[key]: words[value] for key, value in zip(keys.tolist(), values.tolist(), strict=True)}
    members = ",".join([f"{name}:{word}" for name, word in held.items() if name is not None and word is not None])
    return f"{{{members}}}" if members else None


def _representatives(
    keys: NDArray[np.int32], values: NDArray[np.int32], first: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows whose entries differ from those of every row before, and for each row the one of them that it equals.

    Rows are brought together by a signature, then compared: where two maps share one, the later stand for themselves.
    """
    lengths = np.diff(first)
    numbers = np.random.default_rng(1)
    weights = [
        numbers.integers(1, 2**63, int(codes.max(initial=0)) + 2, np.uint64) | np.uint64(1) for codes in (keys, values)
    ]
    mixed = weights[0][keys] * weights[1][values]
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(mixed, dtype=np.uint64)])
    signature = sums[first[1:]] - sums[first[:-1]] + lengths.astype(np.uint64)
    rows = pl.DataFrame({"signature": signature}).with_row_index("row")
    firsts = rows.group_by("signature").agg(representative=pl.col("row").min())
    joined = rows.join(firsts, on="signature", how="left", maintain_order="left")
    representative = joined["representative"].to_numpy().astype(np.int64)
    if (lengths[representative] != lengths).any():
        representative = np.arange(len(lengths))
    moved = np.repeat(first[representative] - first[:-1], lengths) + np.arange(len(keys))
    differs = (keys[moved] != keys) | (values[moved] != values)
    if differs.any():
        alone = np.unique(np.repeat(np.arange(len(lengths)), lengths)[differs])
        representative[alone] = alone
    return np.sort(pl.Series(representative).unique().to_numpy()), representative
