"""A shell on a UART, waited for in virtual time."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from wattbench.core.clock import NS_PER_S, to_ns
from wattbench.core.errors import LimitError, StimulusError
from wattbench.engines.engine import Engine, UartTap

DEFAULT_TIMEOUT_S = 8.0
"""Renode's default UART timeout."""

COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Line:
    """A line (or prompt) that was waited for: its text, when its last character came, groups of the pattern."""

    text: str
    time_ns: int
    groups: tuple[str, ...] = ()


class Console:
    """Lines from a UART, consumed in order: a match takes its line and all before it."""

    def __init__(self, engine: Engine, tap: UartTap, prompt: str = "") -> None:
        self._engine, self._tap, self._prompt = engine, tap, prompt
        self._position = 0
        tap.listen(self._arrived)
        self._watching: Callable[[], bool] | None = None

    @property
    def text(self) -> str:
        """Everything the firmware has sent."""
        return self._tap.data.decode("latin-1")

    @property
    def position(self) -> int:
        """How many characters are consumed; may be set back to what it was, after a restore."""
        return self._position

    @position.setter
    def position(self, value: int) -> None:
        self._position = min(value, len(self._tap.data))

    def write(self, data: bytes) -> None:
        """Send characters; they arrive at the line's baud rate as virtual time passes."""
        self._tap.send(data)

    def write_line(self, text: str = "", *, wait_for_echo: bool = True, timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        """Send a line with a carriage return; with `wait_for_echo` run until the firmware has echoed it."""
        self._tap.send(text.encode("latin-1") + b"\r")
        if wait_for_echo and text:
            self._wait(lambda: self._find_echo(text), timeout_s, f"the echo of `{text}`")

    def wait_for_line(self, pattern: str, timeout_s: float = DEFAULT_TIMEOUT_S, *, regex: bool = False) -> Line:
        """Run until a line matches (as part of it, or as a regular expression); raises LimitError."""
        expression = re.compile(pattern if regex else re.escape(pattern))
        found: list[Line] = []
        self._wait(lambda: self._find_line(expression, found), timeout_s, f"a line with `{pattern}`")
        return found[0]

    def wait_for_prompt(
        self, prompt: str | None = None, timeout_s: float = DEFAULT_TIMEOUT_S, *, regex: bool = False
    ) -> Line:
        """Run until the unfinished line matches the prompt (the manifest's by default); raises LimitError."""
        text = self._prompt if prompt is None else prompt
        expression = re.compile(text if regex else re.escape(text))
        found: list[Line] = []
        self._wait(lambda: self._find_prompt(expression, found), timeout_s, f"the prompt `{text}`")
        return found[0]

    def wait_for_next_line(self, timeout_s: float = DEFAULT_TIMEOUT_S) -> Line:
        """Run until one more line is complete."""
        return self.wait_for_line("", timeout_s)

    def command(self, text: str, timeout_s: float = DEFAULT_TIMEOUT_S) -> list[str]:
        """Give a shell command and return the lines it answers, without echo and prompt."""
        self.write_line(text, timeout_s=timeout_s)
        start = self._position
        self.wait_for_prompt(timeout_s=timeout_s)
        answer = self._tap.data[start : self._position].decode("latin-1")
        lines = [line.strip("\r") for line in COLOURS.sub("", answer).split("\n")]
        return [line for line in lines[:-1] if line]

    def should_not_contain(self, pattern: str, timeout_s: float, *, regex: bool = False) -> Line | None:
        """Run for `timeout_s`; the first unconsumed line that matches, or None."""
        try:
            return self.wait_for_line(pattern, timeout_s, regex=regex)
        except LimitError:
            return None

    def bit_rate_hz(self, characters: int, frame_bits: int = 10) -> float:
        """The line's rate from the closest two of the last `characters` that came; raises StimulusError for too few."""
        times_ns = list(self._tap.times_ns[-characters:])
        if characters < 2 or len(times_ns) < characters:
            raise StimulusError(
                f"the UART has sent {len(times_ns)} characters; its rate is told from {characters}, 2 at least"
            )
        return frame_bits * NS_PER_S / min(later - earlier for earlier, later in pairwise(times_ns))

    def report(self) -> str:
        """The last lines with their virtual times, for error messages."""
        data, times = self._tap.data, self._tap.times_ns
        lines, start = [], 0
        for end, byte in enumerate(data):
            if byte == ord("\n"):
                lines.append(f"{times[end] / 1e9:12.6f} s  {data[start:end].decode('latin-1').strip()}")
                start = end + 1
        if start < len(data):
            lines.append(f"{times[-1] / 1e9:12.6f} s  {data[start:].decode('latin-1').strip()} (unfinished)")
        return "\n".join(lines[-12:]) or "(nothing was sent)"

    def _arrived(self, time_ns: int, character: int) -> None:
        if self._watching is not None and self._watching():
            self._watching = None
            self._engine.request_stop()

    def _wait(self, found: Callable[[], bool], timeout_s: float, what: str) -> None:
        if found():
            return
        limit_ns = self._engine.now_ns + to_ns(timeout_s)
        self._watching = found
        try:
            while self._watching is not None and self._engine.now_ns < limit_ns:
                self._engine.run_to(limit_ns)
            if self._watching is None:
                return
        finally:
            self._watching = None
        raise LimitError(
            f"{what} did not come within {timeout_s:g} s; the UART has sent\n{self.report()}\n",
            time_ns=self._engine.now_ns,
        )

    def _find_line(self, expression: re.Pattern[str], found: list[Line]) -> bool:
        data, start = self._tap.data, self._position
        while (end := data.find(b"\n", start)) >= 0:
            text = COLOURS.sub("", data[start:end].decode("latin-1").replace("\r", "").replace("\0", ""))
            match = expression.search(text)
            start = end + 1
            if match:
                self._position = start
                found.append(Line(text, self._tap.times_ns[end], tuple(group or "" for group in match.groups())))
                return True
        return False

    def _find_prompt(self, expression: re.Pattern[str], found: list[Line]) -> bool:
        data = self._tap.data
        start = max(self._position, data.rfind(b"\n") + 1)
        text = COLOURS.sub("", data[start:].decode("latin-1").replace("\r", ""))
        match = expression.search(text)
        if not match or not data[start:]:
            return False
        self._position = len(data)
        found.append(Line(text, self._tap.times_ns[-1], tuple(group or "" for group in match.groups())))
        return True

    def _find_echo(self, text: str) -> bool:
        data = self._tap.data
        start = data.find(text.encode("latin-1"), self._position)
        end = data.find(b"\n", start) if start >= 0 else -1
        if end < 0:
            return False
        self._position = end + 1
        return True
