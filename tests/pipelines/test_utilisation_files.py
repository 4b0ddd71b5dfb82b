"""Exports of utilisation as people have them: what is read of each, and what a file says that cannot be read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from models.errors import OutlayError
from pipelines.reference import accelerator_catalogue
from pipelines.settings.measures import UtilisationSettings
from pipelines.utilisation import accelerator_utilisation
from pipelines.utilisation_files import samples_of

START = int(datetime(2026, 9, 10, tzinfo=UTC).timestamp())
HALF_HOUR = 1800
LABELS = {"gpu": "0", "UUID": "GPU-a", "modelName": "NVIDIA H100 80GB HBM3", "Hostname": "node-1"}


def told(tmp_path, text: str, form: str, **more):
    (tmp_path / "export").write_text(text, encoding="utf-8")
    return UtilisationSettings(name="cluster", file="export", format=form, **more)


def days(tmp_path, text, form, **more):
    frame, problems = accelerator_utilisation([told(tmp_path, text, form, **more)], tmp_path, {"aws"})
    assert problems == []
    return frame


def mistake(tmp_path, text, form, **more):
    with pytest.raises(OutlayError) as mistaken:
        samples_of(tmp_path / "export", told(tmp_path, text, form, **more), accelerator_catalogue())
    assert mistaken.value.remedy
    return mistaken.value.what


# CSV


def test_a_csv_of_days_machines_and_single_gpus(tmp_path):
    """A p5.48xlarge (8 H100) a day at 25 %: 192 h, 48 busy; a GPU of 12 hours at 50 %: 12 h, 6 busy."""
    text = (
        "day,start,end,instance_type,accelerator,gpu,utilisation_pct,team\n"
        "2026-09-10,,,p5.48xlarge,,,25,ml\n"
        ",2026-09-10T00:00:00Z,2026-09-10T14:00:00+02:00,,H100,GPU-a,50,search\n"
    )
    rows = days(tmp_path, text, "csv", source="aws").select(
        "source", "accelerator_type", "team", "measured_hours", "busy_hours"
    )
    assert rows.rows() == [
        ("aws", "H100", "ml", Decimal(192), Decimal(48)),
        ("aws", "H100", "search", Decimal(12), Decimal(6)),
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("day,accelerator,utilization\n", "export line 1: there is no column 'utilization'"),
        ("day,accelerator\n", "export line 1: column utilisation_pct is missing"),
        ("day,accelerator,utilisation_pct\n2026-09-10,H100,x\n", "export line 2: utilisation 'x' is no number"),
        ("day,accelerator,utilisation_pct\n2026-09-10,H100,1\n2026-09-11,H100,101\n", "export line 3: utilisation 101"),
        ("day,accelerator,utilisation_pct\n2026-09-10,H100,-1\n", "export line 2: utilisation -1 is not between"),
        ("day,accelerator,utilisation_pct\n10.9.2026,H100,1\n", "export line 2: has no day (YYYY-MM-DD)"),
        ("start,end,accelerator,utilisation_pct\n2026-09-11,2026-09-10,H100,1\n", "export line 2: ends before"),
        ("day,utilisation_pct\n2026-09-10,1\n", "export line 2: has neither accelerator nor instance_type"),
        ("day,instance_type,utilisation_pct\n2026-09-10,p9.huge,1\n", "export line 2: machine 'p9.huge'"),
        (
            "day,gpu,accelerator,utilisation_pct\n2026-09-10,0,H100,1\n2026-09-10,0,H100,2\n",
            "export line 3: tells of GPU 0 at the same time as line 2",
        ),
    ],
)
def test_a_csv_that_cannot_be_read_says_where(tmp_path, text, says):
    assert mistake(tmp_path, text, "csv").startswith(says)


# Prometheus


def matrix(*series) -> str:
    result = [{"metric": metric, "values": values} for metric, values in series]
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}})


def test_a_range_query_of_prometheus(tmp_path):
    """Two values half an hour apart, 100 % and 50 %, of two GPUs: 2 hours, 1.5 busy. NaN is not a value."""
    values = [[START, "100"], [START + HALF_HOUR, "50"], [START + 2 * HALF_HOUR, "NaN"]]
    one, two = ({**LABELS, "__name__": "DCGM_FI_DEV_GPU_UTIL", "UUID": f"GPU-{n}"} for n in "ab")
    other = {**one, "__name__": "DCGM_FI_DEV_FB_USED"}
    frame = days(tmp_path, matrix((one, values), (two, values), (other, [[START, "70000"]])), "prometheus")
    assert frame.select("accelerator_type", "host", "devices", "measured_hours", "busy_hours").rows() == [
        ("H100", "node-1", 2, Decimal(2), Decimal("1.5"))
    ]


def test_of_two_metrics_of_the_same_gpu_the_better_one_counts(tmp_path):
    values = [[START, "0.5"], [START + 3600.0, "0.5"]]
    percent = [[at, "90"] for at, _ in values]
    engine, device = ({**LABELS, "__name__": f"DCGM_FI_{name}"} for name in ("PROF_GR_ENGINE_ACTIVE", "DEV_GPU_UTIL"))
    frame = days(tmp_path, matrix((device, percent), (engine, values)), "prometheus")
    assert frame.select("measured_hours", "busy_hours").rows() == [(Decimal(2), Decimal(1))]


def test_a_part_of_a_gpu_is_a_part_of_an_accelerator(tmp_path):
    """3 of 7 slices for 2 hours, all busy: 6/7."""
    part = {**LABELS, "__name__": "DCGM_FI_PROF_GR_ENGINE_ACTIVE", "GPU_I_ID": "1", "GPU_I_PROFILE": "3g.40gb"}
    frame = days(tmp_path, matrix((part, [[START, "1"], [START + 3600, "1"]])), "prometheus")
    assert frame["busy_hours"].to_list() == [Decimal("0.857142857142")]


def test_a_rule_of_ones_own_is_read_by_its_scale(tmp_path):
    text = matrix(({"team": "ml", "accelerator": "H100"}, [[START, "25"], [START + 3600, "75"]]))
    frame = days(tmp_path, text, "prometheus", metric="gpu:util:avg", scale="percent")
    assert frame.select("team", "measured_hours", "busy_hours").rows() == [("ml", Decimal(2), Decimal(1))]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"data":\n{', "export line 2: is no JSON"),
        ("[]", "export: is no answer of a range query"),
        ('{"data": {"resultType": "vector", "result": []}}', "export: is no answer of a range query"),
        (matrix(({"__name__": "up"}, [[START, "1"]])), "export: has no metric of utilisation that is known"),
        (matrix(({"__name__": "DCGM_FI_DEV_GPU_UTIL"}, [[START, "1"]])), "export: tells single instants"),
        (
            matrix(({"__name__": "DCGM_FI_DEV_GPU_UTIL"}, [[START, "1"], ["x", "1"]])),
            "export, series 1, value 2: is no pair",
        ),
        (
            matrix(({"__name__": "DCGM_FI_PROF_GR_ENGINE_ACTIVE"}, [[START, "87"]])),
            "export, series 1, value 1: utilisation 87 is not between 0 and 1",
        ),
    ],
)
def test_a_range_query_that_cannot_be_read_says_where(tmp_path, text, says):
    assert mistake(tmp_path, text, "prometheus").startswith(says)


# DCGM

HEAD = "# HELP DCGM_FI_DEV_GPU_UTIL GPU utilization (in %).\n# TYPE DCGM_FI_DEV_GPU_UTIL gauge\n"
GPU = (
    'DCGM_FI_DEV_GPU_UTIL{{gpu="0",UUID="GPU-a",device="nvidia0",modelName="Tesla T4",Hostname="n\\"1",namespace="{}"}}'
)


def test_scrapes_of_dcgms_exporter(tmp_path):
    """Three scrapes a minute apart: 0, 100 and 50 % of three minutes are 1.5 busy ones: 0.025 h."""
    clocks = 'DCGM_FI_DEV_SM_CLOCK{gpu="0"} 1980'
    lines = [f"{GPU.format('train')} {value} {(START + 60 * n) * 1000}" for n, value in enumerate((0, 100, 50))]
    frame = days(tmp_path, HEAD + "\n".join([clocks, *lines]) + "\n", "dcgm")
    assert frame.select("accelerator_type", "namespace", "measured_hours", "busy_hours").rows() == [
        ("T4", "train", Decimal("0.05"), Decimal("0.025"))
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (HEAD + GPU.format("a") + " 87\n", "export line 3: has no time"),
        (HEAD + "GPU 0: 87 %\n", "export line 3: is no sample"),
        (GPU.format("a") + f" 870 {START}000\n", "export line 1: utilisation 870 is not between 0 and 100"),
    ],
)
def test_scrapes_that_cannot_be_read_say_where(tmp_path, text, says):
    assert mistake(tmp_path, text, "dcgm").startswith(says)


# several files


def test_a_file_that_cannot_be_read_is_told_and_the_others_count(tmp_path):
    (tmp_path / "good.csv").write_text("day,accelerator,utilisation_pct\n2026-09-10,H100,50\n")
    (tmp_path / "bad.csv").write_text("day,accelerator,utilisation_pct\n2026-09-10,H100,\n")
    (tmp_path / "strange.csv").write_text("day,accelerator,utilisation_pct\n2026-09-10,H99,50\n")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    names = ("good", "bad", "strange", "absent", "binary")
    frame, problems = accelerator_utilisation(
        [UtilisationSettings(name=name, file=f"{name}.csv", format="csv") for name in names], tmp_path, ()
    )
    assert sorted(frame["measurement"]) == ["good", "strange"]
    assert [str(problem).split(" → ")[0].replace(str(tmp_path), "") for problem in problems] == [
        "utilisation 'bad': bad.csv line 2: utilisation '' is no number",
        "utilisation 'strange': strange.csv: no accelerator is known by the name of 'H99'",
        "utilisation 'absent': /absent.csv is not there",
        "utilisation 'binary': /binary.csv cannot be read as UTF-8 text",
    ]


def test_a_measurement_of_no_source_is_told(tmp_path):
    text = "day,accelerator,utilisation_pct\n2026-09-10,H100,50\n"
    frame, (problem,) = accelerator_utilisation([told(tmp_path, text, "csv", source="awz")], tmp_path, {"aws"})
    assert frame["source"].to_list() == ["awz"]
    assert "there is no source 'awz'; did you mean 'aws'?" in str(problem)
