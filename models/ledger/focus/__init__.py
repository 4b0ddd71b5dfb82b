"""FOCUS 1.4: the four datasets as contracts, our own invariants over them, and the way out to other versions.

Import the tables from here; columns, invariants and export stand in modules of their own.
"""

from models.ledger.focus.tables import BILLING_PERIOD, CONTRACT_COMMITMENT, COST_AND_USAGE, INVOICE_DETAIL

__all__ = ["BILLING_PERIOD", "CONTRACT_COMMITMENT", "COST_AND_USAGE", "INVOICE_DETAIL"]
