"""What the clouds' bills share of the world: seed, window and state, and which days belong to which month.

Bills lag a day behind: a cloud's export ends with the day before yesterday's midnight, as the other vendors' bills do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from connectors.simulator.clouds.lines import AWS, AZURE, GCP, month_of
from connectors.simulator.events import Calendar


@dataclass(frozen=True)
class CloudWorld:
    """One state of the world, as seen by the clouds."""

    seed: int
    calendar: Calendar
    state: str

    @cached_property
    def months(self) -> list[str]:
        """The billing periods, YYYY-MM, oldest first."""
        return sorted({month_of(day) for day in self.days})

    @cached_property
    def days(self) -> list[date]:
        return self.calendar.settled

    def days_of(self, month: str) -> list[date]:
        return [day for day in self.days if month_of(day) == month]

    def is_closed(self, month: str) -> bool:
        """Whether the month is over and invoiced."""
        return month < month_of(self.calendar.last_day)

    @property
    def is_second(self) -> bool:
        return self.state == "second"

    @cached_property
    def restated_aws_day(self) -> date:
        """The day of which AWS tells more on the second pull."""
        return self.days[len(self.days) * 740 // 1000]

    @cached_property
    def restated_azure_day(self) -> date:
        """The day of which one row is corrected by Azure's run before the second pull."""
        return self.days[len(self.days) * 800 // 1000]

    @cached_property
    def shrunk_month(self) -> str:
        """The month whose AWS export is delivered in fewer chunks on the second pull."""
        return self.months[0]

    def is_changed(self, cloud: str, month: str) -> bool:
        """Whether the cloud tells the month otherwise on the second pull."""
        changed = {
            AWS: {self.shrunk_month, month_of(self.restated_aws_day)},
            GCP: {month_of(self.late_day)},
            AZURE: {month_of(self.restated_azure_day)},
        }
        return month in changed[cloud]

    @cached_property
    def late_day(self) -> date:
        """The day of use that Google tells of only on the second pull: the last but two of the window."""
        return self.days[max(len(self.days) - 3, 0)]
