"""AWS's refusals as errors that people can act on: answered by a loopback service, read by the real client."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from connectors.aws.model_names import model_key
from connectors.errors import (
    ConfigurationError,
    ConnectorError,
    CredentialsError,
    RateLimitError,
    VendorUnavailableError,
)
from connectors.exports.places import place_at
from connectors.protocol import Window

_IDENTITY = (
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    "<Account>{}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
)
_NO_ROLE = (
    '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Code>AccessDenied</Code>'
    "<Message>not authorized to perform: sts:AssumeRole</Message></Error></ErrorResponse>"
)


class Refusing(ThreadingHTTPServer):
    """Answers every question of AWS JSON 1.1 with what it was told, and counts them; STS says whose the keys are."""

    daemon_threads = True
    status = 400
    body: dict[str, Any] = {}
    account = "1"
    asked = 0


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, Refusing)
        asked = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if b"GetCallerIdentity" in asked:
            self._answer(200, "text/xml", _IDENTITY.format(server.account).encode())
            return
        if b"AssumeRole" in asked:
            self._answer(403, "text/xml", _NO_ROLE.encode())
            return
        server.asked += 1
        self._answer(server.status, "application/x-amz-json-1.1", json.dumps(server.body).encode())

    def do_GET(self) -> None:
        """S3, which refuses."""
        code = "<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>"
        self._answer(403, "application/xml", code.encode())

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Refusing]:
    pytest.importorskip("boto3", reason="boto3 is not installed: pip install 'outlay[aws]'")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    server = Refusing(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("status", "code", "message", "error", "remedy", "asked"),
    [
        (400, "ExpiredTokenException", "The security token included in the request is expired", CredentialsError,
            "sign in again", 1),
        (403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large",
            CredentialsError, "clock", 1),
        (403, "SignatureDoesNotMatch", "Signature expired: 20261120T000000Z is now earlier than 20261120T001000Z",
            CredentialsError, "clock", 1),
        (403, "InvalidSignatureException", "Signature not yet current: 20261120T010000Z is still later than",
            CredentialsError, "clock", 1),
        (400, "UnrecognizedClientException", "The security token included in the request is invalid.",
            CredentialsError, "access key", 1),
        (400, "AccessDeniedException", "User is not authorized to perform: ce:GetCostAndUsage", CredentialsError,
            "README", 1),
        (400, "LimitExceededException", "You've made too many calls", RateLimitError, "wait", 5),
        (400, "ThrottlingException", "Rate exceeded", RateLimitError, "wait", 5),
        (500, "InternalFailure", "An internal error", VendorUnavailableError, "wait", 5),
    ],
)  # fmt: skip
def test_refusals_say_what_to_do(
    aws: Refusing,
    aws_source: Callable[..., Any],
    september: Window,
    status: int,
    code: str,
    message: str,
    error: type[ConnectorError],
    remedy: str,
    asked: int,
) -> None:
    aws.status, aws.body = status, {"__type": code, "message": message}
    source = aws_source(report="cost-explorer", account_id="1", endpoint_url=f"http://127.0.0.1:{aws.server_port}")
    with pytest.raises(error) as caught:
        list(source.pull(september))
    assert remedy in caught.value.remedy
    assert caught.value.source == "aws"
    assert aws.asked == asked


def _pages(aws: Refusing, source: Any, window: Window) -> list[bytes]:
    """What is pulled of an account where AWS answers with pages of nothing."""
    aws.status, aws.body = 200, {"ResultsByTime": []}
    return [answer.body for answer in source.pull(window)]


def test_todays_pages_are_those_of_their_own_account(
    aws: Refusing, aws_source: Callable[..., Any], september: Window, tmp_path: Path
) -> None:
    """The same source, day and question: another account, profile or role is asked for anew, the same one is not."""
    options = {"report": "cost-explorer", "endpoint_url": f"http://127.0.0.1:{aws.server_port}", "home": tmp_path}
    for account, asked in (("1", 2), ("1", 2), ("2", 4)):
        aws.account = account
        _pages(aws, aws_source(account_id=account, **options), september)
        assert aws.asked == asked


def test_keys_of_another_account_are_refused_before_anything_is_paid(
    aws: Refusing, aws_source: Callable[..., Any], september: Window
) -> None:
    aws.account = "111122223333"
    endpoint = f"http://127.0.0.1:{aws.server_port}"
    source = aws_source(report="cost-explorer", account_id="999999999999", endpoint_url=endpoint)
    with pytest.raises(ConfigurationError, match=r"keys are of account 111122223333, `account_id` says 999999999999"):
        _pages(aws, source, september)
    assert aws.asked == 0


@pytest.fixture
def no_keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine where boto3 finds nothing."""
    pytest.importorskip("boto3", reason="boto3 is not installed: pip install 'outlay[aws]'")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


@pytest.mark.usefixtures("no_keys")
def test_a_bucket_without_keys_says_that_there_are_none(aws_source: Callable[..., Any], september: Window) -> None:
    with pytest.raises(CredentialsError, match="no usable AWS keys") as refused:
        list(aws_source("s3://acme-billing/cur/daily").pull(september))
    assert "aws sso login" in refused.value.remedy


def test_a_role_that_may_not_be_assumed_is_said_for_a_bucket_too(
    aws: Refusing, aws_source: Callable[..., Any], september: Window
) -> None:
    role = "arn:aws:iam::111122223333:role/outlay"
    endpoint = f"http://127.0.0.1:{aws.server_port}"
    source = aws_source("s3://acme-billing/cur/daily", role_arn=role, endpoint_url=endpoint)
    with pytest.raises(
        CredentialsError, match="AWS s3 answered AccessDenied: not authorized to perform: sts:A"
    ) as refused:
        list(source.pull(september))
    assert "allow the actions" in refused.value.remedy


def test_keys_that_a_bucket_refuses_are_no_outage(
    aws: Refusing, aws_source: Callable[..., Any], september: Window
) -> None:
    source = aws_source("s3://acme-billing/cur/daily", endpoint_url=f"http://127.0.0.1:{aws.server_port}")
    with pytest.raises(CredentialsError, match="AWS s3 answered ExpiredToken") as refused:
        list(source.pull(september))
    assert "sign in again" in refused.value.remedy


def test_an_object_that_keys_may_not_read_is_no_outage_in_any_store(aws: Refusing) -> None:
    storage = {
        "endpoint": f"http://127.0.0.1:{aws.server_port}",
        "allow_http": "true",
        "access_key_id": "testing",
        "secret_access_key": "testing",
        "region": "us-east-1",
    }
    address = "s3://acme-billing/cur/daily/bill.csv"
    with pytest.raises(CredentialsError, match=f"{address} cannot be read: the store refuses these keys"):
        place_at("s3://acme-billing/cur/daily", storage).read(address)


def test_a_profile_that_is_not_there_is_named(
    aws_source: Callable[..., Any], september: Window, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    pytest.importorskip("boto3", reason="boto3 is not installed: pip install 'outlay[aws]'")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    source = aws_source(report="cost-explorer", account_id="1", profile="finance")
    with pytest.raises(ConfigurationError, match="finance"):
        list(source.pull(september))


def test_answers_of_the_stub_are_what_aws_says_they_are() -> None:
    """The pages that other tests seed keep botocore's model of GetCostAndUsage."""
    boto3 = pytest.importorskip("boto3", reason="boto3 is not installed: pip install 'outlay[aws]'")
    from botocore.stub import Stubber

    from connectors.aws.cost_explorer import QUESTIONS

    page = {
        "ResultsByTime": [
            {
                "TimePeriod": {"Start": "2026-09-01", "End": "2026-09-02"},
                "Total": {},
                "Groups": [{"Keys": ["a", "b"], "Metrics": {"UnblendedCost": {"Amount": "1", "Unit": "USD"}}}],
                "Estimated": True,
            }
        ],
        "NextPageToken": "more",
    }
    with closing(
        boto3.client("ce", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    ) as client:
        for question in QUESTIONS.values():
            with Stubber(client) as stubber:
                asked = {
                    "TimePeriod": {"Start": "2026-09-01", "End": "2026-10-01"},
                    "Granularity": "DAILY",
                    "Metrics": ["UnblendedCost", "UsageQuantity"],
                    **question,
                }
                stubber.add_response("get_cost_and_usage", page, asked)
                assert client.get_cost_and_usage(**asked)["NextPageToken"] == "more"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Claude4.6Opus", "us.anthropic.claude-opus-4-6-20260101-v1:0"),
        ("Claude Opus 5.5", "global.anthropic.claude-opus-5-5"),
        ("Claude3Sonnet", "anthropic.claude-3-sonnet-20240229-v1:0"),
        ("Llama3-2-1B", "us.meta.llama3-2-1b-instruct-v1:0"),
        ("NovaPro", "amazon.nova-pro-v1:0"),
        ("qwen.qwen3-32b", "qwen.qwen3-32b-v1:0"),
        ("gpt-oss-20b", "openai.gpt-oss-20b-1:0"),
    ],
)
def test_names_of_one_model_meet(one: str, other: str) -> None:
    assert model_key(one) == model_key(other)


def test_names_of_different_models_do_not_meet() -> None:
    assert (
        len({model_key(name) for name in ("Claude4.6Opus", "Claude4.5Opus", "Claude4.6Sonnet", "NovaPro", "NovaLite")})
        == 5
    )
