"""A Parquet map of texts as JSON objects, read by its dictionaries: rows share few maps, each distinct one is written
once. Exact: rows that share a signature are compared entry by entry. Other forms of maps belong to `maps`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
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
    offsets = array.offsets.to_numpy(zero_copy_only=False).astype(np.int64)
    keys, values = array.keys, array.items
    if len(offsets) != len(array) + 1 or offsets[-1] == offsets[0]:
        return pl.Series([None], dtype=pl.String).new_from_index(0, len(array))
    start, stop = int(offsets[0]), int(offsets[-1])
    key_codes = keys.indices.to_numpy(zero_copy_only=False)[start:stop]
    value_codes = values.indices.fill_null(-1).to_numpy(zero_copy_only=False)[start:stop]
    first = offsets - start
    distinct, representative = _representatives(key_codes, value_codes, first)
    names, words = keys.dictionary.to_pylist(), values.dictionary.to_pylist()
    texts = [
        _object(
            (names[key_codes[entry]], words[value_codes[entry]])
            for entry in range(int(first[row]), int(first[row + 1]))
            if value_codes[entry] >= 0
        )
        for row in distinct
    ]
    table = pl.DataFrame({"row": distinct, "text": pl.Series(texts, dtype=pl.String)})
    joined = pl.DataFrame({"row": representative}).join(table, on="row", how="left", maintain_order="left")
    return joined["text"]


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
    rows = pl.DataFrame({"signature": sums[first[1:]] - sums[first[:-1]], "length": lengths}).with_row_index("row")
    firsts = rows.group_by("signature", "length").agg(representative=pl.col("row").min())
    joined = rows.join(firsts, on=["signature", "length"], how="left", maintain_order="left")
    representative = joined["representative"].to_numpy().astype(np.int64)
    moved = np.repeat(first[representative] - first[:-1], lengths) + np.arange(len(keys))
    differs = (keys[moved] != keys) | (values[moved] != values)
    if differs.any():
        alone = np.unique(np.repeat(np.arange(len(lengths)), lengths)[differs])
        representative[alone] = alone
    return np.sort(pl.Series(representative).unique().to_numpy()), representative


def _object(pairs: Iterable[tuple[str | None, str | None]]) -> str | None:
    held = {key: value for key, value in pairs if key is not None and value not in {None, ""}}
    return json.dumps(held, ensure_ascii=False, separators=(",", ":")) if held else None
