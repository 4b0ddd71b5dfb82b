"""Cost Explorer as a light source of money, for accounts without exports: daily costs by service and usage type, and by
record type for everything that is not usage.

Each page costs 0.01 USD, so that pages are counted, capped and kept for the day below the home. It tells no resource,
no public price and no effective cost of commitments: use an export where there is one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from connectors.aws.cost_explorer_rows import parts
from connectors.aws.options import AwsOptions
from connectors.aws.session import AwsSession
from connectors.errors import AnswerError, ConfigurationError, IncompleteError
from connectors.protocol import Answer, Surroundings, Window

STREAM = "aws/cost-explorer"
PRICE_OF_A_PAGE = Decimal("0.01")

_USAGE = {"Dimensions": {"Key": "RECORD_TYPE", "Values": ["Usage"]}}
QUESTIONS: dict[str, dict[str, Any]] = {
    "usage": {
        "Filter": _USAGE,
        "GroupBy": [{"Type": "DIMENSION", "Key": "SERVICE"}, {"Type": "DIMENSION", "Key": "USAGE_TYPE"}],
    },
    "other": {
        "Filter": {"Not": _USAGE},
        "GroupBy": [{"Type": "DIMENSION", "Key": "RECORD_TYPE"}, {"Type": "DIMENSION", "Key": "SERVICE"}],
    },
}
"""What is asked: usage by what was used, the rest by what it is."""


def pull(
    source: str, options: AwsOptions, session: AwsSession, surroundings: Surroundings, window: Window
) -> Iterator[Answer]:
    """Every page of both questions, each an answer; today's pages of the same questions are taken from the home.

    Raises `IncompleteError` where `page_limit` is reached: less than all pages proves nothing; `ConfigurationError`
    where the keys are of another account than `account_id`.
    """
    _check_account(options, session)
    now = surroundings.clock()
    end = min(window.end, (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0))
    asked = {"Start": f"{window.start:%Y-%m-%d}", "End": f"{end:%Y-%m-%d}"}
    kept = _kept_file(surroundings.home, source, options, asked, now)
    pages = _read(kept)
    paid = 0
    if pages is None:
        pages = _asked(options, session, asked)
        paid = len(pages)
        _write(kept, pages)
    for sequence, (question, page) in enumerate(pages):
        yield Answer(
            source,
            STREAM,
            window,
            {"question": question, **asked},
            sequence,
            now,
            json.dumps(page, sort_keys=True, default=str).encode(),
            {"pages_paid": str(paid), "account_id": options.account_id or ""},
        )


def _asked(options: AwsOptions, session: AwsSession, asked: dict[str, str]) -> list[tuple[str, dict[str, Any]]]:
    with session.client("ce") as client:
        return _pages(client, options, session, asked)


def _pages(
    client: Any, options: AwsOptions, session: AwsSession, period: dict[str, str]
) -> list[tuple[str, dict[str, Any]]]:
    pages: list[tuple[str, dict[str, Any]]] = []
    for name, question in QUESTIONS.items():
        token: str | None = None
        while True:
            if len(pages) >= options.page_limit:
                raise IncompleteError(
                    f"Cost Explorer has more than {options.page_limit} pages; {len(pages)} were paid for "
                    f"({PRICE_OF_A_PAGE * len(pages)} USD)",
                    remedy="raise `page_limit`, or read an export (report: cur2) instead",
                )
            request = {
                "TimePeriod": period,
                "Granularity": "DAILY",
                "Metrics": ["UnblendedCost", "UsageQuantity"],
                **question,
                **({"NextPageToken": token} if token else {}),
            }
            answer = session.ask("ce", lambda request=request: client.get_cost_and_usage(**request))
            answer.pop("ResponseMetadata", None)
            if not isinstance(answer.get("ResultsByTime"), list):
                raise AnswerError(f"a page of Cost Explorer ({name}) holds no ResultsByTime", remedy="run again")
            pages.append((name, answer))
            token = answer.get("NextPageToken")
            if not token:
                break
    return pages


def _check_account(options: AwsOptions, session: AwsSession) -> None:
    """Cost Explorer's answers name no account: they are of the one whose keys ask. Asking whose they are is free."""
    with session.client("sts") as sts:
        account = str(session.ask("sts", sts.get_caller_identity)["Account"])
    if account != options.account_id:
        raise ConfigurationError(
            f"the keys are of account {account}, `account_id` says {options.account_id}: Cost Explorer tells the costs "
            "of the account that asks",
            remedy=f"correct `account_id`, or give the `profile` or `role_arn` of account {options.account_id}",
        )


def _kept_file(
    home: Path | None, source: str, options: AwsOptions, period: dict[str, str], now: datetime
) -> Path | None:
    """Where a day's pages are kept: below the home, by what was asked, of whom and with whose keys."""
    if home is None:
        return None
    asker = [options.account_id, options.profile, options.role_arn, options.endpoint_url, options.region]
    asked = json.dumps([source, period, QUESTIONS, asker], sort_keys=True)
    name = hashlib.sha256(asked.encode()).hexdigest()[:16]
    return home / "cache" / "cost-explorer" / f"{now:%Y-%m-%d}-{name}.json"


def _read(kept: Path | None) -> list[tuple[str, dict[str, Any]]] | None:
    if kept is None or not kept.is_file():
        return None
    try:
        return [(name, page) for name, page in json.loads(kept.read_bytes())]
    except ValueError:
        return None


def _write(kept: Path | None, pages: Sequence[tuple[str, dict[str, Any]]]) -> None:
    if kept is None:
        return
    kept.parent.mkdir(parents=True, exist_ok=True)
    unfinished = kept.with_suffix(".part")
    unfinished.write_text(json.dumps(pages, default=str), encoding="utf-8")
    unfinished.replace(kept)


__all__ = ["PRICE_OF_A_PAGE", "QUESTIONS", "STREAM", "parts", "pull"]
