"""From a contract in `outlay.yaml` to the rates that are applied and the terms that are told."""

from datetime import date
from decimal import Decimal

from pipelines.contracts import clauses, contract_rates, contract_terms
from pipelines.settings.contracts import ContractSettings

AGREED = ContractSettings.model_validate(
    {
        "name": "AWS private pricing",
        "issuer": "aws",
        "valid_to": date(2028, 1, 1),
        "rates": [
            {"provider": "aws", "sku": "*p5*", "discount_pct": Decimal("12.50"), "valid_from": date(2026, 1, 1)},
            {"provider": "aws", "instance_type": "p4d.*", "unit_price": Decimal("9.1"), "unit": "Hours",
             "issuer": "Reseller", "valid_from": date(2026, 1, 1), "valid_to": date(2027, 1, 1)},
        ],
        "commits": [
            {"name": "year 1", "id": "edp-1", "kind": "spend", "amount": Decimal(1000), "valid_from": date(2026, 1, 1),
             "valid_to": date(2027, 1, 1)},
        ],
        "renewal": {"day": date(2028, 1, 1), "notice_days": 90},
    }
)  # fmt: skip


def test_a_rate_ends_with_its_contract_and_is_of_its_issuer_unless_it_says_otherwise() -> None:
    first, second = contract_rates([AGREED])
    assert (first.name, first.valid_to, first.issuer) == ("AWS private pricing, rate 1", date(2028, 1, 1), "aws")
    assert (second.name, second.valid_to, second.issuer) == (
        "AWS private pricing, rate 2",
        date(2027, 1, 1),
        "Reseller",
    )
    assert first.for_charges and second.for_charges


def test_a_clause_is_a_rate_in_words() -> None:
    words = clauses([AGREED])
    assert words["AWS private pricing, rate 1"].contract == "AWS private pricing"
    assert words["AWS private pricing, rate 1"].words == (
        "rate 1: 12.5 % off list, provider aws, sku *p5*, from 2026-01-01"
    )
    assert words["AWS private pricing, rate 2"].words == (
        "rate 2: 9.1 USD per Hours, provider aws, instance type p4d.*, issuer Reseller, "
        "from 2026-01-01 until 2027-01-01"
    )


def test_terms_say_when_notice_is_due() -> None:
    terms = contract_terms(AGREED)
    assert (terms.notice_by, terms.starts, terms.ends) == (date(2027, 10, 3), date(2026, 1, 1), date(2028, 1, 1))
    assert (terms.commits[0].commitment_id, terms.commits[0].parties.issuer) == ("edp-1", "aws")
    assert terms.discounts_pct == (Decimal("12.5"),)
