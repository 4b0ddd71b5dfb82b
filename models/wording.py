"""How amounts, shares, counts, days and months are written for people: the same on pages, in messages and in tables.

Wording only: exact text from exact values, English, no markup. What a figure means belongs to who states it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Context, Decimal

UNKNOWN = "–"
"""What stands for a value that is not known; never a zero."""

_CENT = Decimal("0.01")
_WIDE = Context(prec=60)
"""Room for every digit of a Decimal(38, 12); Python's own context rounds at 28."""
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
"""Control characters, marks that turn the direction of writing, and what cannot be seen at all."""
_UNIT_WORD = re.compile(r"\b[A-Z][a-z]+\b")
"""A word of a unit that is no abbreviation: `Hours` of `PTU-Hours`."""
_PREFIXES = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k"))


def money_text(amount: Decimal | None, currency: str, *, signed: bool = False) -> str:
    """`1,234.56 USD`, half-even to the cent; less than a cent is `<0.01 USD`, never nothing; unknown is a dash."""
    if amount is None:
        return UNKNOWN
    if amount and abs(amount) < _CENT / 2:
        return f"<0.01 {currency}" if amount > 0 else f">-0.01 {currency}"
    rounded = _WIDE.plus(amount.quantize(_CENT, context=_WIDE))
    return f"{rounded:{'+' if signed and rounded else ''},.2f} {currency}"


def about_text(amount: Decimal | None, currency: str) -> str:
    """`612,400 USD`: what nobody knows to the cent; whole from a thousand on, below to the cent; unknown is a dash."""
    if amount is None:
        return UNKNOWN
    if abs(amount) < 1000:
        return money_text(amount, currency)
    return f"{_WIDE.plus(amount.quantize(Decimal(1), context=_WIDE)):,.0f} {currency}"


def price_text(amount: Decimal | None, currency: str) -> str:
    """`0.000384 USD`: a price of one, to the cent and to three figures at least; unknown is a dash."""
    if amount is None:
        return UNKNOWN
    places = max(2, 2 - amount.adjusted()) if amount else 2
    rounded = _WIDE.plus(amount.quantize(Decimal(1).scaleb(-min(places, 12)), context=_WIDE))
    return f"{rounded:,f} {currency}"


def share_text(part: Decimal | None, whole: Decimal | None, *, places: int = 1) -> str:
    """`12.3 %` of whole; a dash where there is nothing to take a share of. Not quite all is never shown as 100 %."""
    if part is None or not whole:
        return UNKNOWN
    share = part * 100 / whole
    step = Decimal(1).scaleb(-places)
    rounded = share.quantize(step, context=_WIDE)
    if rounded == 100 and share < 100:
        rounded -= step
    return f"{rounded:,.{places}f} %"


def change_text(now: Decimal | None, before: Decimal | None) -> str:
    """`+12.3 %` against before; `new` from nothing; a dash where either is unknown or both are nothing."""
    if now is None or before is None:
        return UNKNOWN
    if before <= 0:
        return "new" if now > 0 and before == 0 else UNKNOWN
    return f"{(now - before) * 100 / before:+,.1f} %"


def count_text(count: Decimal | int | None) -> str:
    """`1.23 M`: three figures and a prefix; whole below a thousand; unknown is a dash."""
    if count is None:
        return UNKNOWN
    exact = Decimal(count)
    for size, prefix in _PREFIXES:
        if abs(exact) >= size:
            scaled = exact / size
            places = 2 if abs(scaled) < 10 else 1 if abs(scaled) < 100 else 0
            return f"{scaled:.{places}f} {prefix}"
    return f"{exact:.0f}"


def quantity_text(quantity: Decimal | int | None, unit: str | None) -> str:
    """`12.3 M tokens`, `812 requests`, `0.25 PTU-hours`: three figures, a prefix, FOCUS's unit in words; unknown is a
    dash, and a trace is not nothing."""
    if quantity is None:
        return UNKNOWN
    exact = Decimal(quantity)
    words = _UNIT_WORD.sub(lambda word: word.group().lower(), unit or "units")
    if exact == exact.to_integral_value() or abs(exact) >= 1000:
        return f"{count_text(exact)} {words}"
    return f"{exact:.2f} {words}" if abs(exact) >= _CENT else f"<0.01 {words}"


def tokens_text(tokens: Decimal | int | None) -> str:
    """`12.3 M tokens`."""
    return quantity_text(tokens, "Tokens")


def counted(count: int, one: str, many: str | None = None) -> str:
    """`1 row`, `1,024 rows`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def day_text(day: date | None) -> str:
    """`18 July 2026`."""
    return UNKNOWN if day is None else f"{day.day} {day:%B %Y}"


def month_text(billing_period: str) -> str:
    """`July 2026` of `2026-07`."""
    return f"{date.fromisoformat(f'{billing_period}-01'):%B %Y}"


def instant_text(instant: datetime | None) -> str:
    """`18 July 2026, 06:12 UTC`; the instant must be in UTC."""
    return UNKNOWN if instant is None else f"{day_text(instant.date())}, {instant:%H:%M} UTC"


def short_name(name: str) -> str:
    """Of a path or an ARN its last part, which is what people call it; else the name itself."""
    return name.rsplit("/", 1)[-1] if name.startswith(("/", "arn:")) else name


def capital(words: str) -> str:
    """`Words` of `words`; the rest as it is."""
    return f"{words[0].upper()}{words[1:]}"


def inert(words: str) -> str:
    """Without control characters and without marks that change how the rest is read: they steer terminals."""
    return _CONTROL.sub(" ", words)


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'search'?` for a word that is none of those known; else which they are, where there are any."""
    names = sorted(set(known))
    near = [name for name in names if word and name.startswith(word)] or difflib.get_close_matches(word, names, n=1)
    return f"; did you mean {near[0]!r}?" if near else (f"; known: {', '.join(names)}" if names else "")


def component_text(component: str) -> str:
    """`model APIs` of `model_apis`."""
    return component.replace("_", " ").replace(" apis", " APIs")
