"""The catalogue names every table once, and every word of a table is there."""

from models.catalogue import TABLES, facts


def test_names_are_unique_and_qualified():
    assert all(name == table.qualified_name for name, table in TABLES.items())
    assert {"usage.meter_readings", "focus.cost_and_usage", "marts.daily_costs", "ops.checks"} <= set(TABLES)


def test_facts_lie_in_the_lake():
    assert {table.qualified_name for table in facts()} == {
        "focus.corrections",
        "focus.invoice_detail",
        "usage.meter_readings",
        "usage.bill_lines",
        "usage.accelerators",
        "estimates.usage_estimates",
        "marts.reconciliation",
        "focus.cost_and_usage",
        "marts.daily_costs",
    }


def test_every_table_and_column_says_what_it_means():
    for table in TABLES.values():
        assert table.meaning
        assert table.grain
        for name, column in table.contract.columns().items():
            assert column.description, f"{table.qualified_name}.{name}"
