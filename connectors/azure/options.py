"""What can be said about a source of Azure in `outlay.yaml`."""

from __future__ import annotations

import re
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from connectors.option_types import BaseUrl, Key

Report = Literal["focus", "actual", "amortized", "actual-and-amortized", "query"]
_SCOPE = re.compile(r"^/?(subscriptions|providers/Microsoft\.(Billing|Management))/.+$", re.IGNORECASE)


class AzureOptions(BaseModel):
    """Options of `connector: azure`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    report: Report = Field(
        description="Which report is the bill: a FOCUS export, an export of actual or amortized cost, both, or queries"
    )
    path: str | None = Field(
        default=None,
        min_length=1,
        description="Folder of the export (az://container/folder, file:// or a path), or a single file of it",
    )
    amortized_path: str | None = Field(
        default=None, min_length=1, description="Folder of the amortized export, for actual-and-amortized"
    )
    storage: dict[str, SecretStr] = Field(
        default_factory=dict,
        description="Settings of the storage account (account_name, account_key, sas_key, endpoint), as obstore names "
        "them; without a key the identity below is used",
    )
    accounts: list[str] = Field(
        default_factory=list, description="Billing accounts or profiles that may appear; empty: any"
    )
    scope: str | None = Field(
        default=None,
        description="Scope of queries and benefits: /providers/Microsoft.Billing/billingAccounts/… or /subscriptions/…",
    )
    billing_account: str | None = Field(
        default=None,
        min_length=1,
        description="For queries of a scope that does not name it: the billing account or profile that is invoiced",
    )
    tenant_id: str | None = Field(default=None, min_length=1, description="Tenant of the application that reads")
    client_id: str | None = Field(default=None, min_length=1, description="The application (client) id")
    client_secret: Key | None = Field(
        default=None, description="Its secret; without one, the environment's identity is used (managed identity, CLI)"
    )
    benefits: bool = Field(default=False, description="Also read how far reservations and savings plans were used")
    monitor_resources: list[str] = Field(
        default_factory=list, description="Ids of Azure OpenAI or Foundry accounts whose token metrics are read"
    )
    endpoint_url: BaseUrl | None = Field(
        default=None, description="Another address of Azure Resource Manager (sovereign clouds, tests)"
    )
    keep_copies_up_to_mib: int = Field(
        default=16, ge=0, description="Files up to this size are archived whole; larger ones by address, size and hash"
    )

    @field_validator("path", "amortized_path")
    @classmethod
    def _without_credentials(cls, path: str | None) -> str | None:
        # az://container@account/ is an address; a colon before the @ is a password
        if path is not None and re.match(r"[a-z0-9]+://[^/@]*:[^/@]*@", path):
            raise ValueError("must not hold a user or password: put them under storage")
        return path

    @field_validator("tenant_id", "client_id")
    @classmethod
    def _an_id(cls, name: str | None) -> str | None:
        if name is not None and not re.fullmatch(r"[A-Za-z0-9.\-]+", name):
            raise ValueError("must be an id (00000000-0000-…) or, of a tenant, its domain")
        return name

    @field_validator("scope")
    @classmethod
    def _whole_scope(cls, scope: str | None) -> str | None:
        if scope is not None and not _SCOPE.match(scope):
            raise ValueError("must be /subscriptions/… or /providers/Microsoft.Billing/billingAccounts/…")
        return scope if scope is None else "/" + scope.strip("/")

    @field_validator("monitor_resources")
    @classmethod
    def _whole_resources(cls, resources: list[str]) -> list[str]:
        if any(not re.match(r"^/subscriptions/[^/]+/.*/providers/.+", resource) for resource in resources):
            raise ValueError("must be resource ids: /subscriptions/…/providers/Microsoft.CognitiveServices/accounts/…")
        return resources

    @model_validator(mode="after")
    def _what_the_report_needs(self) -> Self:
        if self.report == "query":
            if self.scope is None:
                raise ValueError("report: query needs `scope`")
            if self.path is not None or self.amortized_path is not None:
                raise ValueError("report: query reads no files: leave out `path`")
            if self.billing_account is None and "/billingaccounts/" not in self.scope.casefold():
                raise ValueError(
                    f"`scope` {self.scope} does not name its billing account: say it in `billing_account`, so that an "
                    "export of the same account is not counted beside it"
                )
        elif self.path is None:
            raise ValueError(f"report: {self.report} needs `path`")
        if (self.amortized_path is not None) != (self.report == "actual-and-amortized"):
            raise ValueError("`amortized_path` goes with report: actual-and-amortized, and only with it")
        if self.billing_account is not None and self.report != "query":
            raise ValueError("`billing_account` goes with report: query; exports name it themselves")
        if self.benefits and self.scope is None:
            raise ValueError("`benefits` needs `scope`")
        if self.client_secret is not None and (self.tenant_id is None or self.client_id is None):
            raise ValueError("`client_secret` needs `tenant_id` and `client_id`")
        return self
