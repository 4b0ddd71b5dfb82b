"""The shipped catalog can be taken whole, and a row that cannot is named with its line."""

from fractions import Fraction

import polars as pl
import pytest

from models.economics.accelerator_catalogue import CatalogueError, accelerator_catalogue


def test_known_machines_have_what_their_hosts_say(catalogue):
    """Counts from the hosts' own pages; g6f and NVads A10 share a GPU, p6-b200 has a dash, SageMaker a prefix."""
    asked = {
        ("aws", "p5.48xlarge"): ("H100", "NVIDIA", Fraction(8)),
        ("aws", "ml.p4de.24xlarge"): ("A100-80GB", "NVIDIA", Fraction(8)),
        ("aws", "p6-b200.48xlarge"): ("B200", "NVIDIA", Fraction(8)),
        ("aws", "p3dn.24xlarge"): ("V100-32GB", "NVIDIA", Fraction(8)),
        ("aws", "g6f.large"): ("L4", "NVIDIA", Fraction(1, 8)),
        ("aws", "trn1.32xlarge"): ("Trainium", "AWS", Fraction(16)),
        ("aws", "inf2.24xlarge"): ("Inferentia2", "AWS", Fraction(6)),
        ("aws", "dl1.24xlarge"): ("Gaudi", "Intel", Fraction(8)),
        ("azure", "Standard_ND96isr_H100_v5"): ("H100", "NVIDIA", Fraction(8)),
        ("azure", "standard_nv6ads_a10_v5"): ("A10", "NVIDIA", Fraction(1, 6)),
        ("azure", "Standard_ND96isr_MI300X_v5"): ("MI300X", "AMD", Fraction(8)),
        ("gcp", "a3-highgpu-8g"): ("H100", "NVIDIA", Fraction(8)),
        ("oci", "BM.GPU.H100.8"): ("H100", "NVIDIA", Fraction(8)),
    }
    for (host, instance_type), (kind, vendor, count) in asked.items():
        found = catalogue.of_instance(host, instance_type)
        assert (found.type, found.vendor, found.count) == (kind, vendor, count), instance_type
    assert catalogue.of_instance("aws", "m5.large") is None
    assert catalogue.of_instance("azure", "p5.48xlarge") is None


def test_every_row_says_where_it_is_from(frames):
    instances, skus, services = frames
    for frame, column in ((instances, "source"), (skus, "source"), (services, "note")):
        assert frame[column].null_count() == 0
    memory = instances["memory_gib_per_accelerator"].drop_nulls().cast(pl.Int64)
    assert memory.is_between(8, 288).all()
    per_type = instances.group_by("host", "accelerator_type").agg(
        pl.col("memory_gib_per_accelerator").n_unique(), vendors=pl.col("vendor").n_unique()
    )
    assert per_type["memory_gib_per_accelerator"].max() == 1
    assert per_type["vendors"].max() == 1


@pytest.mark.parametrize(
    ("file", "change", "words"),
    [
        (0, {"instance_type": "ML.P5.48xlarge"}, "stands there twice"),
        (0, {"vendor": "Acme"}, "vendor 'Acme' is none of NVIDIA"),
        (0, {"host": "moon"}, "host 'moon' is none of aws"),
        (0, {"accelerator_count": "0"}, "no number above zero"),
        (0, {"accelerator_count": "1/0"}, "no number above zero"),
        (0, {"accelerator_type": ""}, "accelerator_type is blank"),
        (1, {"pattern": "(unclosed"}, "does not compile"),
        (1, {"pattern": ""}, "pattern is blank"),
        (1, {"field": "colour"}, "none of sku, service"),
        (1, {"vendor": "NVIDIA"}, "accelerator_type is blank"),
        (2, {"kind": "accelerator"}, "kind 'accelerator' is none of model, platform"),
        (2, {"provider": "", "service": "", "service_category": ""}, "would fit everything"),
    ],
)
def test_a_row_that_cannot_be_taken_is_named(frames, file, change, words):
    changed = list(frames)
    good = {
        0: {"host": "aws", "instance_type": "p9.large", "accelerator_type": "H100", "vendor": "NVIDIA",
            "accelerator_count": "1"},
        1: {"host": "aws", "field": "sku", "pattern": "brand new", "accelerator_type": "", "vendor": ""},
        2: {"provider": "brand new", "service": "", "service_category": "", "kind": "model"},
    }[file]  # fmt: skip
    added = pl.DataFrame([{**good, **change}])
    changed[file] = pl.concat([frames[file], added], how="diagonal")
    with pytest.raises(CatalogueError, match=words) as caught:
        accelerator_catalogue(*changed)
    assert f"line {changed[file].height + 1}" in caught.value.what


def test_a_file_without_a_column_is_named(frames):
    with pytest.raises(CatalogueError, match=r"instances.csv: column vendor is missing"):
        accelerator_catalogue(frames[0].drop("vendor"), *frames[1:])
