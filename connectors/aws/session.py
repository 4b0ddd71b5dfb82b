"""AWS sessions, clients and stores: profile, role, endpoint, and every refusal as an error that people can act on.

What is asked of a service belongs to the modules that ask.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from connectors.aws.options import AwsOptions
from connectors.aws.refusals import explained, explained_locally
from connectors.errors import ConfigurationError, RateLimitError, VendorUnavailableError
from connectors.exports.places import FoundFile, ObjectPlace, Place, place_at

ATTEMPTS = 5
"""How often a throttled question is asked at most."""

_Answer = TypeVar("_Answer")


class AwsSession:
    """One source's way to AWS. A role is assumed when the first client is asked for."""

    def __init__(self, source: str, options: AwsOptions, sleep: Callable[[float], None]) -> None:
        self._source = source
        self._options = options
        self._sleep = sleep
        self._session: Any = None

    @contextmanager
    def client(self, service: str, region: str | None = None) -> Generator[Any]:
        """A boto3 client, closed afterwards. It does not try again by itself: `ask` does.

        Raises `ConfigurationError`, `CredentialsError`.
        """
        boto3 = _boto3()
        from botocore.config import Config

        config = Config(retries={"total_max_attempts": 1, "mode": "standard"}, connect_timeout=15, read_timeout=60)
        with self._explained(service):
            client = self._boto(boto3).client(
                service,
                region_name=region or self._options.region,
                endpoint_url=self._options.endpoint_url,
                config=config,
            )
        try:
            yield client
        finally:
            client.close()

    def ask(self, service: str, question: Callable[[], _Answer]) -> _Answer:
        """A question, asked again while AWS throttles it or is away, at most `ATTEMPTS` times.

        Raises `RateLimitError`, `VendorUnavailableError`, `CredentialsError`, `AnswerError`.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self._explained(service):
                    return question()
            except (RateLimitError, VendorUnavailableError):
                if attempt == ATTEMPTS:
                    raise
                self._sleep(min(2.0**attempt, 30.0))
        raise AssertionError("unreachable")

    def place(self, path: str) -> Place:
        """The folder or file of an export. s3:// is read with the `storage` settings, else with this session."""
        storage = {name: secret.get_secret_value() for name, secret in self._options.storage.items()}
        if not path.startswith("s3://") or any(
            name.removeprefix("aws_").startswith(("access_key", "skip_signature")) for name in storage
        ):
            return place_at(path, storage)
        return _SessionPlace(path, storage, self)

    def store(self, path: str) -> Any:
        """An obstore store of the bucket that asks this session for its keys, again whenever they run out."""
        boto3 = _boto3()
        from obstore.auth.boto3 import Boto3CredentialProvider
        from obstore.store import S3Store

        endpoint = self._options.endpoint_url
        config = {"region": self._options.region, **({"endpoint": endpoint} if endpoint else {})}
        with self._explained("s3"):
            session = self._boto(boto3)
            if session.get_credentials() is None:
                from botocore.exceptions import NoCredentialsError

                raise NoCredentialsError
            provider = Boto3CredentialProvider(session)
        return S3Store(
            urlsplit(path).netloc,
            config=cast("Any", config),
            client_options={"allow_http": bool(endpoint and endpoint.startswith("http://"))},
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=60)},
            credential_provider=provider,
        )

    def check_bucket(self, path: str) -> None:
        """Lists one object by AWS's own client: what S3 refuses it says by a code, where obstore says too little.

        Raises `CredentialsError`, `RateLimitError`, `VendorUnavailableError`, `AnswerError`; nothing where S3 answers.
        """
        parts = urlsplit(path)
        with self.client("s3") as client, self._explained("s3"):
            client.list_objects_v2(Bucket=parts.netloc, Prefix=parts.path.strip("/"), MaxKeys=1)

    def _boto(self, boto3: Any) -> Any:
        if self._session is None:
            session = boto3.Session(profile_name=self._options.profile, region_name=self._options.region)
            self._session = session if self._options.role_arn is None else self._assumed(boto3, session)
        return self._session

    def _assumed(self, boto3: Any, session: Any) -> Any:
        """A session of the role, with keys of an hour."""
        with closing(session.client("sts", endpoint_url=self._options.endpoint_url)) as client:
            keys = client.assume_role(RoleArn=self._options.role_arn, RoleSessionName="outlay")["Credentials"]
        return boto3.Session(
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
            region_name=self._options.region,
        )

    @contextmanager
    def _explained(self, service: str) -> Generator[None]:
        """AWS's own errors as ours."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except ClientError as error:
            raise explained(error, service, self._source) from error
        except BotoCoreError as error:
            raise explained_locally(error, service, self._source) from error


class _SessionPlace(ObjectPlace):
    """An S3 prefix read with a session's keys."""

    def __init__(self, path: str, storage: dict[str, str], session: AwsSession) -> None:
        super().__init__(path, storage)
        self._session = session
        self._path = path

    def files(self) -> list[FoundFile]:
        with self._asked_again():
            return super().files()

    def read(self, url: str) -> bytes:
        with self._asked_again():
            return super().read(url)

    @contextmanager
    def _asked_again(self) -> Generator[None]:
        try:
            yield
        except VendorUnavailableError:
            self._session.check_bucket(self._path)
            raise

    def _store(self) -> Any:
        if self._opened is None:
            self._opened = self._session.store(self._path)
        return self._opened


def _boto3() -> Any:
    try:
        import boto3
    except ImportError as error:
        raise ConfigurationError(
            "reading AWS needs the package boto3", remedy="install it: pip install 'outlay[aws]'"
        ) from error
    return boto3
