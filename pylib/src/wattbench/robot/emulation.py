"""Robot keywords for the machine itself."""

from __future__ import annotations

import re
import struct
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version
from typing import Any, Literal

from robot.api import logger
from robot.api.deco import keyword, library

from wattbench.bench.accepted import reason_for
from wattbench.core.clock import NS_PER_S
from wattbench.core.errors import StimulusError, UsageError, VerdictError
from wattbench.robot.results import RunFacts
from wattbench.robot.session import COMPARISONS, BenchLibrary, SessionListener, seconds

Comparison = Literal["<", "<=", "==", ">=", ">"]
ValueType = Literal["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float", "double"]
FORMATS: dict[str, str] = {
    "int8": "<b", "uint8": "<B", "int16": "<h", "uint16": "<H", "int32": "<i", "uint32": "<I",
    "int64": "<q", "uint64": "<Q", "float": "<f", "double": "<d",
}  # fmt: skip


@library
class Emulation(BenchLibrary):
    """Loads a product, lets virtual time pass, and talks to the firmware.

    All times are *virtual*: a plain number is seconds, and Robot's time format (``250 ms``) works as well. No keyword
    ever waits for the host's clock, so a run gives the same result on any machine under any load.

    Keywords that Renode has carry its names and argument names.
    """

    def __init__(self) -> None:
        self.ROBOT_LIBRARY_LISTENER = SessionListener(self.session)

    @keyword
    def load_product(self, product: str, engine: str = "embedded", image: str | None = None) -> None:
        """Builds the machine of ``product`` (a product's name or a manifest file) and powers it on at time 0.

        ``image`` is an ELF or a flash image to run instead of the one that the manifest names. A product that was
        loaded before is closed. The firmware's SHA-256 goes to the report.
        """
        bench = self.session.load(product, engine, image)
        manifest = bench.manifest
        versions = {"Python": python_version()}
        for name, package in (("Robot Framework", "robotframework"), ("unicorn", "unicorn"), ("numpy", "numpy")):
            versions[name] = _version(package)
        facts = RunFacts(bench.engine.name, manifest.name, manifest.firmware_name, bench.firmware_sha256(), versions)
        self.session.record(facts)
        logger.info(f"{facts.product} on engine {facts.engine}: {facts.firmware}, SHA-256 {facts.sha256}")

    @keyword
    def execute_command(self, command: str) -> str:
        """Carries out one line of the Monitor language and returns what it prints; fails if it cannot."""
        output = self.session.bench.execute(command)
        logger.info(output or "(no output)")
        return output

    @keyword
    def execute_script(self, path: Path) -> str:
        """Carries out a ``.resc`` file in the present session and returns what it prints."""
        escaped = str(path.resolve()).replace(" ", "\\ ")
        return self.execute_command(f"include @{escaped}")

    @keyword
    def run_for(self, duration: str) -> None:
        """Lets ``duration`` of virtual time pass."""
        self.session.bench.run_for(seconds(duration))

    @keyword
    def run_until_register(self, name: str, comparison: Comparison, value: float, limit: str = "10") -> float:
        """Runs until the meter's register ``name`` compares so with ``value``, and returns it then.

        An element of an array is ``active_import[total]``. Fails when ``limit`` of virtual time has passed before.
        """
        bench, compare = self.session.bench, COMPARISONS[comparison]
        bench.run_until(lambda: compare(bench.number(name), value), seconds(limit))
        return bench.number(name)

    @keyword
    def wait_until_ready(self, timeout: str = "5") -> None:
        """Runs until the firmware says on its console what its manifest calls ready."""
        self.session.bench.boot(float(seconds(timeout)))

    @keyword
    def wait_for_line_on_uart(self, content: str, timeout: str = "8", treatAsRegex: bool = False) -> Any:
        """Runs until a line with ``content`` has come out of the console; returns it with text, time and groups.

        The matching line and all before it count as read. Colour codes are taken out before the comparison.
        """
        line = self.session.bench.console.wait_for_line(content, float(seconds(timeout)), regex=treatAsRegex)
        logger.info(f"{line.time_ns / NS_PER_S:.6f} s: {line.text}")
        return line

    @keyword
    def wait_for_prompt_on_uart(
        self, prompt: str | None = None, timeout: str = "8", treatAsRegex: bool = False
    ) -> None:
        """Runs until the console's unfinished last line has ``prompt`` in it (default: the product's own prompt)."""
        self.session.bench.console.wait_for_prompt(prompt, float(seconds(timeout)), regex=treatAsRegex)

    @keyword
    def write_line_to_uart(self, content: str = "", waitForEcho: bool = True) -> None:
        """Types ``content`` and a carriage return into the console; by default waits for the firmware's echo."""
        self.session.bench.console.write_line(content, wait_for_echo=waitForEcho)

    @keyword
    def write_to_uart(self, content: str) -> None:
        """Types ``content`` into the console, and no line end."""
        self.session.bench.console.write(content.encode())

    @keyword
    def console_bit_rate_should_be(self, bit_rate: float, tolerance_percent: float = 2.0, characters: int = 16) -> None:
        """Fails unless the console's last ``characters`` came at ``bit_rate`` [bit/s], ten bits each.

        The two that followed each other most closely decide, so that pauses between them do not matter.
        """
        measured = self.session.bench.console.bit_rate_hz(characters)
        logger.info(f"{measured:.1f} bit/s")
        if abs(measured / bit_rate - 1) * 100 > tolerance_percent:
            raise VerdictError(
                f"the console sends at {measured:.1f} bit/s, {(measured / bit_rate - 1) * 100:+.2f} % from {bit_rate:g}"
            )

    @keyword
    def uart_should_not_contain(self, content: str, treatAsRegex: bool = False) -> None:
        """Fails if the console has ever sent ``content``, or if it has sent nothing at all."""
        text = self.session.bench.console.text
        if not text:
            raise StimulusError(f"the console has sent nothing, so nothing can be said about {content!r}")
        found = re.search(content if treatAsRegex else re.escape(content), text)
        if found:
            line = text[: found.end()].rpartition("\n")[2] + text[found.end() :].partition("\n")[0]
            raise VerdictError(f"the console sent {content!r}, which it must not: {line.strip()}")

    @keyword
    def should_not_be_on_uart(self, content: str, timeout: str = "8", treatAsRegex: bool = False) -> None:
        """Lets ``timeout`` of virtual time pass; fails at a line with ``content`` that comes or was not yet read."""
        line = self.session.bench.console.should_not_contain(content, float(seconds(timeout)), regex=treatAsRegex)
        if line is not None:
            raise VerdictError(f"the console sent {content!r} at {line.time_ns / NS_PER_S:.6f} s: {line.text}")

    @keyword
    def read_symbol(self, symbol: str, type: ValueType = "uint32") -> int | float:
        """Reads a variable of the firmware by its symbol, as a number of the given type."""
        engine, code = self.session.bench.engine, FORMATS[type]
        value: int | float = struct.unpack(code, engine.read_memory(engine.symbol(symbol), struct.calcsize(code)))[0]
        logger.info(f"{symbol} = {value}")
        return value

    @keyword
    def save_state(self, name: str) -> None:
        """Keeps the whole machine with its mains at this moment under ``name``, for `Restore State`."""
        self.session.save(name)

    @keyword
    def restore_state(self, name: str) -> None:
        """Goes back to what `Save State` kept; UART text and edges recorded later are forgotten."""
        self.session.restore(name)

    @keyword
    def reset(self) -> None:
        """Resets the chip as its reset pin does; memory keeps its contents and virtual time goes on."""
        self.session.bench.engine.reset()

    @keyword
    def power_off(self) -> None:
        """Cuts the supply: volatile memory is lost."""
        self.session.bench.engine.power_off()

    @keyword
    def power_on(self) -> None:
        """Brings the supply back: the firmware boots again, virtual time goes on."""
        self.session.bench.engine.power_on()

    @keyword
    def virtual_time(self) -> float:
        """Returns virtual seconds since power-on."""
        return self.session.bench.now_ns / NS_PER_S

    @keyword
    def machine_digest(self) -> str:
        """Returns the SHA-256 over all UART bytes, recorded edges with their times, and memory."""
        digest = self.session.bench.digest()
        logger.info(digest)
        return digest

    @keyword
    def machine_digest_should_be(self, expected: str) -> None:
        """Fails unless the machine's digest is ``expected``."""
        digest = self.machine_digest()
        if digest != expected:
            raise VerdictError(f"the machine's digest is {digest}, not {expected}: the two runs differ")

    @keyword
    def fail_on_unmodelled_access(self) -> None:
        """From now on a test fails *at its end* if firmware used in it what no model does.

        What the product's manifest accepts (``[[accepted]]``, each with a reason) is no failure. The message has block,
        register, PC, function, count and the virtual time of the first access. What happens between this keyword and
        the first test, such as the boot in a suite setup, fails the first test. It holds for the loaded product.
        """
        self.session.bench.fail_on_unmodelled_access()

    @keyword
    def unmodelled_accesses(self) -> dict[str, int]:
        """Returns how often firmware used what a model does not do, by a line of model, access and PC.

        Counted is everything since `Load Product`, accepted or not.
        """
        return {f"{item} at PC 0x{item.pc:08X}": item.count for item in self.session.bench.accesses.all()}

    @keyword
    def no_unmodelled_accesses_should_have_happened(self) -> None:
        """Fails with the list if firmware used anything that no model does, or if it has not run at all.

        What the product's manifest accepts with a reason is no failure, but goes to the log.
        """
        bench = self.session.bench
        if bench.now_ns == 0:
            raise UsageError("the machine has not run yet, so nothing can be said about its accesses")
        accesses = bench.accesses.all()
        found = bench.accesses.not_accepted(accesses)
        for item in accesses:
            reason = reason_for(item, bench.accesses.accepted)
            if reason:
                logger.info(f"accepted, as {reason}: {bench.accesses.line(item)}")
        for entry in bench.accesses.unused():
            logger.info(f"nothing has needed the accepted entry {entry}")
        if found:
            raise VerdictError(f"firmware used what the models do not do:\n{bench.accesses.text(found)}")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"
