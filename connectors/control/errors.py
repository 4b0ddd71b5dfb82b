"""What can go wrong in the control store, as members of the one family."""

from __future__ import annotations

from connectors.errors import ConnectorError


class ControlError(ConnectorError):
    """The control store cannot be opened, read or written."""


class LockHeldError(ControlError):
    """Another run, or another part of this one, holds the lock."""


class LockLostError(ControlError):
    """This run was taken for dead and lost its lock; what it was about to commit does not count."""
