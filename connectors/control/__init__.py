"""The control store: loads, locks, names, claims, attempts, outbox, publications and actions. See `store`."""

from connectors.control.records import (
    AccountClaim,
    Action,
    Attempt,
    CheckResult,
    CurrentLoad,
    LakeFiles,
    LoadFinding,
    LoadRecord,
    ObservedName,
    OutboxMessage,
    Restatement,
)
from connectors.control.store import ControlStore

__all__ = [
    "AccountClaim",
    "Action",
    "Attempt",
    "CheckResult",
    "ControlStore",
    "CurrentLoad",
    "LakeFiles",
    "LoadFinding",
    "LoadRecord",
    "ObservedName",
    "OutboxMessage",
    "Restatement",
]
