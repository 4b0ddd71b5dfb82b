"""Where the dated, sourced facts of `data/` lie, and the price book, the catalog and the taxonomy read from them.

In a checkout that is `data/` beside the packages, in an installed wheel `pipelines/reference_data/`. What the facts
mean is `models`; how the price files are made is `pipelines.price_catalogue`.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import polars as pl

from models.economics import accelerator_catalogue as accelerators
from models.economics import components, developers
from models.economics.accelerator_catalogue import AcceleratorCatalogue
from models.economics.components import Taxonomy
from models.economics.developers import Developers
from models.economics.model_classes import ModelClasses, model_classes
from models.economics.utilisation import DeviceNames
from models.errors import OutlayError
from models.ledger import prices
from models.ledger.prices import PriceBook

PRICE_FILES = ("public", "models", "providers", "geography")
CATALOGUE_FILES = ("instances", "skus", "ai_services")


def reference_folder(name: str) -> Path:
    """The folder of reference data of that name, such as `prices`; `OutlayError` where there is none."""
    packages = Path(__file__).resolve().parent
    for folder in (packages.parent / "data" / name, packages / "reference_data" / name):
        if folder.is_dir():
            return folder
    raise OutlayError(
        f"reference data {name!r} is not part of this installation",
        remedy="install outlay again; in a checkout, restore data/ from version control",
    )


@lru_cache(maxsize=1)
def price_book() -> PriceBook:
    """The price book of this installation, read once per process."""
    return read_price_book(reference_folder("prices"))


@lru_cache(maxsize=1)
def price_fingerprint() -> str:
    """The hash of the price files: loads depend on it."""
    return _fingerprint(reference_folder("prices"), PRICE_FILES)


@lru_cache(maxsize=1)
def accelerator_catalogue() -> AcceleratorCatalogue:
    """The catalog of accelerators and AI services of this installation, read once per process."""
    return read_accelerator_catalogue(reference_folder("catalog"))


@lru_cache(maxsize=1)
def device_names() -> DeviceNames:
    """Which accelerators exporters of utilisation mean by their names, read once per process."""
    aliases = reference_folder("catalog") / "device_names.csv"
    if not aliases.is_file():
        raise OutlayError(
            "the catalog of accelerators lacks device_names.csv", remedy="restore data/catalog from version control"
        )
    return DeviceNames.of(pl.read_csv(aliases, infer_schema=False), accelerator_catalogue())


@lru_cache(maxsize=1)
def accelerator_fingerprint() -> str:
    """The hash of the catalog's files: loads depend on it."""
    return _fingerprint(reference_folder("catalog"), CATALOGUE_FILES)


@lru_cache(maxsize=1)
def taxonomy() -> Taxonomy:
    """Which component of the AI stack a charge pays for, read once per process."""
    return read_taxonomy(reference_folder("taxonomy"))


@lru_cache(maxsize=1)
def model_developers() -> Developers:
    """Who develops which models, read once per process."""
    return developers.developers(_taxonomy_file(reference_folder("taxonomy"), "developers"))


def read_taxonomy(folder: Path) -> Taxonomy:
    """The components from `components.csv` in a folder; `TaxonomyError` names a row that cannot be taken as it is."""
    return components.taxonomy(_taxonomy_file(folder, "components"))


def _taxonomy_file(folder: Path, name: str) -> pl.DataFrame:
    if not (folder / f"{name}.csv").is_file():
        raise OutlayError(f"the taxonomy lacks {name}.csv", remedy="restore data/taxonomy from version control")
    return pl.read_csv(folder / f"{name}.csv", infer_schema=False)


def _fingerprint(folder: Path, names: tuple[str, ...]) -> str:
    return hashlib.sha256(b"".join((folder / f"{name}.csv").read_bytes() for name in names)).hexdigest()


@lru_cache(maxsize=1)
def comparable_models() -> ModelClasses:
    """Which models are comparable, and which hosts may be proposed, read once per process."""
    folder = reference_folder("taxonomy")
    return model_classes(_taxonomy_file(folder, "model_classes"), _taxonomy_file(folder, "model_hosts"))


@lru_cache(maxsize=1)
def throughput_reference() -> pl.DataFrame:
    """`data/catalog/throughput.csv`, every column text: benchmark results that stand in for measurements of ours."""
    return pl.read_csv(reference_folder("catalog") / "throughput.csv", infer_schema=False)


@lru_cache(maxsize=1)
def accelerator_list_prices() -> pl.DataFrame:
    """`data/catalog/accelerator_prices.csv`, every column text: list prices of machines that we have no bills of."""
    return pl.read_csv(reference_folder("catalog") / "accelerator_prices.csv", infer_schema=False)


@lru_cache(maxsize=1)
def code_fingerprint() -> str:
    """The hash of the code that gives answers their meaning: a mended parser or rule loads the same answers anew."""
    packages = Path(__file__).resolve().parents[1]
    files = sorted(path for name in ("connectors", "models") for path in (packages / name).rglob("*.py"))
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()


def read_price_book(folder: Path) -> PriceBook:
    """The price book from the CSV files of a folder."""
    missing = [name for name in PRICE_FILES if not (folder / f"{name}.csv").is_file()]
    if missing:
        raise OutlayError(
            f"the price book lacks {', '.join(f'{name}.csv' for name in missing)}",
            remedy="restore data/prices from version control, or run `outlay prices update`",
        )
    return prices.price_book(*(pl.read_csv(folder / f"{name}.csv", infer_schema=False) for name in PRICE_FILES))


def read_accelerator_catalogue(folder: Path) -> AcceleratorCatalogue:
    """The catalog from the CSV files of a folder; `CatalogueError` names a row that cannot be taken as it is."""
    missing = [name for name in CATALOGUE_FILES if not (folder / f"{name}.csv").is_file()]
    if missing:
        raise OutlayError(
            f"the catalog of accelerators lacks {', '.join(f'{name}.csv' for name in missing)}",
            remedy="restore data/catalog from version control",
        )
    frames = (pl.read_csv(folder / f"{name}.csv", infer_schema=False) for name in CATALOGUE_FILES)
    return accelerators.accelerator_catalogue(*frames)
