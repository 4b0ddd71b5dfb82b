"""Kinds by name, options checked without ever showing a value."""

from __future__ import annotations

import subprocess
import sys

import pytest

from connectors.errors import ConfigurationError
from connectors.registry import connector_kind, kinds, make_connector

KEY = "sk-admin-Very-Secret-0123456789"


def test_every_kind_can_be_made() -> None:
    assert kinds() == ("openai", "anthropic", "aws", "gcp", "azure", "focus-files", "invoices")
    for name in ("openai", "anthropic"):
        assert connector_kind(name).name == name
        connector = make_connector(name, "acme", {"admin_key": KEY})
        assert connector.source == "acme"
        assert KEY not in repr(connector)


def test_an_unknown_kind_lists_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="openai, anthropic, aws, gcp, azure, focus-files, invoices"):
        make_connector("opneai", "acme", {})


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "admin_key"),
        ({"admin_key": ""}, "is empty"),
        ({"admin_key": f"{KEY} \u2028x"}, "characters that no key has"),
        ({"admin_key": KEY, "base_ulr": "x"}, "base_ulr"),
        ({"admin_key": KEY, "base_url": "http://vendor.test"}, "in the clear"),
        ({"admin_key": KEY, "base_url": "https://u:pw@vendor.test"}, "user or password"),
        ({"admin_key": KEY, "streams": ["usage/complitions"]}, "no such report: usage/complitions"),
        ({"admin_key": KEY, "cost_group_by": ["project_id"]}, "needs line_item"),
    ],
)
def test_options_that_cannot_work_are_named_without_their_values(options: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make_connector("openai", "acme", options)
    assert said in str(caught.value)
    assert KEY not in str(caught.value)
    assert caught.value.source == "acme"


def test_the_registry_alone_imports_no_connector() -> None:
    code = "import sys, connectors.registry; print([m for m in ('httpx', 'polars', 'pydantic') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
