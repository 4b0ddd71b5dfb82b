"""Charges have names of their own: the place in the load, whatever the parts that it came in."""

import polars as pl

from models.ledger.charge_ids import numbered


def test_numbers_go_on_from_part_to_part():
    charges = pl.DataFrame({"x_Source": ["openai"] * 3})
    assert numbered(charges, billing_period="2026-03")["x_ChargeId"].to_list() == [
        "openai:2026-03:1",
        "openai:2026-03:2",
        "openai:2026-03:3",
    ]
    assert numbered(charges.head(1), billing_period="2026-03", after=3)["x_ChargeId"].item() == "openai:2026-03:4"


def test_corrections_have_names_that_no_charge_of_the_load_has():
    charge = pl.DataFrame({"x_Source": ["openai"]})
    named = numbered(charge, billing_period="2026-03", after=1, kind="correction-")
    assert named["x_ChargeId"].item() == "openai:2026-03:correction-2"
