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
    """`places` run, the rest wait. Of one person only `each` run and `each_waits` wait, and whoever has fewer before it
    in the line goes first: nobody's second query is before another's first."""

    def __init__(self, places: int, waiting: int, each: int = 2, each_waits: int = 4) -> None:
        self._places, self._longest = places, places + waiting
        self._each, self._each_in_all = each, each + each_waits
        self._run: dict[object, object] = {}
        self._wait: dict[object, object] = {}
        self._moved = threading.Condition()

    def join(self, member: object, whose: str | None = None) -> None:
        """`whose` None: of nobody else. Raises `QueryLimitError` where too many wait already, or too many of theirs."""
        with self._moved:
            person = member if whose is None else whose
            theirs = [*self._run.values(), *self._wait.values()].count(person)
            if theirs >= self._each_in_all:
                raise QueryLimitError(
                    f"{theirs} queries of yours run or wait already", remedy="cancel one of them, or wait for it"
                )
            among = len(self._run) + len(self._wait)
            if among >= self._longest:
                raise QueryLimitError(f"{among} queries run or wait already", remedy="try again in a minute")
            self._wait[member] = person
            self._move_up()

    def leave(self, member: object) -> None:
        with self._moved:
            self._run.pop(member, None)
            self._wait.pop(member, None)
            self._move_up()

    def ahead(self, member: object) -> int:
        """How many must end before it runs; 0: none, or it is in no line."""
        with self._moved:
            return self._order().index(member) + 1 if member in self._wait else 0

    def wait(self, member: object) -> None:
        """Until it may run, or has left."""
        with self._moved:
            self._moved.wait_for(lambda: member not in self._wait)

    def _order(self) -> list[object]:
        """Who waits, by how many of the same person are before it."""
        return sorted(self._wait, key=self._own_before)

    def _own_before(self, member: object) -> int:
        waiting = list(self._wait)
        before = [*self._run.values(), *(self._wait[one] for one in waiting[: waiting.index(member)])]
        return before.count(self._wait[member])

    def _move_up(self) -> None:
        while self._wait and len(self._run) < self._places:
            following = self._order()[0]
            if self._own_before(following) >= self._each:
                break
            self._run[following] = self._wait.pop(following)
        self._moved.notify_all()


def line_of_this_machine() -> Line:
    """Each query uses two threads and up to its memory limit, and the app itself has to answer too."""
    return Line(places=min(8, max(2, (os.cpu_count() or 1) // 2)), waiting=16)


class Running:
    """A query in its sandbox, or in line for one. All may be called from any thread; asking never waits, `wait` and
    `result` do. Where nobody asks any longer while it is in line, it is given up."""

    def __init__(self, request: dict[str, Any], limits: Limits, line: Line, whose: str | None = None) -> None:
        """Raises `QueryLimitError` where the line is full, or has too many of the same person."""
        self._request, self._limits, self._line = request, limits, line
        self._lock = threading.Lock()
        self._sandbox: _Sandbox | None = None
        self._cancelled = False
        self._finished = threading.Event()
        self._outcome: QueryResult | BaseException | None = None
        self._asked_at = time.monotonic()
        self._began_at = self._ended_at = 0.0
        line.join(self, whose)
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
