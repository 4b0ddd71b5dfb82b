"""`dashboard` of `outlay.yaml`: where it is served, how people sign in, and who may see what."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, model_validator

from connectors.option_types import BaseUrl, is_loopback
from models.control.access import Access, AccessRule, Role
from pipelines.settings.budgets import Names
from pipelines.settings.strict import Name, Strict

_OF_ANYBODY = ("common", "organizations", "consumers")


def _checked_metadata_url(url: str) -> str:
    parts = urlsplit(url)
    # there, an e-mail address is what the other organisation says it is
    if parts.hostname == "login.microsoftonline.com" and parts.path.split("/")[1] in _OF_ANYBODY:
        raise ValueError("lets in people of any organisation; put your tenant's id in the place of that word")
    return url


def _checked_page_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("is no web address; write it as people open it, such as https://outlay.example.com")
    if parts.scheme == "http" and not is_loopback(url):
        raise ValueError("must be https: whoever listens on the way could sign in as somebody else")
    return url.rstrip("/")


PageUrl = Annotated[str, AfterValidator(_checked_page_url)]
MetadataUrl = Annotated[BaseUrl, AfterValidator(_checked_metadata_url)]
Address = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z.:-]+$", max_length=255)]


class SignInSettings(Strict):
    """A client of an OpenID Connect provider. Its redirect address there is `dashboard.url` + /oauth2callback."""

    metadata_url: MetadataUrl = Field(description="The provider's …/.well-known/openid-configuration")
    client_id: Name
    client_secret: SecretStr
    cookie_secret: SecretStr = Field(description="Signs the cookie of who is signed in: 32 random letters or more")
    groups_claim: Name = Field(default="groups", description="Which claim of the ID token lists groups")
    hours: int = Field(default=12, ge=1, le=720, description="For how long a sign-in holds")


class PersonSettings(Strict):
    """Who is let in, as what. The first rule that fits holds."""

    who: Name | None = Field(default=None, description="E-mail address; shell glob, letter case aside")
    group: Name | None = Field(default=None, description="A group that the provider tells, to the letter")
    role: Role
    teams: Names | None = Field(default=None, description="Only what is these teams' own; default everything")

    @model_validator(mode="after")
    def _says_who_and_what(self) -> PersonSettings:
        if (self.who is None) == (self.group is None):
            raise ValueError("say who it is for: either who, an e-mail address, or a group")
        if self.role == "admin" and self.teams is not None:
            raise ValueError("an admin sees everything; an editor or viewer may be of some teams")
        return self


class DashboardSettings(Strict):
    """On this machine alone nobody needs to sign in; at any other address everybody does."""

    address: Address = Field(default="127.0.0.1", description="Where `outlay serve` listens")
    port: int = Field(default=8501, ge=1, le=65535)
    url: PageUrl | None = Field(default=None, description="How people reach it, also by links in messages")
    sign_in: SignInSettings | None = None
    people: tuple[PersonSettings, ...] = ()

    @property
    def host(self) -> str:
        """The address as it stands in a URL."""
        return f"[{self.address}]" if ":" in self.address else self.address

    @property
    def is_local(self) -> bool:
        """Whether it listens to this machine alone."""
        return is_loopback(f"//{self.host}")

    def access(self) -> Access:
        """Who is let in; without `sign_in` nobody is asked."""
        rules = tuple(AccessRule(each.role, each.who, each.group, each.teams) for each in self.people)
        return Access(rules) if self.sign_in is None else Access(rules, self.sign_in.groups_claim, self.sign_in.hours)
