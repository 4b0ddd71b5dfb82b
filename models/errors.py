"""The one family of errors that people read. Every member says who, what happened and what to do next.

    OutlayError
    ├── ContractError            a frame does not keep the promises of its table
    ├── MoneyError               an amount that is not exact money
    ├── AlertError               what cannot happen to an alert as it stands
    └── (connectors.errors)      whatever reaches us from outside

Nothing else belongs here: no handling, no printing.
"""

from __future__ import annotations


class OutlayError(Exception):
    """Something a person can act on.

    `what` happened, to which `source`, `stream` and `window` (each where it applies), and the `remedy`.
    No secret may stand in any of them.
    """

    def __init__(
        self,
        what: str,
        *,
        remedy: str,
        source: str | None = None,
        stream: str | None = None,
        window: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy
        self.source = source
        self.stream = stream
        self.window = window

    @property
    def who(self) -> str:
        """Source, stream and window, as far as they are known."""
        return " · ".join(part for part in (self.source, self.stream, self.window) if part)

    def __str__(self) -> str:
        who = f"{self.who}: " if self.who else ""
        return f"{who}{self.what} → {self.remedy}"

    def __reduce__(self) -> tuple[object, ...]:
        """Errors cross process borders (workers, Dagster steps), keyword arguments and all."""
        return (_rebuild, (type(self), self.what, self.remedy, self.source, self.stream, self.window))


def _rebuild(
    kind: type[OutlayError],
    what: str,
    remedy: str,
    source: str | None,
    stream: str | None,
    window: str | None,
) -> OutlayError:
    return kind(what, remedy=remedy, source=source, stream=stream, window=window)


class ContractError(OutlayError):
    """A frame breaks the contract of the table that it was meant for."""


class MoneyError(OutlayError):
    """An amount that cannot be taken as exact money: a float, a NaN, too many digits."""


class AlertError(OutlayError):
    """What cannot happen to an alert as it stands, or is asked of one that there is not."""
