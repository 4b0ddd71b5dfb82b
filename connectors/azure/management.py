"""Azure Resource Manager for one source: one client, its answers byte for byte, its refusals in our words.

Answers are taken before Azure's library parses them, for it reads amounts as floats.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

from connectors.azure.credentials import credential_of, missing_library, refused
from connectors.azure.options import AzureOptions
from connectors.errors import AnswerError, ConnectorError, RateLimitError, VendorUnavailableError
from connectors.http import ATTEMPTS, read_json
from connectors.protocol import Surroundings

API_VERSION = "2025-03-01"
_LONGEST_MESSAGE = 300


@dataclass(frozen=True)
class Page:
    """One answer: its bytes, and what they say (None for 204, no content)."""

    body: bytes
    payload: dict[str, Any] | None


class ManagementClient:
    """Asks Azure Resource Manager; a context manager, for it holds a connection."""

    def __init__(self, options: AzureOptions, surroundings: Surroundings) -> None:
        try:
            from azure.mgmt.costmanagement import CostManagementClient

            from connectors.azure.retrying import CostManagementRetryPolicy
        except ModuleNotFoundError:
            raise missing_library() from None
        is_local = options.endpoint_url is not None and options.endpoint_url.startswith("http://")
        chosen: dict[str, Any] = {"base_url": options.endpoint_url} if options.endpoint_url else {}
        if is_local:
            # Azure's own policy refuses http; options allow it to this machine only
            chosen["authentication_policy"] = _local_authentication(options)
        self._client = CostManagementClient(
            cast("Any", _NoCredential() if is_local else credential_of(options)),
            retry_policy=CostManagementRetryPolicy(surroundings.sleep, surroundings.clock),
            logging_enable=False,
            **chosen,
        )
        self._base = options.endpoint_url or "https://management.azure.com"

    def __enter__(self) -> ManagementClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, path: str, params: dict[str, str]) -> Page:
        """One GET of a path below the endpoint, or of a next link."""
        return self._ask("GET", path, params=params)

    def post(self, path: str, body: dict[str, Any]) -> Page:
        """One POST of a path below the endpoint, or of a next link."""
        return self._ask("POST", path, json=body)

    def _ask(self, method: str, address: str, **content: Any) -> Page:
        from azure.core.exceptions import AzureError, ClientAuthenticationError, DecodeError
        from azure.core.rest import HttpRequest

        url = address if "://" in address else self._base + address
        self._check_host(url)
        params = content.pop("params", None)
        if "://" not in address:
            content["params"] = {"api-version": API_VERSION, **(params or {})}
        try:
            response = self._client.send_request(HttpRequest(method, url, **content))
            body = response.content
        except ClientAuthenticationError as error:
            raise refused(str(error).splitlines()[0][:200]) from None
        except DecodeError:
            raise _no_object() from None
        except AzureError as error:
            raise VendorUnavailableError(
                f"Azure did not answer, {ATTEMPTS} times ({type(error).__name__})",
                remedy="check the network and endpoint_url, then run again. What was published stays",
            ) from None
        if response.status_code == 204:
            return Page(body, None)
        if response.status_code != 200:
            raise _refusal(response.status_code, body)
        return Page(body, _parsed(body))

    def _check_host(self, url: str) -> None:
        """A next link leads to where we asked, or our token would travel elsewhere."""
        asked, told = urlsplit(self._base), urlsplit(url)
        if (asked.scheme, asked.netloc) != (told.scheme, told.netloc):
            raise AnswerError(
                f"Azure's answer goes on at another host, {told.netloc}", remedy="check endpoint_url; report it"
            )


def gathered(client: ManagementClient, path: str, params: dict[str, str]) -> Iterator[Page]:
    """All pages of a list, following its next links. Raises `AnswerError` where they go in a circle."""
    page = client.get(path, params)
    seen: set[str] = set()
    while True:
        yield page
        following = str((page.payload or {}).get("nextLink") or "")
        if not following:
            return
        if following in seen:
            raise AnswerError("Azure's pages go in a circle", remedy="run again later, then report it")
        seen.add(following)
        page = client.get(following, {})


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        payload = read_json(body)
    except ValueError:
        payload = None
    if not isinstance(payload, dict):
        raise _no_object()
    return cast("dict[str, Any]", payload)


def _no_object() -> AnswerError:
    return AnswerError(
        "Azure's answer is no JSON object", remedy="check endpoint_url, and for a proxy or login page in between"
    )


def _refusal(status: int, body: bytes) -> ConnectorError:
    said = _message(body)
    if status in {401, 403}:
        return refused(f"{status}: {said}")
    if status == 429:
        return RateLimitError(
            f"Cost Management limits our rate ({said}) and did so {ATTEMPTS} times",
            remedy="run again later; queries of the whole tenant share 12 units in ten seconds and 600 an hour",
        )
    if status >= 500 or status == 408:
        return VendorUnavailableError(
            f"Azure answered {status} ({said}) {ATTEMPTS} times",
            remedy="run again later. What was published stays",
        )
    return AnswerError(
        f"Azure answered {status}: {said}", remedy="check `scope` and the options of this source, then report it"
    )


def _message(body: bytes) -> str:
    """Azure's own words in an error body."""
    try:
        error = read_json(body)["error"]
        text = f"{error.get('code', '')}: {error.get('message', '')}".strip(": ")
    except (ValueError, KeyError, TypeError, AttributeError):
        text = " ".join(body.decode("utf-8", "replace").split())
    return text[:_LONGEST_MESSAGE] or "no message"


class _NoCredential:
    """Stands where the client wants a credential and our own policy authenticates."""

    def get_token(self, *_: str, **__: object) -> object:
        raise AssertionError("the authentication policy is our own")


def _local_authentication(options: AzureOptions) -> object:
    """Sends the client secret as the token, to this machine only: tests and the simulator know whom they serve."""
    from azure.core.pipeline import PipelineRequest
    from azure.core.pipeline.policies import SansIOHTTPPolicy

    token = options.client_secret.get_secret_value() if options.client_secret else "none"

    class LocalAuthentication(SansIOHTTPPolicy[Any, Any]):
        def on_request(self, request: PipelineRequest[Any]) -> None:
            request.http_request.headers["Authorization"] = f"Bearer {token}"

    return LocalAuthentication()
