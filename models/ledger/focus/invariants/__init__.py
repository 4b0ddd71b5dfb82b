"""Our own FOCUS invariants: what a table of charges must keep, row by row, and the official validator does not see.

`check(frame)` judges any cost-and-usage table; `RULES` lists the rules of rows. A module a theme.
"""

from models.ledger.focus.invariants.judgement import RULES, Report, Violation, check, detect_version

__all__ = ["RULES", "Report", "Violation", "check", "detect_version"]
