"""Components: the reviewed table says what vendors' own words mean, and a wrong row of it is named."""

from __future__ import annotations

import polars as pl
import pytest

from models.economics.components import ATTRIBUTES, COLUMNS, LAYERS, TaxonomyError, taxonomy
from pipelines.reference import read_taxonomy, reference_folder

REVIEWED = read_taxonomy(reference_folder("taxonomy"))
MODELS, SERVING, COMPUTE = "model_apis", "inference_serving", "accelerator_compute"
PLATFORMS, PIPELINES, DATA = "training_platforms", "orchestration", "data_infrastructure"
STORAGE, OVERHEADS, GATEWAYS = "networking_and_storage", "people_and_overheads", "integration"


def charge(provider: str, service: str | None, sku: str | None = None, **more: str) -> dict[str, str | None]:
    usual: dict[str, str | None] = dict.fromkeys((*ATTRIBUTES, *(f"tag:{key}" for key in REVIEWED.tag_keys)))
    told = {"provider_name": provider, "service_name": service, "sku": sku, "charge_category": "Usage"}
    return {**usual, **told, **more}


BILLED = [
    (charge("OpenAI", "OpenAI API", "Input Tokens", ai_kind="model"), MODELS),
    (charge("AWS", "Amazon Bedrock", "Provisioned throughput"), MODELS),
    (charge("Microsoft", "Azure OpenAI", "Provisioned Managed Global Unit", charge_category="Purchase"), MODELS),
    (charge("AWS", "Claude Opus 5.5 (Amazon Bedrock Edition)", "Units"), MODELS),
    (charge("Google Cloud", "Vertex AI", "Output Tokens", ai_kind="model"), MODELS),
    (charge("Someone New", "Their API", "Output Tokens", ai_kind="model"), MODELS),
    (charge("Google Cloud", "Vertex AI", "Vertex AI: Online Prediction on N1 in Americas", ai_kind="model"), SERVING),
    (charge("Google Cloud", "Vertex AI", "Vertex AI: Training/Pipelines on A2 Instance Core"), PLATFORMS),
    (
        charge("AWS", "Amazon SageMaker", "Host:ml.g5.xlarge", instance_type="ml.g5.xlarge", ai_kind="accelerator"),
        SERVING,
    ),
    (charge("AWS", "Amazon SageMaker", "Train:ml.p5.48xlarge", ai_kind="accelerator"), PLATFORMS),
    (charge("AWS", "Amazon Elastic Compute Cloud", "BoxUsage:p5.48xlarge", ai_kind="accelerator"), COMPUTE),
    (charge("AWS", "Amazon Elastic Compute Cloud", "BoxUsage:p7.48xlarge", instance_type="p7.48xlarge"), COMPUTE),
    (charge("AWS", "Amazon Elastic Compute Cloud", "BoxUsage:m7i.2xlarge", instance_type="m7i.2xlarge"), None),
    (charge("Google Cloud", "Compute Engine", "Spot Preemptible A2 Instance Core running in Americas"), COMPUTE),
    (charge("Google Cloud", "Compute Engine", "A3 Instance Ram running in Americas"), COMPUTE),
    (charge("Google Cloud", "Compute Engine", "Commitment v1: Nvidia L4 GPU running in Americas for 1 Year"), COMPUTE),
    (charge("Google Cloud", "Compute Engine", "N2 Instance Core running in Americas"), None),
    (charge("Google Cloud", "Compute Engine", "Balanced PD Capacity", instance_type="a2-highgpu-1g"), STORAGE),
    (charge("Microsoft", "Virtual Machines", "NV12s v3/NV24s v3"), COMPUTE),
    (charge("Microsoft", "Virtual Machines", "D8s v5", instance_type="Standard_D8s_v5"), None),
    (
        charge("AWS", "Savings Plans for AWS Compute usage", "ComputeSP:1yrNoUpfront", charge_category="Purchase"),
        COMPUTE,
    ),
    (charge("CoreWeave", "CoreWeave GPU Compute", None, charge_category="Purchase"), COMPUTE),
    (charge("AWS", "Amazon Elastic Block Store", "EBS:VolumeUsage.gp3"), STORAGE),
    (charge("AWS", "Amazon Elastic Compute Cloud", "$0.02 per GB - data transfer out"), STORAGE),
    (charge("Microsoft", "Storage", "Hot LRS Data Stored"), STORAGE),
    (charge("Google Cloud", "Networking", "Network Internet Data Transfer Out"), STORAGE),
    (charge("AWS", "AWS Step Functions", "StateTransition"), PIPELINES),
    (charge("AWS", "Amazon Managed Workflows for Apache Airflow", "Airflow-SmallEnvironment"), PIPELINES),
    (charge("Google Cloud", "Kubernetes Engine", "Regional Kubernetes Clusters"), PIPELINES),
    (charge("Dagster Labs", "Dagster+", "Dagster Credits"), PIPELINES),
    (charge("AWS", "Amazon OpenSearch Service", "SearchOCU"), DATA),
    (charge("AWS", "Pinecone Vector Database", "Units"), DATA),
    (charge("Microsoft", "Azure AI Search", "Standard S1 Unit"), DATA),
    (charge("Microsoft", "Azure Databricks", "Premium All-purpose Compute DBU"), DATA),
    (charge("Databricks", "Databricks", "ENTERPRISE_SERVERLESS_REAL_TIME_INFERENCE"), SERVING),
    (charge("Weights & Biases", "Weights & Biases", "Seats", charge_category="Purchase"), PLATFORMS),
    (charge("AWS", "Amazon API Gateway", "ApiGatewayRequest"), GATEWAYS),
    (charge("Portkey", "Portkey AI Gateway", "Recorded Logs"), GATEWAYS),
    (charge("AWS", "AWS Support (Business)", "Dollar", charge_category="Purchase"), OVERHEADS),
    (charge("AWS", "Amazon Bedrock", None, charge_category="Tax"), OVERHEADS),
    (charge("AWS", "Amazon Bedrock", None, charge_category="Credit"), MODELS),
    (charge("AWS", "Amazon Elastic Compute Cloud", "EDP discount", charge_category="Adjustment"), OVERHEADS),
    (charge("Google Cloud", "Invoice", "Rounding error", charge_category="Adjustment"), OVERHEADS),
    (charge("Oracle", None, None, charge_category="Credit"), OVERHEADS),
    (charge("AWS", "AWS Lambda", "Request"), None),
    (charge("Microsoft", "Virtual Machines", "D8s v5", **{"tag:Vendor": "Databricks"}), DATA),
]


@pytest.mark.parametrize(("told", "component"), BILLED)
def test_what_vendors_bill_is_placed(told: dict[str, str | None], component: str | None):
    placed = REVIEWED.with_components(pl.DataFrame([told], schema=dict.fromkeys(told, pl.String)))
    assert placed["component"].to_list() == [component]
    assert placed["layer"].to_list() == [component and LAYERS[component]]


def table(**cells: str) -> pl.DataFrame:
    return pl.DataFrame([{**dict.fromkeys(COLUMNS, ""), "component": MODELS, **cells}])


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (table(), "line 2: a row without any condition"),
        (table(service="x", component="models"), "line 2: component 'models' is none of model_apis"),
        (table(service="Amazon*"), "line 2: service 'Amazon*': write it in small letters"),
        (table(tag="Vendor"), "line 2: tag 'Vendor' is not written as KEY=glob"),
        (pl.concat([table(sku="a"), table(sku="a", component=DATA)]), "line 3: asks what line 2 asks"),
        (table().drop("sku"), "line 1: column 'sku' is missing"),
    ],
)
def test_a_wrong_row_is_named(wrong: pl.DataFrame, why: str):
    with pytest.raises(TaxonomyError) as caught:
        taxonomy(wrong, file="components.csv")
    assert f"components.csv, {why}" in str(caught.value)


def test_every_component_but_hardware_of_ones_own_is_given_by_some_row():
    assert {*REVIEWED.components, "owned_hardware"} == set(LAYERS)
