"""A row of AWS's Cost and Usage Report 2.0 (daily, with resources and IAM principals), under AWS's own column names.

What stands in a row and what it means is said by the bill; how a row becomes Parquet by `aws_files`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from connectors.simulator.clouds.accounts import AWS_PAYER
from connectors.simulator.clouds.lines import ZERO, Account, Charge, Line, after, first_of, midnight, rounded
from connectors.simulator.draws import identifier

ISSUER = "Amazon Web Services, Inc."
PREFIXES = {"us-east-1": "", "us-west-2": "USW2-", "eu-west-1": "EU-"}
"""How a region begins the usage types of most services; us-east-1 says nothing."""

PRODUCTS = {
    "AmazonEC2": "Amazon Elastic Compute Cloud",
    "AmazonS3": "Amazon Simple Storage Service",
    "AmazonSageMaker": "Amazon SageMaker",
    "AmazonBedrock": "Amazon Bedrock",
    "AmazonMWAA": "Amazon Managed Workflows for Apache Airflow",
    "AmazonStates": "AWS Step Functions",
    "AmazonES": "Amazon OpenSearch Service",
    "AmazonKinesis": "Amazon Kinesis",
    "AWSGlue": "AWS Glue",
    "AmazonApiGateway": "Amazon API Gateway",
    "AWSDataTransfer": "AWS Data Transfer",
    "ComputeSavingsPlans": "Savings Plans for AWS Compute usage",
    "AWSSupportBusiness": "AWS Support (Business)",
    "OCBPremiumSupport": "AWS Premium Support",
}


@dataclass(frozen=True)
class CurRow:
    """What a line item says. Costs in USD, `amount` in `unit`; `more` are further columns by AWS's names."""

    month: str
    kind: str
    product: str
    usage_type: str
    account: Account
    start: datetime
    end: datetime
    amount: Decimal = ZERO
    unit: str = ""
    cost: Decimal = ZERO
    public: Decimal | None = None
    rate: Decimal | None = None
    operation: str = ""
    resource: str = ""
    region: str = "us-east-1"
    size: str = ""
    text: str = ""
    term: str = ""
    option: str = ""
    product_name: str = ""
    principal: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, object] = field(default_factory=dict)
    means: tuple[Charge, ...] = ()

    def line(self, *, invoice: str | None) -> Line:
        """The row; `invoice` is the month's, once it is closed."""
        name = self.product_name or PRODUCTS[self.product]
        marketplace = bool(self.product_name)
        columns: dict[str, object] = {
            "bill_bill_type": "Refund" if self.kind == "Refund" else "Anniversary",
            "bill_billing_entity": "AWS Marketplace" if marketplace else "AWS",
            "bill_billing_period_start_date": midnight(first_of(self.month)),
            "bill_billing_period_end_date": midnight(after(self.month)),
            "bill_invoice_id": invoice,
            "bill_invoicing_entity": ISSUER,
            "bill_payer_account_id": AWS_PAYER.id,
            "bill_payer_account_name": AWS_PAYER.name,
            "identity_line_item_id": self._id(),
            "identity_time_interval": f"{self.start:%Y-%m-%dT%H:%M:%SZ}/{self.end:%Y-%m-%dT%H:%M:%SZ}",
            "line_item_currency_code": "USD",
            "line_item_iam_principal": self.principal or None,
            "line_item_legal_entity": ISSUER,
            "line_item_line_item_description": self.text,
            "line_item_line_item_type": self.kind,
            "line_item_operation": self.operation or None,
            "line_item_product_code": self.product,
            "line_item_resource_id": self.resource or None,
            "line_item_unblended_cost": rounded(self.cost, 10),
            "line_item_unblended_rate": "" if self.rate is None else f"{self.rate:f}",
            "line_item_usage_account_id": self.account.id,
            "line_item_usage_account_name": self.account.name,
            "line_item_usage_amount": self.amount,
            "line_item_usage_start_date": self.start,
            "line_item_usage_end_date": self.end,
            "line_item_usage_type": self.usage_type,
            "pricing_currency": "USD",
            "pricing_public_on_demand_cost": None if self.public is None else rounded(self.public, 10),
            "pricing_public_on_demand_rate": "" if self.rate is None else f"{self.rate:f}",
            "pricing_purchase_option": self.option or None,
            "pricing_rate_code": f"{self._sku()}.JRTCKXETXF.6YS6EN2CT7",
            "pricing_term": self.term or None,
            "pricing_unit": self.unit or None,
            "product": {"product_name": name, "region": self.region},
            "product_instance_type": self.size or None,
            "product_region_code": self.region,
            "product_servicecode": self.product,
            "product_sku": self._sku(),
            "product_usagetype": self.usage_type,
            "resource_tags": dict(self.tags),
        }
        return Line({**columns, **self.more}, self.means)

    def _id(self) -> str:
        parts = (self.kind, self.product, self.usage_type, self.account.id, self.start, self.resource, self.principal)
        return hashlib.sha256("\x1f".join(map(str, (*parts, self.operation, self.text))).encode()).hexdigest()[:52]

    def _sku(self) -> str:
        return identifier("", 16, "aws sku", self.product, self.product_name, self.usage_type, self.operation).upper()


def arn(service: str, region: str, account: Account, rest: str) -> str:
    return f"arn:aws:{service}:{region}:{account.id}:{rest}"
