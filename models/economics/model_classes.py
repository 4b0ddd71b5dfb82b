"""Which models are comparable: reviewed classes of models, and the hosts that may be proposed, from `data/taxonomy`.

Two models are comparable where they are of one class. That says for which kind of work their makers sell them, not that
one answers as well as the other: whoever would change must try.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from models.economics.components import TaxonomyError
from models.economics.developers import Developers
from models.economics.first_match import Rule, first_match
from models.ledger.prices import PriceBook

CLASSES = ("frontier", "large", "mid", "small", "embedding")
CLASS_COLUMNS = ("model", "class", "proposed", "reason")
HOST_COLUMNS = ("provider", "host", "reason")


@dataclass(frozen=True)
class ModelClasses:
    """`rules` with what each says, in order: a class or none, and whether such a model may be proposed; `hosts`: by
    provider of the price book, the name of the host as FOCUS has it."""

    rules: tuple[Rule, ...]
    names: tuple[str | None, ...]
    proposed: tuple[bool, ...]
    hosts: dict[str, str]

    def of(self, models: pl.Series) -> pl.DataFrame:
        """`model_class` and `proposed` of each model as vendors name it; null and false where no row knows it."""
        row = first_match(models.str.to_lowercase().to_frame("model"), self.rules)
        names, proposed = pl.Series(self.names, dtype=pl.String), pl.Series(self.proposed, dtype=pl.Boolean)
        return pl.DataFrame({"model_class": names.gather(row), "proposed": proposed.gather(row).fill_null(value=False)})

    def ranks(self, models: Collection[str]) -> dict[str, int]:
        """How good the class of each model is, 0 the best; a model of no known class is not in it."""
        names = sorted(models)
        known = self.of(pl.Series(names, dtype=pl.String))["model_class"]
        return {model: CLASSES.index(name) for model, name in zip(names, known, strict=True) if name is not None}


def as_good(model: str, others: Sequence[str], ranks: Mapping[str, int]) -> list[str]:
    """Of `others` those of the model's class or a better one; where none is, those of the best class among them.

    A model of no known class is set beside the best. The order stays; what has no class itself is left out.
    """
    known = [other for other in others if other in ranks]
    if not known:
        return []
    wanted = max(ranks.get(model, 0), min(ranks[other] for other in known))
    return [other for other in known if ranks[other] <= wanted]


def model_classes(classes: pl.DataFrame, hosts: pl.DataFrame) -> ModelClasses:
    """From the frames of `model_classes.csv` and `model_hosts.csv`, all text.

    Raises `TaxonomyError`, with the line, for a missing column, an unknown class, or a row without its reason.
    """
    _check_columns(classes, CLASS_COLUMNS, "model_classes.csv")
    _check_columns(hosts, HOST_COLUMNS, "model_hosts.csv")
    for line, (glob, name, proposed, reason) in enumerate(classes.select(CLASS_COLUMNS).fill_null("").iter_rows(), 2):
        if not glob or glob != glob.lower() or not reason:
            raise _wrong("model_classes.csv", line, f"{glob!r} needs a glob in small letters and a reason")
        if name not in (*CLASSES, "") or proposed not in ("yes", "no") or (proposed == "yes" and not name):
            raise _wrong(
                "model_classes.csv", line, f"{glob!r}: class is one of {', '.join(CLASSES)}, proposed yes or no"
            )
    for line, row in enumerate(hosts.select(HOST_COLUMNS).fill_null("").iter_rows(), 2):
        if not all(row):
            raise _wrong("model_hosts.csv", line, "a cell is blank")
    return ModelClasses(
        tuple(Rule({("model",): glob}) for glob in classes["model"]),
        tuple(name or None for name in classes["class"]),
        tuple(proposed == "yes" for proposed in classes["proposed"]),
        dict(hosts.select("provider", "host").iter_rows()),
    )


def candidates(classes: ModelClasses, developers: Developers, book: PriceBook) -> pl.DataFrame:
    """provider, host, model, developer, model_class: every model of the price book that may be proposed, by host.

    A host whose price list falls back on another's sells the models of that one, too.
    """
    named = book.rows.select("provider", "model").unique().filter(pl.col("model") != "")
    sells = [
        (provider, host, owner)
        for provider, host in classes.hosts.items()
        for owner in (provider, *book.names.fallbacks.get(provider, ()))
    ]
    offers = pl.DataFrame(sells, schema=dict.fromkeys(("host_provider", "host", "provider"), pl.String), orient="row")
    found = (
        offers.join(named, on="provider").select(pl.col("host_provider").alias("provider"), "host", "model").unique()
    )
    known = pl.concat(
        [found, classes.of(found["model"]), developers.of(found["model"]).alias("developer").to_frame()],
        how="horizontal",
    )
    return known.filter("proposed", pl.col("developer").is_not_null()).drop("proposed").sort("provider", "model")


def _check_columns(frame: pl.DataFrame, columns: tuple[str, ...], file: str) -> None:
    if absent := [name for name in columns if name not in frame.columns]:
        raise _wrong(file, 1, f"column {absent[0]!r} is missing")


def _wrong(file: str, line: int, why: str) -> TaxonomyError:
    return TaxonomyError(f"{file}, line {line}: {why}", remedy=f"mend that row of data/taxonomy/{file}")
