"""Mistakes of drivers and measurements in `outlay.yaml`, each with its line."""

import pytest

from connectors.errors import ConfigurationError
from pipelines.configuration import read_settings

DRIVER = "organization: Acme\ndrivers:\n  - name: customers\n    unit: Customer\n"


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        (
            DRIVER + "    file: c.csv\n    scope:\n      teem: search\n",
            7,
            "costs have no 'teem' to choose by; did you mean 'team'?",
        ),
        (DRIVER + "    sql: DROP TABLE marts.tco_daily\n", 5, "no plain query"),
        (DRIVER + "    sql: SELECT day, value FROM nowhere\n", 5, "nowhere"),
        (DRIVER, 3, "either from a file or from sql"),
        (DRIVER + "    file: c.csv\n    month: median\n", 6, "'sum' or 'mean'"),
        (
            "organization: Acme\nutilisation:\n  - {name: dcgm, file: u.txt, format: dcgm, scale: ratio}\n",
            3,
            "say which `metric`, too",
        ),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path, content, line, says):
    path = tmp_path / "outlay.yaml"
    path.write_text(content)
    with pytest.raises(ConfigurationError) as mistaken:
        read_settings(path)
    assert f"line {line}: " in str(mistaken.value)
    assert says in str(mistaken.value)


def test_what_is_right_passes(tmp_path):
    path = tmp_path / "outlay.yaml"
    path.write_text(
        DRIVER + "    sql: SELECT CAST(window_start AS DATE) AS day, sum(quantity) AS value FROM usage.meter_readings "
        "GROUP BY ALL\n    scope: {team: search, component: model_apis}\n    month: mean\n"
    )
    assert read_settings(path).drivers[0].scope == {"team": "search", "component": "model_apis"}
