"""Mistakes in `outlay.yaml`: each is one sentence with its line, never a stack trace and never a secret."""

import pytest

from connectors.errors import ConfigurationError
from pipelines.configuration import read_settings

SOURCE = "organization: Acme\nsources:\n  - name: openai\n    connector: openai\n    options:\n"
RATE = "organization: Acme\ncontracts:\n  - name: deal\n    rates:\n      - {provider: openai, valid_from: 2026-01-01, "


def mistake(tmp_path, content: str | bytes) -> str:
    path = tmp_path / "outlay.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigurationError) as mistaken:
        read_settings(path)
    return str(mistaken.value)


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        (f"{SOURCE}      admin_key: sk-admin-123\n", 6, "write ${OPENAI_ADMIN_KEY} and put the key into .env"),
        (f"{SOURCE}      admin_key: sk-admin-123${{X}}\n", 6, "write ${OPENAI_ADMIN_KEY}"),
        (
            "organization: Acme\nsources:\n  - name: files\n    connector: focus-files\n    options:\n"
            "      path: s3://b/x\n      storage:\n        region: eu\n        aws_secret_access_key: sk-admin-123\n",
            9,
            "write ${AWS_SECRET_ACCESS_KEY}",
        ),
        (
            "organization: Acme\nalerts:\n  slack:\n    webhook: https://hooks.slack.com/services/sk-admin-123\n",
            4,
            "write ${SLACK_WEBHOOK_URL} and put the address into .env",
        ),
    ],
    ids=["key", "key with a name in it", "object store", "webhook"],
)
def test_a_secret_in_the_file_is_refused_and_not_shown(tmp_path, content, line, says):
    told = mistake(tmp_path, content)
    assert f"line {line}: " in told
    assert says in told
    assert "sk-admin-123" not in told


def test_secrets_by_name_and_plain_settings_beside_them_pass(tmp_path):
    path = tmp_path / "outlay.yaml"
    path.write_text(
        SOURCE + "      admin_key: ${OPENAI_ADMIN_KEY}\n"
        "  - name: files\n    connector: focus-files\n    options:\n      path: s3://b/x\n"
        "      storage: {region: eu-central-1, aws_secret_access_key: '${S3_SECRET}', token_file: /run/t}\n"
        "alerts: {slack: {webhook: '${HOOK}'}}\n"
    )
    assert [source.name for source in read_settings(path).sources] == ["openai", "files"]


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        ("# Zahlen\norganization: Müller\n".encode("latin-1"), 2, "is not UTF-8"),
        ("organization: Acme\n# bell \x07\n", 2, "a character that YAML does not allow"),
        ("organization: Acme\nbudgets:\n  - name: all\n    amount: .inf\n", 4, "is none"),
        ("organization: Acme\nbudgets:\n  - name: all\n    amount: .nan\n", 4, "is none"),
        ("organization: Acme\nbudgets:\n  - name: all\n    amount: 'Infinity'\n", 4, "finite"),
        ("organization: Acme\nstart: 2026-13-45\n", 2, "is none"),
        ("organization: Acme\n? [a]\n: 1\n", 2, "plain word"),
        ("[" * 5000, 1, "nests too deep"),
    ],
    ids=["latin-1", "control character", "inf", "nan", "infinity", "no date", "list as key", "deep"],
)
def test_what_is_no_yaml_of_ours_is_explained_with_its_line(tmp_path, content, line, says):
    told = mistake(tmp_path, content)
    assert f"line {line}: " in told
    assert says in told


@pytest.mark.parametrize(
    ("rate", "says"),
    [
        ("meter: inputs, discount_pct: 10", "unknown meter 'inputs'"),
        ("unit_price: 2.5", "needs a meter"),
        ("discount_pct: 10.12345678901", "no more than 10 decimal places"),
        ("discount_pct: 10, currency: EUR", "'deal, rate 1' is in EUR, and readings are priced in USD: write it so"),
        ("discount_pct: 10, issuer: Nobody", "names the issuer 'Nobody', which readings do not tell: name the"),
        ("discount_pct: 10, unit: Bananas", "is per 'Bananas', and readings have units of many kinds: leave"),
        ("processing_tier: turbo, discount_pct: 10", "unknown tier 'turbo'"),
    ],
)
def test_a_rate_that_the_ledger_cannot_apply_is_a_mistake_of_the_file(tmp_path, rate, says):
    told = mistake(tmp_path, f"{RATE}{rate}}}\n")
    assert "line 5: contracts.0.rates.0" in told
    assert says in told
