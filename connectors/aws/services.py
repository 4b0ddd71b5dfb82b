"""AWS's product codes in FOCUS's services: name, category and subcategory. A service has one category, so that what EC2
bills for disks and traffic is the service that it belongs to."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.aws.regions import without_region_prefix


@dataclass(frozen=True)
class Service:
    """FOCUS ServiceName, ServiceCategory and ServiceSubcategory."""

    name: str
    category: str
    subcategory: str


BEDROCK = Service("Amazon Bedrock", "AI and Machine Learning", "Generative AI")
_EBS = Service("Amazon Elastic Block Store", "Storage", "Block Storage")
_VPC = Service("Amazon Virtual Private Cloud", "Networking", "Network Infrastructure")
_TRANSFER = Service("AWS Data Transfer", "Networking", "Network Connectivity")
_MARKETPLACE = Service("AWS Marketplace", "Other", "Other (Other)")

_SERVICES: dict[str, Service] = {
    "AmazonBedrock": BEDROCK,
    "AmazonBedrockService": BEDROCK,
    "AmazonBedrockFoundationModels": BEDROCK,
    "AmazonBedrockAgentCore": Service("Amazon Bedrock AgentCore", "AI and Machine Learning", "AI Platforms"),
    "AmazonSageMaker": Service("Amazon SageMaker", "AI and Machine Learning", "Machine Learning"),
    "AmazonQ": Service("Amazon Q", "AI and Machine Learning", "Generative AI"),
    "comprehend": Service("Amazon Comprehend", "AI and Machine Learning", "Natural Language Processing"),
    "translate": Service("Amazon Translate", "AI and Machine Learning", "Natural Language Processing"),
    "transcribe": Service("Amazon Transcribe", "AI and Machine Learning", "Natural Language Processing"),
    "AmazonPolly": Service("Amazon Polly", "AI and Machine Learning", "Natural Language Processing"),
    "AmazonLex": Service("Amazon Lex", "AI and Machine Learning", "Bots"),
    "AmazonRekognition": Service("Amazon Rekognition", "AI and Machine Learning", "Machine Learning"),
    "AmazonTextract": Service("Amazon Textract", "AI and Machine Learning", "Machine Learning"),
    "AmazonKendra": Service("Amazon Kendra", "AI and Machine Learning", "Other (AI and Machine Learning)"),
    "AmazonPersonalize": Service("Amazon Personalize", "AI and Machine Learning", "Machine Learning"),
    "AmazonEC2": Service("Amazon Elastic Compute Cloud", "Compute", "Virtual Machines"),
    "AmazonECS": Service("Amazon Elastic Container Service", "Compute", "Containers"),
    "AmazonEKS": Service("Amazon Elastic Kubernetes Service", "Compute", "Containers"),
    "AmazonECR": Service("Amazon Elastic Container Registry", "Compute", "Containers"),
    "AWSLambda": Service("AWS Lambda", "Compute", "Serverless Compute"),
    "AWSBatch": Service("AWS Batch", "Compute", "Other (Compute)"),
    "AmazonLightsail": Service("Amazon Lightsail", "Compute", "Virtual Machines"),
    "AmazonWorkSpaces": Service("Amazon WorkSpaces", "Compute", "End User Computing"),
    "ComputeSavingsPlans": Service("Savings Plans for AWS Compute usage", "Compute", "Other (Compute)"),
    "MachineLearningSavingsPlans": Service(
        "Machine Learning Savings Plans", "AI and Machine Learning", "Other (AI and Machine Learning)"
    ),
    "DatabaseSavingsPlans": Service("Database Savings Plans", "Databases", "Other (Databases)"),
    "AmazonS3": Service("Amazon Simple Storage Service", "Storage", "Object Storage"),
    "AmazonS3GlacierDeepArchive": Service("Amazon S3 Glacier Deep Archive", "Storage", "Backup Storage"),
    "AmazonGlacier": Service("Amazon Glacier", "Storage", "Backup Storage"),
    "AmazonEFS": Service("Amazon Elastic File System", "Storage", "File Storage"),
    "AmazonFSx": Service("Amazon FSx", "Storage", "File Storage"),
    "AWSBackup": Service("AWS Backup", "Storage", "Backup Storage"),
    "AmazonRDS": Service("Amazon Relational Database Service", "Databases", "Relational Databases"),
    "AmazonDynamoDB": Service("Amazon DynamoDB", "Databases", "NoSQL Databases"),
    "AmazonDocDB": Service("Amazon DocumentDB", "Databases", "NoSQL Databases"),
    "AmazonElastiCache": Service("Amazon ElastiCache", "Databases", "Caching"),
    "AmazonMemoryDB": Service("Amazon MemoryDB", "Databases", "Caching"),
    "AmazonNeptune": Service("Amazon Neptune", "Databases", "Other (Databases)"),
    "AmazonRedshift": Service("Amazon Redshift", "Databases", "Data Warehouses"),
    "AmazonTimestream": Service("Amazon Timestream", "Databases", "Time Series Databases"),
    "AmazonAthena": Service("Amazon Athena", "Analytics", "Data Processing"),
    "AWSGlue": Service("AWS Glue", "Analytics", "Data Processing"),
    "ElasticMapReduce": Service("Amazon EMR", "Analytics", "Data Processing"),
    "AmazonES": Service("Amazon OpenSearch Service", "Analytics", "Search"),
    "AmazonKinesis": Service("Amazon Kinesis", "Analytics", "Streaming Analytics"),
    "AmazonKinesisFirehose": Service("Amazon Data Firehose", "Analytics", "Streaming Analytics"),
    "AmazonMSK": Service("Amazon Managed Streaming for Apache Kafka", "Analytics", "Streaming Analytics"),
    "AmazonQuickSight": Service("Amazon QuickSight", "Analytics", "Business Intelligence"),
    "AmazonVPC": _VPC,
    "AWSDataTransfer": _TRANSFER,
    "AmazonCloudFront": Service("Amazon CloudFront", "Networking", "Content Delivery"),
    "AmazonRoute53": Service("Amazon Route 53", "Networking", "Network Infrastructure"),
    "AWSELB": Service("Elastic Load Balancing", "Networking", "Application Networking"),
    "AWSDirectConnect": Service("AWS Direct Connect", "Networking", "Network Connectivity"),
    "AmazonApiGateway": Service("Amazon API Gateway", "Integration", "API Management"),
    "AmazonSNS": Service("Amazon Simple Notification Service", "Integration", "Messaging"),
    "AWSQueueService": Service("Amazon Simple Queue Service", "Integration", "Messaging"),
    "AWSEvents": Service("Amazon EventBridge", "Integration", "Messaging"),
    "AmazonStates": Service("AWS Step Functions", "Integration", "Workflow Orchestration"),
    "AmazonCloudWatch": Service("Amazon CloudWatch", "Management and Governance", "Observability"),
    "AWSCloudTrail": Service("AWS CloudTrail", "Management and Governance", "Observability"),
    "AWSConfig": Service("AWS Config", "Management and Governance", "Other (Management and Governance)"),
    "AWSSystemsManager": Service(
        "AWS Systems Manager", "Management and Governance", "Other (Management and Governance)"
    ),
    "AWSCostExplorer": Service("AWS Cost Explorer", "Management and Governance", "Cost Management"),
    "AWSSupportBusiness": Service("AWS Support (Business)", "Management and Governance", "Support"),
    "AWSSupportEnterprise": Service("AWS Support (Enterprise)", "Management and Governance", "Support"),
    "awskms": Service("AWS Key Management Service", "Security", "Secret Management"),
    "AWSSecretsManager": Service("AWS Secrets Manager", "Security", "Secret Management"),
    "awswaf": Service("AWS WAF", "Security", "Threat Detection and Response"),
    "AmazonGuardDuty": Service("Amazon GuardDuty", "Security", "Threat Detection and Response"),
    "AWSSecurityHub": Service("AWS Security Hub", "Security", "Security Posture Management"),
    "AmazonCognito": Service("Amazon Cognito", "Identity", "Identity and Access Management"),
    "CodeBuild": Service("AWS CodeBuild", "Developer Tools", "Continuous Integration and Deployment"),
    "AWSXRay": Service("AWS X-Ray", "Developer Tools", "Other (Developer Tools)"),
}

_EC2_PARTS: tuple[tuple[tuple[str, ...], Service], ...] = (
    (("EBS:", "EBSOptimized"), _EBS),
    (("NatGateway", "VpcEndpoint", "ElasticIP", "PublicIPv4", "TransitGateway", "VPN"), _VPC),
    (("DataTransfer", "AWS-In-Bytes", "AWS-Out-Bytes"), _TRANSFER),
)


def service_of(
    product_code: str | None, usage_type: str | None, product_name: str | None, *, marketplace: bool
) -> Service:
    """The service that a line belongs to. One that is not in the table keeps the bill's own name, under Other."""
    code = product_code or ""
    if marketplace and is_bedrock(code, usage_type, product_name):
        return BEDROCK
    if code == "AmazonEC2":
        bare = without_region_prefix(usage_type or "")
        for beginnings, service in _EC2_PARTS:
            if any(beginning in bare for beginning in beginnings):
                return service
    known = _SERVICES.get(code)
    if known:
        return known
    name = product_name or code
    return Service(name, "Other", "Other (Other)") if name else _MARKETPLACE


def is_bedrock(product_code: str | None, usage_type: str | None, product_name: str | None) -> bool:
    """Whether a line bills models of Bedrock, by AWS itself or through its marketplace."""
    if (product_code or "").startswith("AmazonBedrock") and product_code != "AmazonBedrockAgentCore":
        return True
    return "(amazon bedrock edition)" in (product_name or "").casefold() or (
        "MP:" in (usage_type or "") and "bedrock" in (product_name or "").casefold()
    )
