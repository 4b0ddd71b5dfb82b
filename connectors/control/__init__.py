"""The control store: loads, locks, names, claims, attempts, alerts, statements, publications, actions. See `store`."""

from connectors.control.records import (
    AccountClaim,
    Action,
    Attempt,
    CheckResult,
    CurrentLoad,
    IssuedStatement,
    LakeFiles,
    LoadFinding,
    LoadRecord,
    ObservedName,
    Restatement,
    StatedAmount,
)
from connectors.control.store import ControlStore

__all__ = [
    "AccountClaim",
    "Action",
    "Attempt",
    "CheckResult",
    "ControlStore",
    "CurrentLoad",
    "IssuedStatement",
    "LakeFiles",
    "LoadFinding",
    "LoadRecord",
    "ObservedName",
    "Restatement",
    "StatedAmount",
]
