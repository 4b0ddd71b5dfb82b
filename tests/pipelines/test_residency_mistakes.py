"""Mistakes of residency policies are explained with their lines."""

import pytest

from connectors.errors import ConfigurationError
from pipelines.configuration import read_settings

POLICIES = """\
organization: Acme
residency:
  - name: customers
    regions: ["eu*", not_available]
    scope: {product: care, teem: search}
"""


def test_a_scope_that_costs_do_not_have_and_a_word_that_is_no_place(tmp_path):
    path = tmp_path / "outlay.yaml"
    path.write_text(POLICIES)
    with pytest.raises(ConfigurationError) as mistaken:
        read_settings(path)
    assert [line.strip() for line in mistaken.value.what.splitlines()[1:]] == [
        "line 4: residency.0.regions.1: 'not_available' is no place: what runs there is an unknown region, whatever a "
        "policy says",
        "line 5: residency.0.scope.teem: costs have no 'teem' to choose by; did you mean 'team'?",
    ]
