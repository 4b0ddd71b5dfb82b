"""Contracts that are mistakes of `outlay.yaml`, told with their lines."""

from pathlib import Path

import pytest

from connectors.errors import ConfigurationError
from pipelines.configuration import read_settings

FIRST = "{provider: aws, service: 'Amazon*', discount_pct: 10, valid_from: 2026-01-01"


def mistake(folder: Path, contract: str) -> str:
    """What is told of a contract; its first line is the third of the file."""
    file = folder / "outlay.yaml"
    file.write_text(f"organization: Acme\ncontracts:\n{contract}", encoding="utf-8")
    with pytest.raises(ConfigurationError) as error:
        read_settings(file)
    return error.value.what


def accepted(folder: Path, contract: str) -> None:
    file = folder / "outlay.yaml"
    file.write_text(f"organization: Acme\ncontracts:\n{contract}", encoding="utf-8")
    read_settings(file)


@pytest.mark.parametrize(
    ("second", "is_reached"),
    [
        ("{provider: aws, service: Amazon Bedrock, discount_pct: 20, valid_from: 2026-01-01}", False),
        ("{provider: AWS, service: 'Amazon*', region: us-*, discount_pct: 20, valid_from: 2026-06-01}", False),
        ("{provider: aws, service: AWS Glue, discount_pct: 20, valid_from: 2026-01-01}", True),
        ("{provider: aws, service: Amazon Bedrock, discount_pct: 20, valid_from: 2025-12-31}", True),
        ("{provider: aws, service: Amazon Bedrock, unit_price: 2, valid_from: 2026-01-01}", True),
        ("{provider: gcp, service: Amazon Bedrock, discount_pct: 20, valid_from: 2026-01-01}", True),
        ("{provider: aws, model: 'claude*', discount_pct: 20, valid_from: 2026-01-01}", True),
    ],
)
def test_a_rate_behind_a_wider_one_is_never_reached(tmp_path: Path, second: str, is_reached: bool) -> None:
    contract = f"  - name: EDP\n    rates:\n      - {FIRST}}}\n      - {second}\n"
    if is_reached:
        accepted(tmp_path, contract)
    else:
        told = mistake(tmp_path, contract)
        assert "line 6: contracts.0.rates.1: 'EDP, rate 2' is never reached: 'EDP, rate 1' (line 5)" in told


def test_a_rate_that_ends_before_the_other_begins_covers_nothing(tmp_path: Path) -> None:
    ended = f"{FIRST}, valid_to: 2026-07-01}}"
    accepted(tmp_path, f"  - name: EDP\n    rates:\n      - {ended}\n      - {FIRST}}}\n")


COMMIT = "{name: %s, kind: spend, amount: 100, valid_from: %s, valid_to: %s}"


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["    valid_to: 2026-01-01"], "line 5: contracts.0.valid_to: must lie after valid_from"),
        (
            ["    commits:", "      - " + COMMIT % ("a", "2025-01-01", "2026-06-01")],
            "line 6: contracts.0.commits.0: 'a' lies outside of the contract's dates, from 2026-01-01 until ever",
        ),
        (
            ["    commits:", "      - " + COMMIT % ("a", "2026-01-01", "2026-06-01")],
            "line 6: contracts.0.commits.0: whose charges count against 'a'?",
        ),
        (
            ["    rates:", "      - {provider: aws, sku: '*', discount_pct: 1, valid_from: 2025-06-01}"],
            "line 6: contracts.0.rates.0: holds outside of the contract's dates",
        ),
        (
            ["    valid_to: 2027-01-01", "    renewal: {day: 2027-06-01}"],
            "line 6: contracts.0.renewal.day: lies after the contract's end, 2027-01-01",
        ),
        (
            [
                "    issuer: aws",
                "    commits:",
                "      - " + COMMIT % ("a", "2026-01-01", "2026-07-01"),
                "      - " + COMMIT % ("b", "2026-06-30", "2026-12-01"),
            ],
            "line 8: contracts.0.commits.1: 'a' (line 7) and 'b' overlap: each charge would count against both",
        ),
        (
            [
                "    issuer: aws",
                "    commits:",
                "      - " + COMMIT % ("a", "2026-01-01", "2026-07-01"),
                "      - " + COMMIT % ("a", "2026-07-01", "2026-12-01"),
            ],
            "line 8: contracts.0.commits.1.name: 'a' is a commit already (line 7)",
        ),
    ],
)
def test_what_does_not_go_with_its_contract(tmp_path: Path, lines: list[str], says: str) -> None:
    contract = "\n".join(["  - name: EDP", "    valid_from: 2026-01-01", *lines]) + "\n"
    assert says in mistake(tmp_path, contract)


BESIDE = (
    "  - {{name: EDP, issuer: aws, commits: [{}]}}\n".format(COMMIT % ("a", "2026-01-01", "2026-07-01"))
    + "  - name: second\n    %s\n    commits:\n"
    + "      - {}\n".format(COMMIT % ("b", "2026-06-30", "2026-12-01"))
)


def test_a_charge_counts_against_one_of_several_contracts(tmp_path: Path) -> None:
    told = mistake(tmp_path, BESIDE % "issuer: AWS")
    assert "line 7: contracts.1.commits.0: 'a' (line 3) and 'b' overlap: each charge would count against both" in told


def test_commits_of_other_issuers_go_beside_each_other(tmp_path: Path) -> None:
    accepted(tmp_path, BESIDE % "issuer: openai")


def test_a_contract_that_goes_together_is_accepted(tmp_path: Path) -> None:
    accepted(
        tmp_path,
        "  - name: EDP\n    issuer: aws\n    valid_from: 2026-01-01\n    valid_to: 2028-01-01\n"
        f"    rates:\n      - {FIRST}}}\n"
        "    commits:\n"
        f"      - {COMMIT % ('y1', '2026-01-01', '2027-01-01')}\n"
        f"      - {COMMIT % ('y2', '2027-01-01', '2028-01-01')}\n"
        "    renewal: {day: 2028-01-01, notice_days: 90, automatic: true}\n",
    )
