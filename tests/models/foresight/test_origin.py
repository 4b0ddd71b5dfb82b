"""The day that forecasts stand on: through for all who deliver by day, held up by nobody else."""

from __future__ import annotations

from datetime import date

from models.foresight.origin import Delivery, origin

TODAY = date(2026, 11, 27)


def _on(day: int, source: str = "openai", month: int = 11, *, by_day: bool = True) -> Delivery:
    return Delivery(source, date(2026, month, day), by_day=by_day)


def test_the_slowest_source_that_delivers_by_day_decides() -> None:
    stands = origin([_on(25), _on(22, "aws"), _on(30, "invoices", 9, by_day=False)], TODAY)
    assert (stands.day, stands.held_by, stands.not_by_day) == (date(2026, 11, 22), ("aws",), ("invoices",))
    assert stands.reason == "aws is through no further, others already through 25 November 2026"


def test_all_through_the_same_day() -> None:
    stands = origin([_on(25), _on(25, "aws")], TODAY)
    assert stands.reason == "the last day that every source is through"


def test_a_source_that_ended_holds_nobody_up_after_35_days() -> None:
    """From 21 October to 25 November are 35 days, from 20 October 36."""
    assert origin([_on(25), _on(21, "old", 10)], TODAY).day == date(2026, 10, 21)
    stands = origin([_on(25), _on(20, "old", 10)], TODAY)
    assert (stands.day, stands.ended) == (date(2026, 11, 25), ("old",))


def test_who_is_in_arrears_holds_nobody_up_and_is_told_until_it_is_overdue() -> None:
    """From 31 August to 25 November are 86 days, from 23 August 94."""
    late = [Delivery("bills", date(2026, 8, day), by_day=False, in_arrears=True) for day in (31, 23)]
    stands = origin([_on(25), late[0]], TODAY)
    assert (stands.day, stands.known_through) == (date(2026, 11, 25), (("bills", date(2026, 8, 31)),))
    assert stands.reason == (
        "the last day that every daily source is through; bills is known through 31 August 2026 only, and taken to go "
        "on as in its last month"
    )
    overdue = origin([_on(25), late[1]], TODAY)
    assert (overdue.known_through, overdue.ended) == ((), ("bills",))


def test_nobody_knows_the_whole_of_today() -> None:
    assert origin([_on(27), _on(30, "ahead")], TODAY).day == date(2026, 11, 26)


def test_without_anybody_who_delivers_by_day_the_last_day_of_any_counts() -> None:
    assert origin([_on(30, "invoices", 9, by_day=False)], TODAY).day == date(2026, 9, 30)
    stands = origin([], TODAY)
    assert (stands.day, stands.reason) == (date(2026, 11, 26), "the last whole day")
