"""KPP: keypad port (i.MX RT1170 reference manual, chapter KPP).

Rows are pulled up; a pressed key connects its row to its column. A press or release counts after four clocks of 32 kHz.
"""

from __future__ import annotations

from wattbench.core.clock import TickClock
from wattbench.core.errors import UsageError
from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_read, on_write
from wattbench.core.registers import load_table

TABLE = load_table("wattbench.hw.imxrt", "kpp")
KPCR, KPSR, KDDR, KPDR = (TABLE[name] for name in ("KPCR", "KPSR", "KDDR", "KPDR"))
KPKD, KPKR, KDSC, KRSS, KDIE, KRIE = (KPSR[name].mask for name in ("KPKD", "KPKR", "KDSC", "KRSS", "KDIE", "KRIE"))
LINES = range(8)
CLOCK_HZ, SYNCHRONIZER_CLOCKS = 32_768, 4
ALL_UP = 0xFF


@model("Wattbench.Kpp")
class Kpp(RegisterBlock):
    """The keypad port with its matrix. Output: `IRQ`. Input 8 x row + column is high while that key is pressed."""

    table = TABLE
    size = 0x4000
    default_output = "IRQ"
    state_names = ("keys", "_press_armed", "_release_armed")
    missing = ("keys that meet through other pressed keys",)

    def __init__(self, host: Host, name: str) -> None:
        super().__init__(host, name)
        self.keys = [0] * len(LINES)
        """For each row one bit for each column whose key is pressed."""
        self._irq = self.output("IRQ")
        self._press_timer = self.timer("press", self._pressed)
        self._release_timer = self.timer("release", self._released)
        self._press_armed, self._release_armed = True, False

    def reset(self) -> None:
        """See `Model.reset`; fingers stay where they are."""
        super().reset()
        self._press_armed, self._release_armed = True, False
        self._look()

    def press(self, row: int, column: int) -> None:
        """Hold a key down. Raises UsageError for a key that is not there."""
        self._key(row, column, True)

    def release(self, row: int, column: int) -> None:
        """Let a key go. Raises UsageError for a key that is not there."""
        self._key(row, column, False)

    def _key(self, row: int, column: int, down: bool) -> None:
        if row not in LINES or column not in LINES:
            raise UsageError(
                f"{self.name}: rows and columns are 0 to 7; there is no key at row {row}, column {column}."
            )
        self.keys[row] = self.keys[row] & ~(1 << column) | down << column
        self._look()

    def on_input(self, number: int, level: bool) -> None:
        """See `Model.on_input`: the key at row `number` // 8 and column `number` % 8."""
        if not 0 <= number < len(LINES) ** 2:
            raise TypeError(f"{self.name} has keys 0 to 63, not {number}")
        self._key(number // 8, number % 8, level)

    def _row_levels(self) -> int:
        """Levels of the row pins."""
        driven, data = KDDR["KRDD"].get(self["KDDR"]), KPDR["KRD"].get(self["KPDR"])
        low_columns = KDDR["KCDD"].get(self["KDDR"]) & ~KPDR["KCD"].get(self["KPDR"])
        pulled = sum(bool(self.keys[row] & low_columns) << row for row in LINES)
        return data & driven | ~pulled & ~driven & ALL_UP

    def _look(self) -> None:
        """See whether an enabled row is low, and start the synchronizers."""
        down = KPCR["KRE"].get(self["KPCR"]) & ~self._row_levels()
        for timer, wanted in (
            (self._press_timer, bool(down) and self._press_armed),
            (self._release_timer, not down and self._release_armed),
        ):
            if not wanted:
                timer.cancel()
            elif timer.deadline_ns is None:
                timer.arm(TickClock(CLOCK_HZ, self.host.now_ns()).time_of(SYNCHRONIZER_CLOCKS))
        self._show()

    def _pressed(self) -> None:
        self["KPSR"] |= KPKD
        self._press_armed, self._release_armed = False, True
        self._look()

    def _released(self) -> None:
        self["KPSR"] |= KPKR
        self._release_armed = False
        self._look()

    def _show(self) -> None:
        status = self["KPSR"]
        self._irq.set(bool((status & KPKD and status & KDIE) or (status & KPKR and status & KRIE)))

    @on_read("KPDR")
    def _read_data(self) -> int:
        driven, data = KDDR["KCDD"].get(self["KDDR"]), KPDR["KCD"].get(self["KPDR"])
        return KPDR["KCD"].put(self._row_levels(), data & driven | ~driven & ALL_UP)

    @on_write("KPCR", "KDDR", "KPDR")
    def _write_lines(self, raw: int, old: int) -> None:
        self._look()

    @on_write("KPSR")
    def _write_status(self, raw: int, old: int) -> None:
        self["KPSR"] &= ~(KDSC | KRSS)
        self._press_armed |= bool(raw & KDSC)
        self._release_armed |= bool(raw & KRSS)
        self._look()
