"""`outlay import invoice`: a file is kept in the home, and every month that it bills or pays for is loaded."""

from __future__ import annotations

import os
import shutil
from itertools import chain
from pathlib import Path

from connectors.errors import AnswerError, ConfigurationError, IncompleteError
from connectors.exports.places import is_data_file
from connectors.invoices.connector import billed_and_paid_for
from connectors.invoices.invoice import Invoice
from connectors.invoices.reading import read_invoices
from pipelines.exchange import import_export, importable
from pipelines.imports import invoice_folder
from pipelines.run import RunReport
from pipelines.workplace import Workplace

CONNECTOR = "invoices"


def import_invoices(work: Workplace, file: Path, source: str = CONNECTOR) -> RunReport:
    """Keep the file and load the months of all files of this source; again is the same as once.

    A file of the same name takes the place of the earlier one, as long as it holds all of its invoices. Everything is
    read first: a file with a mistake, or one that contradicts what is kept, is not kept, and what was loaded stays.
    Raises `AnswerError`, `IncompleteError` where there is no such file, `ConfigurationError` for a source of
    `outlay.yaml`.
    """
    folder = invoice_folder(work.home, source)
    importable(work, CONNECTOR, source, {"path": str(folder)})
    if not work.control.current_loads(source):
        # what was withdrawn is not brought back by another file
        shutil.rmtree(folder, ignore_errors=True)
    body = _content(file)
    read = read_invoices(body, file.name)
    kept = {path.name: read_invoices(path.read_bytes(), path.name) for path in _files(folder)}
    _check_holds_all(file.name, read, kept.get(file.name, []))
    now = work.surroundings.clock()
    if not billed_and_paid_for(chain.from_iterable({**kept, file.name: read}.values()), now):
        raise AnswerError(
            f"{file.name} bills nothing up to {now:%B %Y}", remedy="import it once the first month that it bills begins"
        )
    _keep(folder / file.name, body)
    # an invoice that is voided or mended may leave days without a charge: that is what was asked for
    return import_export(work, CONNECTOR, str(folder), source, accept_shrink=True)


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.glob("*")) if is_data_file(path.name)]


def _check_holds_all(name: str, read: list[Invoice], earlier: list[Invoice]) -> None:
    """Raises `AnswerError` where a file of the same name was imported with an invoice that this one does not hold."""
    lost = sorted({invoice.key for invoice in earlier} - {invoice.key for invoice in read})
    if lost:
        issuer, invoice_id = lost[0]
        raise AnswerError(
            f"a file {name} was imported before with invoice {invoice_id} of {issuer}, which this one does not hold",
            remedy="give this file another name to add it; an invoice that is void keeps its lines, with status Voided",
        )


def _content(file: Path) -> bytes:
    if not is_data_file(file.name):
        raise ConfigurationError(f"{file.name} is no CSV by its name", remedy="name it .csv or .csv.gz")
    try:
        return file.read_bytes()
    except OSError as error:
        raise IncompleteError(f"{file} cannot be read: {error.strerror}", remedy="correct the path") from None


def _keep(path: Path, body: bytes) -> None:
    """Written whole, then given its name: a run that reads the folder never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.tmp")
    aside.write_bytes(body)
    os.replace(aside, path)  # noqa: PTH105 - the atomic one
