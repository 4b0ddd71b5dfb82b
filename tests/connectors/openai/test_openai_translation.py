"""OpenAI's answers into rows: the vendor's own examples, and answers that are wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import polars as pl
import pytest

from connectors.errors import AnswerError
from connectors.openai.client import OpenAIConnector
from connectors.openai.options import OpenAIOptions
from connectors.openai.reports import REPORTS
from connectors.protocol import Answer, Surroundings, Translation, Window
from models.ledger.billing import BILL_LINES
from models.ledger.metering import METER_READINGS

MakeAnswer = Callable[..., Answer]
DAY = Window(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 2, tzinfo=UTC))


def translate(answers: list[Answer], *streams: str, window: Window = DAY, **options: Any) -> Translation:
    chosen = streams or tuple(dict.fromkeys(answer.stream for answer in answers))
    checked = OpenAIOptions.model_validate({"admin_key": "sk-admin-x", "streams": chosen, **options})
    translation = OpenAIConnector("acme", checked, Surroundings()).translate(window, answers)
    METER_READINGS.check(translation.meter_readings)
    BILL_LINES.check(translation.bill_lines)
    return translation


def bucket(*results: dict[str, Any], day: int = 1, **more: Any) -> dict[str, Any]:
    start = int(datetime(2026, 10, day, tzinfo=UTC).timestamp())
    return {"object": "bucket", "start_time": start, "end_time": start + 86400, "results": list(results), **more}


def page(*buckets: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"object": "page", "data": list(buckets), "has_more": False, "next_page": None, **more}


def used(**more: Any) -> dict[str, Any]:
    return {"object": "organization.usage.completions.result", "input_tokens": 100, "output_tokens": 10,
            "num_model_requests": 1, "model": "gpt-5", **more}  # fmt: skip


def cost(value: Any, line_item: str | None = "gpt-5, input", **more: Any) -> dict[str, Any]:
    return {"amount": {"value": value, "currency": "usd"}, "line_item": line_item, "project_id": "proj_1", **more}


def meters(translation: Translation) -> dict[str, int]:
    rows = translation.meter_readings.group_by("meter").agg(pl.col("quantity").sum()).rows()
    return {meter: int(quantity) for meter, quantity in rows}


EXPECTED = {
    # Worked out from the identity in the vendor's field descriptions: text is what is left of each total.
    "usage/completions": {
        "input": 400, "input_audio": 50, "input_image": 50, "cache_read": 300, "cache_read_audio": 50,
        "cache_read_image": 50, "cache_write": 100, "output": 400, "output_audio": 50, "output_image": 50,
        "requests": 5,
    },
    "usage/embeddings": {"input": 16, "requests": 2},
    "usage/moderations": {"input": 16, "requests": 2},
    "usage/images": {"images": 2, "requests": 2},
    "usage/audio_speeches": {"characters": 45, "requests": 1},
    "usage/audio_transcriptions": {"audio_seconds": 20, "requests": 1},
    "usage/vector_stores": {"stored_bytes": 1024},
    "usage/code_interpreter_sessions": {"code_sessions": 1},
    "usage/file_search_calls": {"file_searches": 2},
    "usage/web_search_calls": {"web_searches": 2},
}  # fmt: skip


@pytest.mark.reference
@pytest.mark.parametrize("stream", EXPECTED)
def test_the_vendors_examples(stream: str, shared_reference: Path, answer_of: MakeAnswer) -> None:
    name = f"openai_organization_{stream.replace('/', '_')}.json"
    body = (shared_reference / "specs" / "examples" / name).read_bytes()
    start = json.loads(body)["data"][0]["start_time"]
    window = Window(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(start + 86400, UTC))
    translation = translate([answer_of(stream, body, window=window)], window=window)
    assert meters(translation) == EXPECTED[stream]
    assert translation.meter_readings["billing_period"].unique().to_list() == ["2024-11"]
    # The completions example says that there is more and stands alone: that is not a whole window.
    more = [f"{stream}: the last page says that there is more"] if stream == "usage/completions" else []
    assert list(translation.missing) == more


@pytest.mark.reference
def test_the_vendors_cost_example(shared_reference: Path, answer_of: MakeAnswer) -> None:
    body = (shared_reference / "specs" / "examples" / "openai_organization_costs.json").read_bytes()
    window = Window(datetime(2024, 11, 1, tzinfo=UTC), datetime(2024, 11, 2, tzinfo=UTC))
    line = translate([answer_of("costs", body, window=window)], window=window).bill_lines.row(0, named=True)
    assert (line["amount"], line["currency"], line["meter"]) == (Decimal("0.06"), "USD", None)


def models_in(annotation: Any) -> list[Any]:
    """Every pydantic model that an annotation speaks of."""
    if hasattr(annotation, "model_fields"):
        return [annotation]
    return [model for argument in get_args(annotation) for model in models_in(argument)]


def test_our_tables_know_every_field_and_dimension_of_the_vendors_sdk() -> None:
    from openai.types.admin import organization as types

    for report in REPORTS.values():
        name = "".join(part.title() for part in report.name.removeprefix("usage/").split("_"))
        (data,) = models_in(getattr(types, f"Usage{name}Response").model_fields["data"].annotation)
        word = report.name.removeprefix("usage/").replace("_calls", "").rstrip("s")
        results = models_in(data.model_fields["results"].annotation)
        own = [kind for kind in results if word in str(kind.model_fields["object"].annotation)]
        assert len(own) == 1, report.name
        assert set(own[0].model_fields) <= report.known_fields
        assert set(report.group_by) <= set(own[0].model_fields)


def test_an_older_row_without_splits_is_input_less_cached(answer_of: MakeAnswer) -> None:
    translation = translate([answer_of("usage/completions", page(bucket(used(input_cached_tokens=40))))])
    assert meters(translation) == {"input": 60, "cache_read": 40, "output": 10, "requests": 1}
    assert translation.totals.sort("direction").select("direction", "tokens").rows() == [("Input", 100), ("Output", 10)]


def test_cached_splits_alone_and_timed_cache_writes_alone_are_enough(answer_of: MakeAnswer) -> None:
    row = used(input_cached_text_tokens=30, input_cached_audio_tokens=5, input_cache_write_30m_tokens=8)
    translation = translate([answer_of("usage/completions", page(bucket(row)))])
    assert meters(translation) == {
        "input": 57, "cache_read": 30, "cache_read_audio": 5, "cache_write": 8, "output": 10, "requests": 1,
    }  # fmt: skip


def test_parts_that_differ_from_their_total_are_told_of_and_the_total_stands(answer_of: MakeAnswer) -> None:
    translation = translate([answer_of("usage/completions", page(bucket(used(input_uncached_tokens=90))))])
    assert meters(translation)["input"] == 100
    assert [finding.kind for finding in translation.findings] == ["parts differ from total"]


def test_parts_beyond_their_total_are_refused(answer_of: MakeAnswer) -> None:
    with pytest.raises(AnswerError, match="more tokens in their parts") as caught:
        translate([answer_of("usage/completions", page(bucket(used(input_cached_tokens=101))))])
    assert caught.value.stream == "usage/completions"


@pytest.mark.parametrize(
    ("batch", "tier", "expected"),
    [(True, None, "batch"), (True, "default", "batch"), (False, "default", "standard"), (None, None, "standard"),
     (False, "auto", "standard"), (False, "flex", "flex"), (False, "priority", "priority"), (False, "fast", "fast"),
     (False, "scale", "unknown")],
)  # fmt: skip
def test_tiers(batch: bool | None, tier: str | None, expected: str, answer_of: MakeAnswer) -> None:
    translation = translate([answer_of("usage/completions", page(bucket(used(batch=batch, service_tier=tier))))])
    assert translation.meter_readings["processing_tier"].unique().to_list() == [expected]
    assert translation.meter_readings["service_tier"].unique().to_list() == [tier]
    assert ("unknown service tier" in [found.kind for found in translation.findings]) == (expected == "unknown")


def test_rows_of_one_group_add_up_and_details_are_kept(answer_of: MakeAnswer) -> None:
    row = {"images": 2, "num_model_requests": 1, "size": "1024x1024", "source": "image.edit", "model": "dall-e-3"}
    readings = translate([answer_of("usage/images", page(bucket(row, row)))]).meter_readings
    assert readings.filter(pl.col("meter") == "images").select("quantity", "detail").rows() == [
        (Decimal(4), "size=1024x1024;source=image.edit")
    ]


def test_empty_buckets_are_present_and_missing_ones_are_missing(answer_of: MakeAnswer) -> None:
    window = Window(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 4, tzinfo=UTC))
    answers = [
        answer_of("costs", page(bucket(day=1), bucket(day=3)), window=window),
        answer_of("usage/completions", page(bucket(day=1), bucket(day=2), bucket(day=3)), window=window),
    ]
    translation = translate(answers, "costs", "usage/completions", "usage/images", window=window)
    assert translation.missing == ("costs: the bucket of 2026-10-02 00:00", "usage/images: no answer")
    assert translation.meter_readings.height == 0


def test_a_day_that_had_not_ended_may_be_missing(answer_of: MakeAnswer) -> None:
    window = Window(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 31, tzinfo=UTC))
    noon = datetime(2026, 10, 2, 12, tzinfo=UTC)
    assert (
        translate([answer_of("costs", page(bucket(day=1)), window=window, fetched_at=noon)], window=window).missing
        == ()
    )


def test_a_bucket_that_comes_twice_counts_once(answer_of: MakeAnswer) -> None:
    one, other = used(model="a"), used(model="b")
    answers = [
        answer_of("usage/completions", page(bucket(one, other))),
        answer_of("usage/completions", page(bucket(other, one)), sequence=1),
    ]
    translation = translate(answers)
    assert meters(translation) == {"input": 200, "output": 20, "requests": 2}
    assert [found.kind for found in translation.findings] == ["duplicate bucket"]


def test_a_bucket_that_comes_twice_differently_is_refused(answer_of: MakeAnswer) -> None:
    with pytest.raises(AnswerError, match="different figures"):
        translate([answer_of("costs", page(bucket(cost(1)), bucket(cost(2))))])


def test_a_bucket_of_another_month_is_left_out_and_told_of(answer_of: MakeAnswer) -> None:
    translation = translate([answer_of("costs", page(bucket(cost(1)), bucket(cost(2), day=5)))])
    assert translation.bill_lines["amount"].to_list() == [Decimal(1)]
    assert [found.kind for found in translation.findings] == ["outside the window"]


@pytest.mark.parametrize(
    "body",
    [
        b"<html>Sign in</html>", b"", b"[]", b'{"data": 3}', b'{"data": [3]}', b"\xff\xfe", b'{"data": [{}]}',
        page(bucket({"input_tokens": 1})), page(bucket(used(input_tokens=-1))), page(bucket(used(input_tokens="1"))),
        page(bucket(used(input_tokens=1.5))), page(bucket(used(input_tokens=True))),
        page(bucket(used(input_tokens=2**70))),
        page(bucket(used(input_tokens=None))), page(bucket(used(model=7))), page(bucket(used(batch="no"))),
        page({**bucket(), "start_time": "2026-10-01"}), page({**bucket(), "end_time": 0}),
        page({**bucket(), "start_time": 1790812801}),
    ],
)  # fmt: skip
def test_hostile_usage_is_refused_by_name(body: Any, answer_of: MakeAnswer) -> None:
    with pytest.raises(AnswerError) as caught:
        translate([answer_of("usage/completions", body)])
    assert (caught.value.source, caught.value.stream) == ("acme", "usage/completions")
    assert caught.value.remedy


@pytest.mark.parametrize(
    "row",
    [{"line_item": "x"}, {"amount": None}, cost(None), cost("NaN"), cost(True), cost([]), {"amount": {"value": 1}},
     {"amount": {"value": 1, "currency": "dollars"}}, cost(1, quantity="many"), cost(1, 7)],
)  # fmt: skip
def test_hostile_costs_are_refused(row: dict[str, Any], answer_of: MakeAnswer) -> None:
    with pytest.raises(AnswerError):
        translate([answer_of("costs", page(bucket(row)))])


def test_amounts_come_as_numbers_and_texts(answer_of: MakeAnswer) -> None:
    text = json.dumps(page(bucket(cost("VALUE"))))
    for written, amount in [("0.1", "0.1"), ('"12.50"', "12.50"), ("1.5e-7", "0.00000015"), ('"2E2"', "200")]:
        body = text.replace('"VALUE"', written).encode()
        assert translate([answer_of("costs", body)]).bill_lines["amount"].to_list() == [Decimal(amount)]


def test_what_lines_bill(answer_of: MakeAnswer) -> None:
    rows = [
        cost(1, "gpt-5, input"), cost(2, "batch | gpt-5, input"), cost(3, "o3, input"), cost(-4, "Starter balance"),
        cost(5, "Mystery"), cost(6, None),
    ]  # fmt: skip
    translation = translate([answer_of("costs", page(bucket(*rows)))])
    lines = translation.bill_lines.sort(pl.col("amount").abs())
    found = lines.select("model", "meter", "processing_tier", "charge_category").rows()
    assert found == [
        ("gpt-5", "input", "standard", "Usage"),  # the report names tiers for gpt-5, so none means standard
        ("gpt-5", "input", "batch", "Usage"),
        ("o3", "input", None, "Usage"),  # nobody says
        (None, None, None, "Credit"),
        (None, None, None, "Usage"),
        (None, None, None, "Usage"),
    ]
    assert {(found.kind, found.detail) for found in translation.findings} == {
        ("unread line item", "Starter balance"),
        ("unread line item", "Mystery"),
    }


def test_the_account_is_the_answers_then_the_options_then_the_source(answer_of: MakeAnswer) -> None:
    told = answer_of("costs", page(bucket()), openai_organization="org-told")
    untold = answer_of("costs", page(bucket()))
    assert translate([told], account_id="org-option").claims[0].account_id == "org-told"
    assert translate([untold], account_id="org-option").claims[0].account_id == "org-option"
    assert translate([untold]).claims[0].account_id == "acme"
    assert [claim.role for claim in translate([told], "costs", "usage/images").claims] == ["money", "usage"]


def test_unknown_fields_and_a_wrong_clock_are_told_of(answer_of: MakeAnswer) -> None:
    answer = answer_of(
        "usage/completions", page(bucket(used(reasoning_effort="high"))), date="Fri, 20 Nov 2026 08:50:00 GMT"
    )
    kinds = {found.kind: found.detail for found in translate([answer]).findings}
    assert kinds["unknown field"] == "usage/completions: reasoning_effort"
    assert "ahead of" in kinds["clock skew"]


def test_names_are_dated_and_a_refused_list_stops_nothing(answer_of: MakeAnswer) -> None:
    answers = [
        answer_of("costs", page(bucket())),
        answer_of("names/projects", {"data": [{"id": "proj_1", "name": "Search"}, {"id": "proj_2", "name": None}]}),
        answer_of("names/users", {"data": [{"id": "user-1", "name": None, "email": "a@b.c"}]}),
        answer_of("names/api_keys", b"no", status="403"),
    ]
    translation = translate(answers, "costs")
    assert translation.names.select("kind", "id", "name").rows() == [
        ("project", "proj_1", "Search"), ("user", "user-1", "a@b.c"),
    ]  # fmt: skip
    assert [found.kind for found in translation.findings] == ["names not readable"]
