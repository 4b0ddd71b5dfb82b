"""Whether an export has changed since it was last looked at, and which billing periods it holds now.

For whoever watches a folder: the fingerprint asks for a listing only, and the periods read no file whose folder names
its own. Loading belongs to `connector`.
"""

from __future__ import annotations

import hashlib

from connectors.exports.places import period_in_path
from connectors.focus_files.contents import periods_of
from connectors.focus_files.listing import export_files, listed_files
from connectors.focus_files.options import FocusFilesOptions


def fingerprint(options: FocusFilesOptions) -> str:
    """One word for every path, size and version of the export and its manifests: another word, another export.

    Raises `IncompleteError` where there is no file, `VendorUnavailableError` for a store that cannot be reached.
    """
    lines = [f"{file.url}\t{file.size}\t{file.version}" for file in listed_files(options)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:20]


def arrived_periods(options: FocusFilesOptions) -> list[str]:
    """Billing periods, YYYY-MM, of the files that lie there, sorted. Raises what `pull` and `translate` raise."""
    files = export_files(options, None).files
    told = {file.found.url: period_in_path(file.found.url) for file in files}
    unnamed = [file for file in files if told[file.found.url] is None]
    return sorted({period for period in told.values() if period} | set(periods_of(options, unnamed)))
