"""How busy accelerators were: samples become hours, by hand."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from models.economics.accelerator_catalogue import CatalogueError
from models.economics.utilisation import (
    ACCELERATOR_UTILISATION,
    INSTANTS,
    SAMPLES,
    DeviceNames,
    held,
    utilisation,
)
from pipelines.reference import accelerator_catalogue, device_names

NOON = datetime(2026, 9, 10, 12, tzinfo=UTC)
H100 = "NVIDIA H100 80GB HBM3"


def instants(*rows: dict) -> pl.DataFrame:
    known = {"device": "GPU-1", "accelerator_name": H100, "accelerators": Decimal(1), "series": 1}
    return pl.DataFrame([{**known, **row} for row in rows], schema=INSTANTS)


def at(minutes: int, share: str, **said: object) -> dict:
    return {"start": NOON + timedelta(minutes=minutes), "share": Decimal(share), **said}


def measured(samples: pl.DataFrame) -> pl.DataFrame:
    return ACCELERATOR_UTILISATION.check(utilisation(samples, device_names(), measurement="m", source=None))


def test_a_value_holds_until_the_next_and_no_longer_than_the_usual_step():
    """Every 30 minutes: 12:00 1.0, 12:30 0.5, then nothing until 14:00 0.2 and 14:30 0.

    12:00–12:30 is half an hour at 1, 12:30–13:00 at 0.5, 13:00–14:00 was not watched, 14:00–14:30 at 0.2, 14:30–15:00
    at 0: 2 hours watched, 0.5 + 0.25 + 0.1 = 0.85 busy.
    """
    day = measured(held(instants(at(0, "1"), at(30, "0.5"), at(120, "0.2"), at(150, "0"))))
    assert day.select("accelerator_type", "devices", "measured_hours", "busy_hours").rows() == [
        ("H100", 1, Decimal(2), Decimal("0.85"))
    ]


def test_how_long_a_single_value_held_nobody_can_say():
    assert held(instants(at(0, "1"))).is_empty()


def test_two_pods_on_one_device_share_it():
    """Both report the device's 0.8 at the same instants: one device-hour, 0.8 busy, half of it for each."""
    two = [at(m, "0.8", series=n, namespace=pod) for n, pod in enumerate(("a", "b")) for m in (0, 30)]
    shared = measured(held(instants(*two)))
    assert shared.select("namespace", "measured_hours", "busy_hours").rows() == [
        ("a", Decimal("0.5"), Decimal("0.4")),
        ("b", Decimal("0.5"), Decimal("0.4")),
    ]


def test_a_stretch_is_cut_at_midnight():
    """20:00 to 08:00 on 8 accelerators, half busy: 4 h × 8 = 32 of the first day, 8 h × 8 = 64 of the second."""
    stretch = {"accelerator_name": "H100", "share": Decimal("0.5"), "accelerators": Decimal(8)}
    stretch |= {"start": NOON + timedelta(hours=8), "end": NOON + timedelta(hours=20)}
    days = measured(pl.DataFrame([stretch], schema=SAMPLES))
    assert days.select(pl.col("day").dt.day(), "measured_hours", "busy_hours", "devices").rows() == [
        (10, Decimal(32), Decimal(16), 0),
        (11, Decimal(64), Decimal(32), 0),
    ]


@pytest.mark.parametrize(
    ("name", "accelerator"),
    [
        (H100, "H100"), ("NVIDIA H100 NVL", "H100-NVL"), ("NVIDIA A100-SXM4-80GB", "A100-80GB"), ("Tesla T4", "T4"),
        ("NVIDIA A100-PCIE-40GB", "A100-40GB"), ("Tesla V100-SXM2-32GB", "V100-32GB"), ("NVIDIA L40S", "L40S"),
        ("tpu v5p", "TPU v5p"), ("AMD Instinct MI300X", "MI300X"), ("Quadro 4000", None), (None, None),
    ],
)  # fmt: skip
def test_a_devices_name_is_an_accelerator_of_the_catalog_or_unknown(name, accelerator):
    assert device_names().accelerator(name) == accelerator


def test_an_alias_of_what_the_catalog_lacks_is_refused():
    aliases = pl.DataFrame({"pattern": ["h99"], "accelerator_type": ["H99"]})
    with pytest.raises(CatalogueError, match=r"line 2: 'H99' is no accelerator"):
        DeviceNames.of(aliases, accelerator_catalogue())
