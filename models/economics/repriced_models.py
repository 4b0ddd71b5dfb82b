"""What a month's usage of the dearest models would have cost as each comparable model, by the price book.

Which models are comparable is `model_classes`, what a price is `ledger.rating`; whether another model would do as well,
or answer at the same length, belongs to people. One model at a time, with every option: `repricing`.
"""

from __future__ import annotations

import dataframely as dy

from models.table import Table, money, text

MODELS = 12
"""Models that are repriced of each month: those that cost most."""
MONTHS = 3
"""Whole months that are repriced, up to the last."""


class RepricedModels(dy.Schema):
    """One row per month, model that was used and model that might have been; costs in `currency`."""

    month = text("Whole month of use, YYYY-MM")
    model = text("Model that was used, as the vendor names it")
    host_name = text("On whose price list it was used: the host, as FOCUS names it")
    model_class = text("Class of models that are comparable")
    candidate_model = text("Comparable model, as the price book names it")
    candidate_host = text("Who sells it, as FOCUS names hosts")
    candidate_developer = text("Who develops it", nullable=True)
    currency = text("ISO 4217 code of the price book: of all costs")
    tokens = money("Tokens that were used and charged by the token")
    compared_tokens = money("Of these, what both sides have a price for: all costs are of them")
    compared_share = money("compared_tokens ÷ tokens, 0 to 1")
    list_cost = money("At public prices, as it was used")
    contracted_cost = money("At our prices, as it was used")
    candidate_list_cost = money("The same tokens at public prices of the candidate, each day at its own")
    candidate_contracted_cost = money(
        "The same at our contract with that host; null where none of our contracts prices it", nullable=True
    )
    difference = money("candidate_list_cost − list_cost: below zero, the candidate is cheaper at list")
    assumptions = text("What is supposed, in a sentence")


REPRICED_MODELS = Table(
    name="repriced_models",
    schema="marts",
    kind="mart",
    grain="month × model × host × candidate model × candidate host",
    meaning=f"What the usage of the {MODELS} dearest models would have cost as comparable ones, of whole months.",
    contract=RepricedModels,
)
