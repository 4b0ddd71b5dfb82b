"""What can be said about an Anthropic source in `outlay.yaml`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from connectors.option_types import BaseUrl, Key


class AnthropicOptions(BaseModel):
    """Options of `connector: anthropic`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    admin_key: Key = Field(description="Admin key (sk-ant-admin01-…), from the environment: ${ANTHROPIC_ADMIN_KEY}")
    base_url: BaseUrl = Field("https://api.anthropic.com", description="Where the API is, without /v1")
    account_id: str | None = Field(None, description="Organisation id, where the answers do not tell it")
    report: Literal["admin", "analytics"] = Field(
        "admin", description="admin: usage_report and cost_report; analytics: the beta with cost per key"
    )
    bucket_width: Literal["1d", "1h"] = Field("1d", description="Grain of usage; costs are always by day")
    identities: Literal["users", "service_accounts"] = Field(
        "users", description="Who usage is attributed to beside keys (admin report; the vendor allows one of them)"
    )
    speed: bool = Field(False, description="One more pull that tells fast mode from standard speed")
    context_window: bool = Field(True, description="One more pull that tells context bands (analytics report)")
    claude_code: bool = Field(False, description="Claude Code analytics, as estimates of seats' usage")
    workspace_names: bool = Field(True, description="Pull the names of workspaces and keys")
    user_names: bool = Field(True, description="Pull the names of users and service accounts")

    @model_validator(mode="after")
    def _width_of_report(self) -> AnthropicOptions:
        if self.report == "analytics" and self.bucket_width != "1d":
            raise ValueError("bucket_width: the analytics report is read by day, so that keys and costs meet")
        return self
