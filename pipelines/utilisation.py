"""Measured utilisation as `outlay.yaml` names it: every file of `utilisation`, read at each publishing.

A file that cannot be read is told, and stops nothing: the hours that it would have measured are unknown. How files are
read is in `utilisation_files`, what they mean in `models.economics.utilisation`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import polars as pl

from models.economics.utilisation import ACCELERATOR_UTILISATION, utilisation
from models.errors import OutlayError
from models.wording import nearest
from pipelines.name_checks import DECLARED
from pipelines.reference import accelerator_catalogue, device_names
from pipelines.settings.measures import UtilisationSettings
from pipelines.utilisation_files import samples_of


def accelerator_utilisation(
    measurements: Sequence[UtilisationSettings], folder: Path, sources: Collection[str]
) -> tuple[pl.DataFrame, list[OutlayError]]:
    """`usage.accelerator_utilisation`, and what could not be read, or is of none of the `sources`.

    Paths are from `folder` unless absolute. Accelerators of our own are the source `declared`.
    """
    frames = [ACCELERATOR_UTILISATION.empty()]
    problems: list[OutlayError] = []
    for told in measurements:
        try:
            frame = _measurement(told, folder)
        except OutlayError as error:
            error.source = error.source or f"utilisation {told.name!r}"
            problems.append(error)
            continue
        frames.append(frame)
        problems += _unknown_names(frame, told)
        problems += _unknown_source(told, [DECLARED, *sources])
    return pl.concat(frames), problems


def _measurement(told: UtilisationSettings, folder: Path) -> pl.DataFrame:
    samples = samples_of(folder / Path(told.file).expanduser(), told, accelerator_catalogue())
    return utilisation(samples, device_names(), measurement=told.name, source=told.source)


def _unknown_names(frame: pl.DataFrame, told: UtilisationSettings) -> list[OutlayError]:
    """One problem for all names that no list knows; their hours stay in the table and join no cost."""
    unknown = frame.filter(pl.col("accelerator_type").is_null())["accelerator_name"].unique().sort()
    if unknown.is_empty():
        return []
    names = ", ".join(repr(name) if name else "devices without a name" for name in unknown.head(5))
    return [
        OutlayError(
            f"{told.file}: no accelerator is known by the name of {names}",
            remedy="add the name to data/catalog/device_names.csv; until then these hours join no cost",
            source=f"utilisation {told.name!r}",
        )
    ]


def _unknown_source(told: UtilisationSettings, known: Sequence[str]) -> list[OutlayError]:
    """Told here and not with the configuration: imported files are sources, too."""
    if told.source is None or told.source in known:
        return []
    return [
        OutlayError(
            f"there is no source {told.source!r}{nearest(told.source, known)}",
            remedy="correct `source` under utilisation; until then these hours join no cost",
            source=f"utilisation {told.name!r}",
        )
    ]
