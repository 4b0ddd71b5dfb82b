"""What a file really is, whatever its name says: Parquet, CSV or compressed CSV, whole or cut off.

Every file passes here before it is parsed, so that an error page, a half download or a wrong ending is named as such.
"""

from __future__ import annotations

import codecs
import io
import zlib
from dataclasses import dataclass
from typing import Literal

from connectors.errors import AnswerError

_PARQUET = b"PAR1"
_GZIP = b"\x1f\x8b"
_STEP = 1 << 20
_DOWNLOAD = "download or export the file again"


@dataclass(frozen=True)
class Sniffed:
    """The format, and for CSV its plain (decompressed) bytes."""

    format: Literal["parquet", "csv"]
    body: bytes


def sniff(body: bytes, name: str) -> Sniffed:
    """Look at a file's content. Raises `AnswerError` naming the file, what is wrong and what to do."""
    if not body:
        raise _refused(name, "is empty", _DOWNLOAD)
    if body.startswith(_PARQUET):
        if not body.endswith(_PARQUET) or len(body) < 12:
            raise _refused(name, "is Parquet that was cut off: its footer is missing", _DOWNLOAD)
        if _claims(name, ".csv", ".csv.gz", ".txt"):
            raise _refused(name, "is Parquet under a name of CSV", "name it .parquet")
        return Sniffed("parquet", body)
    if _claims(name, ".parquet"):
        raise _refused(
            name, f"is no Parquet: it begins with {body[:12]!r}", "export it anew, or name it for what it is"
        )
    if body.startswith(_GZIP):
        return Sniffed("csv", _checked_text(_decompressed(body, name), name))
    if _claims(name, ".gz"):
        raise _refused(name, "is not compressed although its name says so", "name it .csv, or export it anew")
    return Sniffed("csv", _checked_text(body, name))


def _decompressed(body: bytes, name: str) -> bytes:
    """All members of a gzip file."""
    plain = io.BytesIO()
    rest = body
    while rest:
        member = zlib.decompressobj(wbits=31)
        try:
            plain.write(member.decompress(rest))
        except zlib.error as error:
            raise _refused(name, "is damaged gzip", _DOWNLOAD) from error
        if not member.eof:
            raise _refused(name, "is gzip that was cut off", _DOWNLOAD)
        rest = member.unused_data.lstrip(b"\0")
    return plain.getvalue()


def _checked_text(body: bytes, name: str) -> bytes:
    if not body.strip():
        raise _refused(name, "is empty", _DOWNLOAD)
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise _refused(name, "is UTF-16", "export it as UTF-8")
    head = body[:512].lstrip(codecs.BOM_UTF8).lstrip().lower()
    if head.startswith((b"<!doctype", b"<html", b"<?xml", b"<error", b"<head")):
        raise _refused(name, "is a page of HTML or XML, not CSV", "it may be an error or login page: download it again")
    if head.startswith((b"{", b"[")):
        raise _refused(name, "is JSON, not CSV", "export it as CSV or Parquet")
    if head.startswith(b"pk\x03\x04"):
        raise _refused(name, "is a zip archive or a spreadsheet", "unpack it, or export it as CSV or Parquet")
    if b"\0" in body[:_STEP]:
        raise _refused(name, "is binary, not CSV", "export it as CSV (UTF-8) or Parquet")
    _check_utf8(body, name)
    if body.count(b'"') % 2:
        raise _refused(name, "has a quote that never ends: it was cut off, or its quotes are not doubled", _DOWNLOAD)
    return body


def _check_utf8(body: bytes, name: str) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(body), _STEP):
        try:
            decoder.decode(body[start : start + _STEP], final=start + _STEP >= len(body))
        except UnicodeDecodeError as error:
            line = body.count(b"\n", 0, start + error.start) + 1
            raise _refused(name, f"is not UTF-8 (line {line})", "export it as UTF-8") from error


def _claims(name: str, *suffixes: str) -> bool:
    return name.casefold().endswith(suffixes)


def _refused(name: str, what: str, remedy: str) -> AnswerError:
    return AnswerError(f"{name} {what}", remedy=remedy)
