"""Queries under way, each in a sandbox: a line that they wait in, a process that can be ended for certain.

Of an app only so many run at once; the others wait for their turn and know how many are before them. What a sandbox
does is in `sandbox`; who may ask it for what is `door`'s.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from typing import Any, cast

import polars as pl
import pyarrow as pa

from pipelines import errors
from pipelines.errors import DoorError, QueryCancelledError, QueryError, QueryLimitError
from pipelines.fetching import Limits, took_too_long, took_too_much

_ENDED_BY_TIME = {-signal.SIGXCPU, -signal.SIGALRM}
_DIED_OF_MEMORY = {-signal.SIGKILL, -signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS, 134, 137, 139}
_FORGOTTEN_SECONDS = 20  # whoever waits in line for a page that is gone does not get a turn


@dataclass(frozen=True)
class QueryResult:
    """The rows, exact (decimals stay decimals), and whether there were more than the limits allow."""

    rows: pl.DataFrame
    truncated: bool


class Line:
    """A line with `places` at its head that run; the next in line moves up when one leaves."""

    def __init__(self, places: int, waiting: int) -> None:
        self.places = places
        self._longest = places + waiting
        self._members: list[object] = []
        self._moved = threading.Condition()

    def join(self, member: object) -> None:
        """Raises `QueryLimitError` where too many wait already."""
        with self._moved:
            if len(self._members) >= self._longest:
                raise QueryLimitError(
                    f"{len(self._members)} queries run or wait already", remedy="try again in a minute"
                )
            self._members.append(member)

    def leave(self, member: object) -> None:
        with self._moved:
            if member in self._members:
                self._members.remove(member)
            self._moved.notify_all()

    def ahead(self, member: object) -> int:
        """How many must end before it runs; 0: none, or it is in no line."""
        with self._moved:
            return max(0, self._members.index(member) - self.places + 1) if member in self._members else 0

    def wait(self, member: object) -> None:
        """Until it is at the head, or has left."""
        with self._moved:
            self._moved.wait_for(lambda: member not in self._members or self._members.index(member) < self.places)


def line_of_this_machine() -> Line:
    """Each query uses two threads and up to its memory limit, and the app itself has to answer too."""
    return Line(places=min(8, max(2, (os.cpu_count() or 1) // 2)), waiting=16)


class Running:
    """A query in its sandbox, or in line for one. All may be called from any thread; asking never waits, `wait` and
    `result` do. Where nobody asks any longer while it is in line, it is given up."""

    def __init__(self, request: dict[str, Any], limits: Limits, line: Line) -> None:
        """Raises `QueryLimitError` where the line is full."""
        self._request, self._limits, self._line = request, limits, line
        self._lock = threading.Lock()
        self._sandbox: _Sandbox | None = None
        self._cancelled = False
        self._finished = threading.Event()
        self._outcome: QueryResult | BaseException | None = None
        self._asked_at = time.monotonic()
        self._began_at = self._ended_at = 0.0
        line.join(self)
        threading.Thread(target=self._go, name="query in a sandbox", daemon=True).start()

    @property
    def done(self) -> bool:
        self._asked_at = time.monotonic()
        return self._finished.is_set()

    @property
    def ahead(self) -> int:
        """How many queries must end before this one runs."""
        self._asked_at = time.monotonic()
        return self._line.ahead(self)

    @property
    def seconds(self) -> float:
        """For how long it runs, or ran; 0 while it waits for its turn."""
        return (self._ended_at or time.monotonic()) - self._began_at if self._began_at else 0.0

    def wait(self, seconds: float | None = None) -> bool:
        """Whether it is done, after at most this time."""
        until = None if seconds is None else time.monotonic() + seconds
        while not self.done and (until is None or time.monotonic() < until):
            self._finished.wait(1 if until is None else min(1, max(0, until - time.monotonic())))
        return self.done

    def result(self) -> QueryResult:
        """Waits for it. Raises `StatementRefusedError`, `QueryError`, `QueryLimitError` or `QueryCancelledError`."""
        self.wait()
        if isinstance(self._outcome, QueryResult):
            return self._outcome
        raise self._outcome or QueryError("the query ended without an answer", remedy="try again")

    def cancel(self) -> None:
        """End it, wherever it is; nothing where it has ended."""
        with self._lock:
            self._cancelled = True
            if self._sandbox is not None:
                self._sandbox.end()
            else:
                self._line.leave(self)

    def _go(self) -> None:
        try:
            self._line.wait(self)
            self._outcome = self._answered()
        except BaseException as error:
            self._outcome = error
        finally:
            self._ended_at = time.monotonic()
            self._line.leave(self)
            self._finished.set()

    def _answered(self) -> QueryResult:
        with self._lock:
            if self._cancelled or time.monotonic() - self._asked_at > _FORGOTTEN_SECONDS:
                raise _cancelled()
            self._began_at = time.monotonic()
            sandbox = self._sandbox = _taken()
        try:
            return sandbox.answer(self._request, self._limits)
        except DoorError:
            if self._cancelled:
                raise _cancelled() from None
            raise


class _Sandbox:
    """A sandbox's process, in an empty folder and with nothing of our surroundings. It waits for its request."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="outlay-sql-")
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-m", "pipelines.sandbox"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self._folder.name,
            env={name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ},
            start_new_session=True,
        )

    @property
    def waits(self) -> bool:
        return self._process.poll() is None

    def answer(self, request: dict[str, Any], limits: Limits) -> QueryResult:
        """Ask it, once; afterwards it is gone, whatever came of it."""
        with self._folder, self._process:
            try:
                answer, _ = self._process.communicate(json.dumps(request).encode(), timeout=limits.seconds)
            except subprocess.TimeoutExpired:
                raise took_too_long(limits) from None
            finally:
                self.end()
        return understood(answer, self._process.returncode, limits)

    def discard(self) -> None:
        """Of one that died before it was asked."""
        self.end()
        with self._folder, self._process:
            self._process.communicate()

    def end(self) -> None:
        """The process and whatever it may have started: none of them can refuse."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)


_spare: _Sandbox | None = None
_spare_lock = threading.Lock()


def warm() -> None:
    """Have a sandbox ready before it is needed: starting one is most of the time that a small query takes.

    It knows nothing of any query, waits, and ends with this process.
    """
    global _spare  # noqa: PLW0603
    with _spare_lock:
        if _spare is not None and not _spare.waits:
            _spare.discard()
            _spare = None
        _spare = _spare or _Sandbox()


def _taken() -> _Sandbox:
    """The sandbox that is ready, else a new one; each is used once."""
    global _spare
    with _spare_lock:
        ready, _spare = _spare, None
    if ready is not None and ready.waits:
        return ready
    if ready is not None:
        ready.discard()
    return _Sandbox()


def _cancelled() -> QueryCancelledError:
    return QueryCancelledError("the query was cancelled", remedy="run it again when you like")


def understood(answer: bytes, code: int, limits: Limits) -> QueryResult:
    """What a sandbox answered, or why it ended without an answer."""
    line, _, stream = answer.partition(b"\n")
    if not line:
        if code in _ENDED_BY_TIME:
            raise took_too_long(limits)
        if code in _DIED_OF_MEMORY:
            raise took_too_much(limits)
        raise QueryError(f"the query's process ended without an answer (code {code})", remedy="try again")
    header: dict[str, Any] = json.loads(line)
    if "error" in header:
        kind: type[DoorError] = getattr(errors, header["error"])
        raise kind(header["what"], remedy=header["remedy"])
    rows = pl.from_arrow(pa.ipc.open_stream(io.BytesIO(stream)).read_all())
    return QueryResult(cast("pl.DataFrame", rows), header["truncated"])
