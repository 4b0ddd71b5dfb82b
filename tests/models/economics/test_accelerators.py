"""Which charges bill an accelerator, of which kind, and for how many hours; every figure worked out by hand."""

from decimal import Decimal

import polars as pl
import pytest

from models.economics.accelerators import examine, unlisted_accelerators, with_accelerators

FACTS = ("x_AcceleratorType", "x_AcceleratorVendor", "x_AcceleratorCount", "x_AcceleratorHours")


@pytest.fixture
def facts(charge, charges_of, catalogue):
    """`facts(host, **columns)`: type, vendor, count and hours of one charge."""
    return lambda host, **said: (
        with_accelerators(charges_of(charge(host, **said)), catalogue).select(FACTS).row(0)
    )  # fmt: skip


@pytest.fixture
def one(charge, charges_of, catalogue):
    """`one(host, **columns)`: one charge with its facts, by column."""
    return lambda host, **said: with_accelerators(charges_of(charge(host, **said)), catalogue).row(0, named=True)


NONE = (None, None, None, None)
OF_SIZE = {"x_InstanceType": "Standard_NC24ads_A100_v4"}
"""Rows of Azure name the size of the machine that they are for, whatever they bill."""


@pytest.mark.parametrize(
    ("instance_type", "quantity", "unit", "expected"),
    [
        # 2.5 h × 8 = 20
        ("p5.48xlarge", "2.5", "Hours", ("H100", "NVIDIA", Decimal(8), Decimal(20))),
        ("ml.p5.48xlarge", "2.5", "Hours", ("H100", "NVIDIA", Decimal(8), Decimal(20))),
        # 900 s = 1/4 h, × 16 = 4
        ("trn1.32xlarge", "900", "Seconds", ("Trainium", "AWS", Decimal(16), Decimal(4))),
        # 20 min = 1/3 h, × 1: rounded once, to 12 places
        ("g5.xlarge", "20", "Minutes", ("A10G", "NVIDIA", Decimal(1), Decimal("0.333333333333"))),
        # 20 min × 12 = 4 exactly: multiplied before divided
        ("inf2.48xlarge", "20", "Minutes", ("Inferentia2", "AWS", Decimal(12), Decimal(4))),
        # 2 days = 48 h, × 4 = 192
        ("g6e.12xlarge", "2", "Days", ("L40S", "NVIDIA", Decimal(4), Decimal(192))),
        # an eighth of a GPU for 4 h
        ("g6f.large", "4", "Hours", ("L4", "NVIDIA", Decimal("0.125"), Decimal("0.5"))),
        ("p5.48xlarge", "1", "100 Hours", ("H100", "NVIDIA", Decimal(8), Decimal(800))),
    ],
)  # fmt: skip
def test_hours_are_instance_hours_times_accelerators(facts, instance_type, quantity, unit, expected):
    service = "Amazon SageMaker" if instance_type.startswith("ml.") else "Amazon Elastic Compute Cloud"
    said = {"ServiceName": service, "ConsumedQuantity": quantity, "ConsumedUnit": unit}
    assert facts("aws", x_InstanceType=instance_type, **said) == expected


@pytest.mark.parametrize(
    "said",
    [
        {"ServiceName": "Virtual Machines"},
        {"ServiceName": "Virtual Machine Scale Sets"},
        {"ServiceName": "Azure Machine Learning", "SkuMeter": "NC24ads A100 v4"},
        {"ServiceName": "Batch"},
        {"ServiceName": "Cloud Services"},
        {"ServiceName": "Azure Databricks", "x_VendorColumns": '{"x_SkuMeterCategory": "Virtual Machines"}'},
    ],
)
def test_azure_bills_machines_under_these_services(facts, said):
    """By ServiceName, or by the meter's category where an export of FOCUS tells one."""
    assert facts("azure", **OF_SIZE, **said) == ("A100-80GB", "NVIDIA", Decimal(1), Decimal(1))


def test_a_reservation_bought_in_azure_is_of_accelerators(facts):
    bought = {"ChargeCategory": "Purchase", "ConsumedQuantity": None}
    for service in ("Azure Reservations", "Reserved VM Instance, Standard_NC24ads_A100_v4, 1 Year"):
        told = facts("azure", **OF_SIZE, **bought, ServiceName=service)
        assert told == ("A100-80GB", "NVIDIA", Decimal(1), None)


def test_six_hours_of_a_sixth_of_a_gpu_are_one(facts):
    """0.166666666667 × 6 would be 1.000000000002."""
    assert facts("azure", x_InstanceType="Standard_NV6ads_A10_v5", ConsumedQuantity="6") == (
        "A10", "NVIDIA", Decimal("0.166666666667"), Decimal(1),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("host", "said", "instance_type"),
    [
        ("aws", {"ChargeDescription": "$1.624 per On Demand Linux g5.4xlarge Instance Hour"}, "g5.4xlarge"),
        ("aws", {"SkuMeter": "USW2-SpotUsage:p4d.24xlarge"}, "p4d.24xlarge"),
        ("aws", {"ServiceName": "Amazon SageMaker", "SkuMeter": "USE1-Train:ml.g6e.12xlarge"}, "ml.g6e.12xlarge"),
        ("aws", {"SkuPriceDetails": '{"InstanceType": "g4dn.xlarge"}'}, "g4dn.xlarge"),
        ("aws", {"x_VendorColumns": '{"x_UsageType": "BoxUsage:g6.xlarge", "x_Operation": "Run"}'}, "g6.xlarge"),
        ("azure", {"SkuMeter": "ND96isr H100 v5"}, "Standard_ND96isr_H100_v5"),
        ("azure", {"SkuMeter": "NC24ads A100 v4 Spot"}, "Standard_NC24ads_A100_v4"),
        ("azure", {"ChargeDescription": "Virtual Machines NCasT4 v3 Series - NC4as T4 v3 - EU West"},
         "Standard_NC4as_T4_v3"),
        ("azure", {"x_VendorColumns": r'{"x_SkuDetails": "{\"ServiceType\":\"Standard_ND96asr_v4\",\"VCPUs\":96}"}'},
         "Standard_ND96asr_v4"),
        ("lambda", {"ChargeDescription": "gpu_8x_h100_sxm5 in us-east-1"}, "gpu_8x_h100_sxm5"),
    ],
)  # fmt: skip
def test_the_machine_is_read_where_the_bill_names_it(one, host, said, instance_type):
    row = one(host, **said)
    assert row["x_InstanceType"] == instance_type
    assert row["x_AiKind"] == "accelerator"
    assert row["x_AcceleratorHours"] == row["x_AcceleratorCount"]


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("aws", {"ConsumedUnit": "GB", "ChargeDescription": "data transfer of p5.48xlarge"}),
        ("aws", {"SkuMeter": "EBSOptimized:p3.2xlarge", "x_InstanceType": "p3.2xlarge"}),
        ("aws", {"SkuMeter": "USE1-Reservation:p5.48xlarge", "x_InstanceType": "p5.48xlarge"}),
        ("aws", {"ServiceName": "Amazon Elastic MapReduce", "x_InstanceType": "p3.2xlarge"}),
        ("aws", {"ServiceName": "Amazon Elastic Kubernetes Service", "SkuMeter": "EKS-Auto:p5.48xlarge"}),
        ("aws", {"ChargeDescription": "Red Hat Enterprise Linux fee for p5.48xlarge"}),
        ("aws", {"SkuMeter": "BoxUsage:p5.48xlarge", "SkuId": "ABC/software", "SkuPriceId": "ABC/software"}),
        ("aws", {"ChargeCategory": "Tax", "x_InstanceType": "p5.48xlarge"}),
        ("aws", {"ChargeCategory": "Credit", "x_InstanceType": "p5.48xlarge"}),
        ("aws", {"x_InstanceType": "db.r5.large", "ServiceName": "Amazon Relational Database Service"}),
        ("azure", {"SkuMeter": "96 vCPU VM License", "x_InstanceType": "Standard_ND96isr_H100_v5"}),
        ("azure", {**OF_SIZE, "ServiceName": "Virtual Machines Licenses", "SkuMeter": "Ubuntu Pro"}),
        ("azure", {**OF_SIZE, "SkuMeter": "24 vCPU Ubuntu Pro"}),
        ("azure", {**OF_SIZE, "ServiceName": "Microsoft Defender for Cloud", "SkuMeter": "Standard P2 Node"}),
        ("azure", {**OF_SIZE, "ServiceName": "Virtual Network", "SkuMeter": "Standard IPv4 Static Public IP"}),
        ("azure", {**OF_SIZE, "SkuMeter": "Standard IPv4 Static Public IP"}),
        ("azure", {**OF_SIZE, "ServiceName": "Azure Kubernetes Service", "SkuMeter": "Standard Uptime SLA"}),
        ("azure", {**OF_SIZE, "ServiceName": "SaaS", "SkuMeter": "NVIDIA AI Enterprise per GPU hour"}),
        ("azure", {**OF_SIZE, "x_VendorColumns": '{"x_SkuMeterCategory": "Virtual Machines Licenses"}'}),
        ("azure", {"ConsumedUnit": "Units/Month", "SkuMeter": "P6 LRS", "x_InstanceType": "Standard_NC4as_T4_v3"}),
        ("gcp", {"ChargeDescription": "A3 Instance Core running in Americas", "x_InstanceType": "a3-highgpu-8g"}),
        ("gcp", {"ChargeDescription": "Licensing Fee for NVIDIA RTX Virtual Workstation (GPU cost)"}),
        ("gcp", {"ChargeDescription": "Vertex AI: Training management fee on Nvidia H100 80GB GPU"}),
        ("other", {"ChargeDescription": "8x H100 cluster"}),
    ],
)  # fmt: skip
def test_what_only_names_an_accelerator_bills_none(charge, charges_of, catalogue, host, said):
    examined = examine(charges_of(charge(host, **said)), catalogue)
    assert examined.charges.select(FACTS).row(0) == NONE
    assert examined.charges["x_AiKind"].to_list() == [None]
    assert examined.unlisted.is_empty()


@pytest.mark.parametrize(
    ("sku", "expected"),
    [
        ("Nvidia H100 80GB GPU running in Americas", "H100"),
        ("Nvidia H100 80GB Mega GPU attached to Spot Preemptible VMs running in Frankfurt", "H100"),
        ("H200 141GB GPU running in Belgium", "H200"),
        ("A4 Nvidia B200 (1 gpu slice) running in Netherlands", "B200"),
        ("Nvidia Tesla A100 80GB Gpu running in Oregon", "A100-80GB"),
        ("Nvidia Tesla A100 GPU running in Americas", "A100-40GB"),
        ("Nvidia L4 Gpu attached to Spot Preemptible VMs running in Hong Kong", "L4"),
        ("Nvidia Tesla T4 GPU running in EMEA", "T4"),
        ("RTX 6000 96GB running in Oregon", "RTX PRO 6000"),
        ("Reserved Nvidia L4 GPU in Iowa", "L4"),
        ("Tpu-v5p running in Columbus", "TPU v5p"),
        ("TpuV5e Lite chip in Iowa", "TPU v5e"),
        ("TPU v6e in Americas", "TPU v6e"),
    ],
)
def test_google_bills_the_accelerator_itself(facts, sku, expected):
    """Its unit is a GPU's hour already; the machine's eight are not counted once more."""
    said = {"ChargeDescription": sku, "x_InstanceType": "a3-highgpu-8g", "ConsumedQuantity": "24"}
    vendor = "Google" if expected.startswith("TPU") else "NVIDIA"
    assert facts("gcp", **said) == (expected, vendor, Decimal(1), Decimal(24))


def test_whoever_bills_in_gpu_hours_is_understood(facts):
    """Oracle calls its A100 of 80 GB v2; a plain hour of an unknown host says nothing of how many GPUs."""
    said = {"ChargeDescription": "Compute - GPU - A100 - v2", "ConsumedQuantity": "16"}
    assert facts("Oracle", ConsumedUnit="GPU-Hours", **said) == ("A100-80GB", "NVIDIA", Decimal(1), Decimal(16))
    assert facts("Oracle", ConsumedUnit="Hours", **said) == NONE


def test_what_is_left_of_a_reservation_has_the_hours_of_the_commitment(facts):
    unused = {
        "x_InstanceType": "p5.48xlarge",
        "ConsumedQuantity": None,
        "ConsumedUnit": None,
        "CommitmentDiscountId": "ri-1",
        "CommitmentDiscountType": "Reserved Instance",
        "CommitmentDiscountStatus": "Unused",
        "CommitmentDiscountQuantity": "3",
    }
    # 3 unused machine-hours × 8
    assert facts("aws", **unused, CommitmentDiscountUnit="Hours") == ("H100", "NVIDIA", Decimal(8), Decimal(24))
    # normalised units are no hours: the kind is known, the hours are not
    assert facts("aws", **unused, CommitmentDiscountUnit="Normalized Hours") == ("H100", "NVIDIA", Decimal(8), None)


def test_a_purchase_is_of_accelerators_but_uses_no_hour(facts):
    said = {"x_InstanceType": "p5.48xlarge", "ChargeCategory": "Purchase", "ConsumedQuantity": None}
    assert facts("aws", **said) == ("H100", "NVIDIA", Decimal(8), None)


def test_ai_kinds(one):
    kinds = {
        "Amazon Bedrock": one("aws", ServiceName="Amazon Bedrock", ConsumedUnit="Tokens"),
        "Claude 3.5 Sonnet (Amazon Bedrock Edition)": one(
            "aws", ServiceName="Claude 3.5 Sonnet (Amazon Bedrock Edition)"
        ),
        "Vertex AI": one("gcp", ServiceName="Vertex AI", ConsumedUnit="Tokens"),
        "Azure OpenAI": one("azure", ServiceName="Azure OpenAI", ConsumedUnit="Tokens"),
        "OpenAI API": one("OpenAI", ServiceName="OpenAI API", ConsumedUnit="Tokens"),
        "Claude API": one("Anthropic", ServiceName="Claude API", ConsumedUnit="Tokens"),
        "Amazon SageMaker": one("aws", ServiceName="Amazon SageMaker", ConsumedUnit="GB"),
        "Azure Machine Learning": one("azure", ServiceName="Azure Machine Learning", ConsumedUnit="GB"),
        "Microsoft 365 Copilot": one("azure", ServiceName="Microsoft 365 Copilot", ConsumedUnit="Users"),
        "Somebody's": one(
            "Somebody", ServiceCategory="AI and Machine Learning", ServiceSubcategory="Other (AI and ML)"
        ),
        "Compute": one("aws", ServiceName="Amazon Elastic Compute Cloud", x_InstanceType="m5.large"),
        "a model told": one("Somebody", ServiceName="Gateway", x_ModelId="gpt-5", ConsumedUnit="Tokens"),
    }
    assert {name: row["x_AiKind"] for name, row in kinds.items()} == {
        "Amazon Bedrock": "model",
        "Claude 3.5 Sonnet (Amazon Bedrock Edition)": "model",
        "Vertex AI": "model",
        "Azure OpenAI": "model",
        "OpenAI API": "model",
        "Claude API": "model",
        "Amazon SageMaker": "platform",
        "Azure Machine Learning": "platform",
        "Microsoft 365 Copilot": "platform",
        "Somebody's": "platform",
        "Compute": None,
        "a model told": "model",
    }


def test_an_accelerator_of_a_platform_is_an_accelerator(one):
    assert one("aws", ServiceName="Amazon SageMaker", x_InstanceType="ml.g5.xlarge")["x_AiKind"] == "accelerator"
    assert one("azure", ServiceName="Azure Machine Learning", SkuMeter="NC6s v3")["x_AiKind"] == "accelerator"


def test_what_is_in_no_list_is_told_with_its_money_and_never_guessed(charge, charges_of, catalogue):
    charges = charges_of(
        charge("aws", "100", x_InstanceType="p9.48xlarge"),
        charge("aws", "50", x_InstanceType="p9.48xlarge", hour=1),
        charge("aws", "7", x_InstanceType="p9.48xlarge", BillingCurrency="EUR"),
        charge("azure", "30", SkuMeter="ND96isr X900 v9"),
        charge("gcp", "200", ChargeDescription="Nvidia X900 GPU running in Americas"),
        charge("gcp", "20", ChargeDescription="Tpu-v3 Americas"),
        charge("aws", "1", x_InstanceType="p5.48xlarge"),
        charge("aws", "1", x_InstanceType="m5.large"),
    )
    assert unlisted_accelerators(charges, catalogue).rows() == [
        ("Nvidia X900 GPU running in Americas", "USD", Decimal(200), Decimal(200), 1),
        ("p9.48xlarge", "USD", Decimal(150), Decimal(150), 2),
        ("Standard_ND96isr_X900_v9", "USD", Decimal(30), Decimal(30), 1),
        ("Tpu-v3 Americas", "USD", Decimal(20), Decimal(20), 1),
        ("p9.48xlarge", "EUR", Decimal(7), Decimal(7), 1),
    ]
    filled = with_accelerators(charges, catalogue)
    assert filled["x_AcceleratorType"].drop_nulls().to_list() == ["H100"]


@pytest.mark.parametrize(
    ("host", "said", "what"),
    [
        ("gcp", {"ChargeDescription": "Cloud TPU v3 Pod core in Netherlands"}, "Cloud TPU v3 Pod core in Netherlands"),
        ("gcp", {"ChargeDescription": "TPU-v2 core preemptible"}, "TPU-v2 core preemptible"),
        # two cores are a chip
        ("gcp", {"ChargeDescription": "TPU v4 core in Oklahoma"}, "TPU v4 core in Oklahoma"),
        ("azure", {"SkuMeter": "NVadsA10v5_Type1 Dedicated Host"}, "NVadsA10v5_Type1"),
        ("azure", {"ChargeDescription": "NCads A100 v4 Series - NC A100 v4 Type1 Dedicated Host"}, "NC_A100_v4_Type1"),
        ("azure", {"x_InstanceType": "NDamsv4_Type1", "ServiceName": "Azure Dedicated Host"}, "NDamsv4_Type1"),
        ("aws", {"SkuMeter": "USE1-HostUsage:g4dn", "x_InstanceType": "g4dn"}, "g4dn"),
        ("aws", {"SkuMeter": "USE1-BoxUsage:u-p6e-gb200x72"}, "u-p6e-gb200x72"),
    ],
)
def test_whole_hosts_and_cores_are_listed_and_not_counted(charge, charges_of, catalogue, host, said, what):
    examined = examine(charges_of(charge(host, "7", **said)), catalogue)
    assert examined.unlisted["what"].to_list() == [what]
    assert examined.charges.select(FACTS).row(0) == NONE


@pytest.mark.parametrize(
    ("meter", "size"),
    [
        ("NC6/NC6 Promo", "Standard_NC6"),
        ("NC6s v3/NC6s v3 Low Priority", "Standard_NC6s_v3"),
        ("NC24s v3/NC24rs v3", "Standard_NC24s_v3"),
    ],
)
def test_a_meter_of_two_names_of_one_machine_is_of_it(one, meter, size):
    assert one("azure", SkuMeter=meter)["x_InstanceType"] == size
    assert one("azure", SkuMeter=meter)["x_AcceleratorHours"] == {"NC24s v3/NC24rs v3": 4}.get(meter, 1)


@pytest.mark.parametrize("meter", ["NV12s v3/NV24s v3", "NC6s v2/NC6s v3", "NC6/D4 v3"])
def test_a_meter_that_two_sizes_share_is_listed_and_not_guessed(charge, charges_of, catalogue, meter):
    """The size that the row itself names is asked first."""
    said = {"SkuMeter": meter, "ChargeDescription": f"Virtual Machines Series - {meter} - US East"}
    examined = examine(charges_of(charge("azure", "7", **said)), catalogue)
    assert examined.unlisted.select("what", "effective_cost").rows() == [(meter, Decimal(7))]
    assert examined.charges.select(*FACTS, "x_InstanceType").row(0) == (*NONE, None)
    told = examine(charges_of(charge("azure", "7", **said, x_InstanceType="Standard_NV24s_v3")), catalogue)
    assert told.charges.select(FACTS).row(0) == ("M60", "NVIDIA", Decimal(2), Decimal(2))
    assert told.unlisted.is_empty()


def test_hosts_of_accelerators_are_not_listed(charge, charges_of, catalogue):
    """Their GPU or TPU is a SKU of its own, and a host without accelerators is none."""
    charges = charges_of(
        charge("gcp", ChargeDescription="TPU v5e Instance Core running in Iowa"),
        charge("gcp", ChargeDescription="A2 Instance Ram running in Iowa"),
        charge("azure", SkuMeter="Dsv3_Type1 Dedicated Host"),
        charge("aws", SkuMeter="USE1-HostUsage:m5", x_InstanceType="m5"),
    )
    assert examine(charges, catalogue).unlisted.is_empty()


def test_charges_keep_their_order_and_every_other_column(charge, charges_of, catalogue):
    charges = charges_of(
        charge("aws", "1", x_InstanceType="m5.large"),
        charge("gcp", "2", ChargeDescription="Nvidia L4 GPU running in Iowa"),
        charge("aws", "3", x_InstanceType="p5.48xlarge"),
    )
    filled = with_accelerators(charges, catalogue)
    ours = [*FACTS, "x_AiKind", "x_InstanceType"]
    assert filled.drop(ours).equals(charges.drop(ours))
    assert filled["x_AcceleratorType"].to_list() == [None, "L4", "H100"]
    assert with_accelerators(filled, catalogue).equals(filled)
    assert with_accelerators(charges.clear(), catalogue).equals(charges.clear())


@pytest.mark.reference
def test_the_official_sample_has_ten_machines_and_nine_rows_of_a_platform(shared_reference, catalogue):
    """By hand: 8 g5.4xlarge of 5 whole hours and 0.296111 + 0.683889 + 0.303056, 2 g3.4xlarge of 1 + 0.686667."""
    from connectors.focus_rows.upconvert import upconvert

    rows = pl.read_parquet(shared_reference / "focus/samples/focus_1.0_official_1000.parquet")
    examined = examine(upconvert(rows, source="sample", file="sample").charges, catalogue)
    counted = (
        examined.charges.filter(pl.col("x_AiKind").is_not_null())
        .group_by("x_AiKind", "x_AcceleratorType", "ServiceName")
        .agg(pl.len(), hours=pl.col("x_AcceleratorHours").sum())
        .sort("len")
    )
    assert counted.rows() == [
        ("accelerator", "M60", "Amazon Elastic Compute Cloud", 2, Decimal("1.686667")),
        ("accelerator", "A10G", "Amazon Elastic Compute Cloud", 8, Decimal("6.283056")),
        ("platform", None, "Azure Machine Learning", 9, Decimal(0)),
    ]
    assert examined.unlisted.is_empty()
