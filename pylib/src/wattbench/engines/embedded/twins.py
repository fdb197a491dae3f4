"""Native twins of Python models: the same outward attributes over blocks that live in the native core.

A twin's registers and timing are in C (pylib/native/src) and saved with the machine; what stays in Python, such as the
analog side of a converter, is shared with the model. `native_twin` tells the engine which model types have one.
"""

from __future__ import annotations

import ctypes as c
import weakref
from collections.abc import Callable
from fractions import Fraction
from functools import cache, partial
from typing import Any, ClassVar, cast

from wattbench.core.clock import ClockSource, FixedClock, TickClock
from wattbench.core.registers import RegisterTable
from wattbench.core.wires import DmaRequest, Line, SpiDevice
from wattbench.engines.embedded import native
from wattbench.engines.embedded.machine import Machine
from wattbench.hw.imxrt.dmamux import DmaMux
from wattbench.hw.imxrt.edma import Edma
from wattbench.hw.imxrt.flexpwm import INPUT_NAMES, SUBMODULES, FlexPwm
from wattbench.hw.imxrt.lpspi import Lpspi
from wattbench.hw.parts.ade7913 import CRYSTAL_HZ, TABLE, Ade7913
from wattbench.hw.parts.ade7913_front import Ade7913Front

_U32, _I64, _PTR, _UINT = c.c_uint32, c.c_int64, c.c_void_p, c.c_uint
_MISSING = c.CFUNCTYPE(None, _U32, _U32, _U32)
_ACKNOWLEDGED = c.CFUNCTYPE(None, _U32)
_SELECT = c.CFUNCTYPE(None, _PTR, _U32)
_SELECTED = c.CFUNCTYPE(_U32, _PTR)
_EXCHANGE = c.CFUNCTYPE(_U32, _PTR, _U32, _U32)
_REFILL = c.CFUNCTYPE(None, _I64, _U32, _I64, _U32, _U32, _U32, _PTR)
_DROP = c.CFUNCTYPE(None, _I64)
_TEMPOS = c.CFUNCTYPE(_U32)

# enum wb_missing
MISSING_READ, MISSING_WRITE, MISSING_BITS, MISSING_FEATURE = range(4)


class SpiPart(c.Structure):
    """`wb_spi_part`: a part on an SPI bus."""

    _fields_ = (("select", _SELECT), ("selected", _SELECTED), ("exchange", _EXCHANGE), ("owner", _PTR))


class ConverterHost(c.Structure):
    """`wb_ade7913_host`: what the native converter asks of Python."""

    _fields_ = (("refill", _REFILL), ("drop", _DROP), ("tempos", _TEMPOS))


_SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "wb_block_map": (None, (_PTR, _U32, _U32, _U32)),
    "wb_block_free": (None, (_PTR,)),
    "wb_block_on_missing": (None, (_PTR, _MISSING)),
    "wb_block_host_reset": (None, (_PTR,)),
    "wb_block_host_read": (_U32, (_PTR, _U32, _U32)),
    "wb_block_host_write": (None, (_PTR, _U32, _U32, _U32)),
    "wb_line_level": (_U32, (_PTR, _UINT)),
    "wb_request_watch": (c.c_int, (_PTR,)),
    "wb_edma_new": (_PTR, (_PTR,)),
    "wb_edma_line": (_UINT, (_PTR, _UINT)),
    "wb_edma_services": (c.c_uint64, (_PTR,)),
    "wb_dmamux_new": (_PTR, (_PTR, _PTR)),
    "wb_dmamux_connect": (None, (_PTR, _UINT, _PTR)),
    "wb_dmamux_connect_host": (None, (_PTR, _UINT, _ACKNOWLEDGED)),
    "wb_dmamux_host_level": (None, (_PTR, _UINT, _U32)),
    "wb_dmamux_input": (None, (_PTR, _UINT, _U32)),
    "wb_lpspi_new": (_PTR, (_PTR,)),
    "wb_lpspi_clock": (None, (_PTR, _I64, _I64)),
    "wb_lpspi_attach": (None, (_PTR, _UINT, _PTR)),
    "wb_lpspi_line": (_UINT, (_PTR,)),
    "wb_lpspi_request": (_PTR, (_PTR, _UINT)),
    "wb_flexpwm_new": (_PTR, (_PTR,)),
    "wb_flexpwm_clock": (None, (_PTR, _I64, _I64)),
    "wb_flexpwm_input": (None, (_PTR, _U32, _U32)),
    "wb_flexpwm_connect": (_U32, (_PTR, _U32, _UINT)),
    "wb_flexpwm_line": (_UINT, (_PTR, _UINT)),
    "wb_flexpwm_request": (_PTR, (_PTR, _UINT)),
    "wb_ade7913_new": (_PTR, (_PTR, c.POINTER(ConverterHost))),
    "wb_ade7913_crystal": (None, (_PTR, _I64, _I64)),
    "wb_ade7913_reset_duration": (None, (_PTR, _I64)),
    "wb_ade7913_changed": (None, (_PTR, _I64)),
    "wb_ade7913_input": (None, (_PTR, _U32, _U32)),
    "wb_ade7913_part": (_PTR, (_PTR,)),
    "wb_ade7913_dready": (_UINT, (_PTR,)),
    "wb_ade7913_samples": (_I64, (_PTR,)),
    "wb_ade7913_last_sample_ns": (_I64, (_PTR,)),
    "wb_ade7913_overruns": (_I64, (_PTR,)),
}


@cache
def _library() -> c.CDLL:
    loaded = native.library()
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(loaded, name)
        function.restype, function.argtypes = result, arguments
    return loaded


class NativeLine:
    """A `Line` that the native core drives. Interrupts and native inputs hang on it without Python."""

    def __init__(self, machine: Machine, number: Callable[[], int]) -> None:
        """`number` gives the machine's number of the line; it is asked for when somebody looks at the line."""
        self._machine, self._find = machine, number
        self._number: int | None = None
        self._receivers: list[Callable[[bool], None]] = []
        self._has_irq = False

    @property
    def number(self) -> int:
        """The machine's number of this line."""
        if self._number is None:
            self._number = self._find()
        return self._number

    @property
    def level(self) -> bool:
        """Present level."""
        return bool(_library().wb_line_level(self._machine.handle, self.number))

    @level.setter
    def level(self, value: bool) -> None:
        """Restoring a line is the machine's business; see `Line`."""

    def connect(self, receiver: Callable[[bool], None], *, announce: bool = True) -> None:
        """See `Line.connect`."""
        if not self._receivers:
            self._machine.lib.wb_line_watch(self._machine.handle, self.number)
            self._machine.watchers[self.number] = self._changed
        self._receivers.append(receiver)
        if announce:
            receiver(self.level)

    def _changed(self, level: bool) -> None:
        for receiver in self._receivers:
            receiver(level)

    def connect_irq(self, core: int, number: int) -> None:
        """Let interrupt `number` of a core follow the line."""
        machine = self._machine
        if self._has_irq:
            self.connect(lambda level: machine.lib.wb_irq(machine.handle, core, number, level), announce=self.level)
            return
        self._has_irq = True
        machine.lib.wb_line_to_irq(machine.handle, self.number, core, number)
        if self.level:
            machine.lib.wb_irq(machine.handle, core, number, 1)


class NativeRequest(NativeLine):
    """A `DmaRequest` of a native block; a native multiplexer serves it without Python."""

    def __init__(self, machine: Machine, request: int) -> None:
        self.request = request
        super().__init__(machine, lambda: int(_library().wb_request_watch(request)))


class Twin:
    """A block in the native core, as the engine and Python see it."""

    default_output: ClassVar[str | None] = None
    type_name: ClassVar[str] = ""
    size: ClassVar[int] = 0
    table: ClassVar[RegisterTable]

    def __init__(self, host: Machine, name: str, handle: int) -> None:
        self.host, self.name, self.handle = host, name, handle
        self.lib = _library()
        self.outputs: dict[str | int, Any] = {}
        self._calls: list[Any] = []
        self.lib.wb_block_on_missing(handle, self.callback(_MISSING, self._missing))
        weakref.finalize(self, self.lib.wb_block_free, handle).atexit = False

    def callback(self, kind: Any, function: Callable[..., Any], default: Any = None) -> Any:
        """`function` for calls from C; an exception in it stops the run and is raised outside."""
        self._calls.append(kind(self.host._guard.wrap(function, default)))
        return self._calls[-1]

    def line(self, key: str | int, number: Callable[[], int]) -> None:
        """Declare an output."""
        self.outputs[key] = NativeLine(self.host, number)

    def map_native(self, base: int, size: int, cores: int) -> None:
        """Put the block on the bus, for the engine."""
        self.lib.wb_block_map(self.handle, base, size, cores)

    def read(self, offset: int, size: int) -> int:
        """A bus read of 1, 2 or 4 bytes."""
        return int(self.lib.wb_block_host_read(self.handle, offset, size))

    def write(self, offset: int, size: int, value: int) -> None:
        """A bus write of 1, 2 or 4 bytes."""
        self.lib.wb_block_host_write(self.handle, offset, size, value)

    def reset(self) -> None:
        """See `Model.reset`."""
        self.lib.wb_block_host_reset(self.handle)

    def save(self) -> dict[str, Any]:
        """What is not in the machine's native state."""
        return {}

    def restore(self, saved: dict[str, Any]) -> None:
        """Take back what `save` gave, after the machine restored its native state."""

    def feature(self, number: int, which: int) -> str:
        """What a twin means by its missing feature `number`."""
        return f"feature {number} of {which}"

    def register_name(self, offset: int) -> str:
        """Name of the register at `offset` for messages."""
        for name, start, _, _ in self.table.instances():
            if start == offset:
                return name
        return f"+0x{offset:X}"

    def _missing(self, kind: int, offset: int, value: int) -> None:
        access = {
            MISSING_READ: f"read {self.register_name(offset)}",
            MISSING_WRITE: f"write {self.register_name(offset)}",
            MISSING_BITS: f"write {self.register_name(offset)} value 0x{value:X}",
        }
        self.host.unmodelled(self.name, access.get(kind) or self.feature(value, offset))


class NativeEdma(Twin):
    """Twin of `Edma`."""

    table, size, type_name = Edma.table, Edma.size, Edma.type_name

    def __init__(self, host: Machine, name: str) -> None:
        super().__init__(host, name, _library().wb_edma_new(host.handle))
        for number in range(16):
            self.line(number, partial(self.lib.wb_edma_line, self.handle, number))
        self.line("ERROR", partial(self.lib.wb_edma_line, self.handle, 16))

    @property
    def services(self) -> int:
        """Minor loops run since reset."""
        return int(self.lib.wb_edma_services(self.handle))


class NativeDmaMux(Twin):
    """Twin of `DmaMux`."""

    table, size, type_name = DmaMux.table, DmaMux.size, DmaMux.type_name

    def __init__(self, host: Machine, name: str, dma: NativeEdma) -> None:
        super().__init__(host, name, _library().wb_dmamux_new(host.handle, dma.handle))
        self.dma = dma

    def connect_input(self, number: int, line: DmaRequest | NativeRequest) -> None:
        """Wire the request `line`, native or not, to source `number`."""
        if isinstance(line, NativeRequest):
            self.lib.wb_dmamux_connect(self.handle, number, line.request)
            return
        served = self.callback(_ACKNOWLEDGED, lambda source: line.acknowledged())
        self.lib.wb_dmamux_connect_host(self.handle, number, served)
        line.connect(lambda level: self.lib.wb_dmamux_host_level(self.handle, number, line.level))

    def on_input(self, number: int, level: bool) -> None:
        """See `DmaMux.on_input`."""
        self.lib.wb_dmamux_input(self.handle, number, level)


class Clocked(Twin):
    """A twin with a clock root."""

    def __init__(self, host: Machine, name: str, handle: int, clock: tuple[ClockSource | None, str, int]) -> None:
        super().__init__(host, name, handle)
        clocks, self._root, frequency = clock
        self._clocks = clocks or FixedClock(frequency)
        self._clocks.on_rate_change(self._reclock)

    def set_clock(self, hz: Fraction) -> None:
        """Tell the native side its clock's frequency."""

    def _reclock(self) -> None:
        self.set_clock(Fraction(self._clocks.rate_hz(self._root)))

    def reset(self) -> None:
        """See `Model.reset`."""
        super().reset()
        self._reclock()


class NativeLpspi(Clocked):
    """Twin of `Lpspi`; parts may be native or Python."""

    table, size, type_name, default_output = Lpspi.table, Lpspi.size, Lpspi.type_name, "IRQ"

    def __init__(
        self,
        host: Machine,
        name: str,
        clocks: ClockSource | None = None,
        clock_root: str = "",
        frequency: int = 24_000_000,
    ) -> None:
        """See `Lpspi`."""
        root = clock_root or name.rpartition(".")[2].upper()
        super().__init__(host, name, _library().wb_lpspi_new(host.handle), (clocks, root, frequency))
        self.line("IRQ", partial(self.lib.wb_lpspi_line, self.handle))
        self.outputs["RxDma"] = NativeRequest(host, self.lib.wb_lpspi_request(self.handle, 0))
        self.outputs["TxDma"] = NativeRequest(host, self.lib.wb_lpspi_request(self.handle, 1))
        self._parts: list[Any] = []

    def set_clock(self, hz: Fraction) -> None:
        """See `Clocked`."""
        self.lib.wb_lpspi_clock(self.handle, hz.numerator, hz.denominator)

    def attach(self, child: Any, point: int | None) -> None:
        """Put the SPI part `child` on chip select `point`."""
        if isinstance(child, NativeAde7913):
            self.lib.wb_lpspi_attach(self.handle, point or 0, self.lib.wb_ade7913_part(child.handle))
        else:
            part = self._python_part(cast(SpiDevice, child))
            self.lib.wb_lpspi_attach(self.handle, point or 0, c.addressof(part))
        self._parts.append(child)

    def _python_part(self, child: SpiDevice) -> SpiPart:
        return SpiPart(
            self.callback(_SELECT, lambda _, asserted: child.chip_select(bool(asserted))),
            self.callback(_SELECTED, lambda _: int(child.selected), 0),
            self.callback(_EXCHANGE, lambda _, word, bits: child.exchange(word, bits), 0),
            None,
        )

    def feature(self, number: int, which: int) -> str:
        """See `Twin`."""
        return "slave mode"


class NativeFlexPwm(Clocked):
    """Twin of `FlexPwm`."""

    table, size, type_name = FlexPwm.table, FlexPwm.size, FlexPwm.type_name

    def __init__(
        self,
        host: Machine,
        name: str,
        clocks: ClockSource | None = None,
        clock_root: str = "BUS",
        frequency: int = 24_000_000,
    ) -> None:
        """See `FlexPwm`."""
        super().__init__(host, name, _library().wb_flexpwm_new(host.handle), (clocks, clock_root, frequency))
        for number in range(2 * SUBMODULES):
            self.outputs[number] = NativeRequest(host, self.lib.wb_flexpwm_request(self.handle, number))
        for number in range(SUBMODULES):
            self.line(f"IRQ{number}", partial(self.lib.wb_flexpwm_line, self.handle, number))
        self.line("FAULT", partial(self.lib.wb_flexpwm_line, self.handle, SUBMODULES))

    def set_clock(self, hz: Fraction) -> None:
        """See `Clocked`."""
        self.lib.wb_flexpwm_clock(self.handle, hz.numerator, hz.denominator)

    def connect_input(self, number: int, line: Line | NativeLine) -> None:
        """Let `line` drive an input; a native line does so without Python."""
        if isinstance(line, NativeLine) and self.lib.wb_flexpwm_connect(self.handle, number, line.number):
            return
        line.connect(partial(self.on_input, number))

    def on_input(self, number: int, level: bool) -> None:
        """See `FlexPwm.on_input`."""
        if number >= len(INPUT_NAMES) * SUBMODULES:
            raise TypeError(f"{self.name} ({self.type_name}) has no input {number}")
        self.lib.wb_flexpwm_input(self.handle, number, level)

    def feature(self, number: int, which: int) -> str:
        """See `Twin`."""
        return f"SM{which}DMAEN with CAPTDE above 1"


class NativeAde7913(Twin):
    """Twin of `Ade7913`; volts become codes in Python, in the same `Ade7913Front`."""

    table, type_name, default_output = TABLE, Ade7913.type_name, "DREADY"

    def __init__(
        self, host: Machine, name: str, crystal_error_ppm: Fraction | float | str = 0, reset_duration_us: int = 0
    ) -> None:
        """See `Ade7913`."""
        self.front = Ade7913Front(host, name, self._changed)
        self.analog = self.front.port
        self._hz = Fraction(CRYSTAL_HZ)
        wrap = host._guard.wrap
        self._converter = ConverterHost(
            _REFILL(wrap(self._refill)),
            _DROP(wrap(self.front.drop)),
            _TEMPOS(wrap(lambda: self.front.tempos & 0xFF, 0)),
        )
        super().__init__(host, name, _library().wb_ade7913_new(host.handle, c.byref(self._converter)))
        self.reset_duration_us = reset_duration_us
        self.lib.wb_block_map(self.handle, 0, 0, 0)
        self.line("DREADY", partial(self.lib.wb_ade7913_dready, self.handle))
        self.crystal_error_ppm = Fraction(str(crystal_error_ppm))

    def _refill(self, first: int, count: int, *terms: int) -> None:
        """Fill in codes; the arguments are those of `wb_ade7913_host.refill`."""
        anchor_ns, period, preset, config, out = terms
        codes = self.front.codes(range(first, first + count), TickClock(self._hz, anchor_ns), period, preset, config)
        c.memmove(out, codes.ctypes.data, codes.nbytes)

    def _changed(self, from_ns: int) -> None:
        self.lib.wb_ade7913_changed(self.handle, from_ns)

    def map_native(self, base: int, size: int, cores: int) -> None:
        """The part is on no bus."""

    @property
    def crystal_error_ppm(self) -> Fraction:
        """Error of the crystal in parts per million, exact."""
        return self._crystal_error_ppm

    @crystal_error_ppm.setter
    def crystal_error_ppm(self, ppm: Fraction | float | str) -> None:
        self._crystal_error_ppm = Fraction(str(ppm))
        self._hz = CRYSTAL_HZ * (1 + self._crystal_error_ppm / 1_000_000)
        self.lib.wb_ade7913_crystal(self.handle, self._hz.numerator, self._hz.denominator)

    @property
    def clip_is_error(self) -> bool:
        """Whether a clipped sample raises StimulusError."""
        return self.front.clip_is_error

    @clip_is_error.setter
    def clip_is_error(self, value: bool) -> None:
        self.front.clip_is_error = value

    @property
    def full_scale_v(self) -> dict[str, float]:
        """Linear range of each input in volts."""
        return self.front.full_scale_v

    @property
    def samples_taken(self) -> int:
        """Samples since power-on."""
        return int(self.lib.wb_ade7913_samples(self.handle))

    @property
    def last_sample_ns(self) -> int | None:
        """Virtual time of the newest sample, None before the first."""
        time_ns = int(self.lib.wb_ade7913_last_sample_ns(self.handle))
        return time_ns if time_ns >= 0 else None

    @property
    def overruns(self) -> int:
        """See `Ade7913.overruns`."""
        return int(self.lib.wb_ade7913_overruns(self.handle))

    @property
    def clipped_samples(self) -> int:
        """Samples outside the linear range so far."""
        return self.front.clipped()

    @property
    def first_clip_ns(self) -> int | None:
        """Virtual time of the first of `clipped_samples`."""
        return self.front.first_clip_ns

    def on_input(self, number: int, level: bool) -> None:
        """See `Ade7913`."""
        if number > 1:
            raise TypeError(f"{self.name} ({self.type_name}) has no input {number}")
        self.lib.wb_ade7913_input(self.handle, number, level)

    def reset(self) -> None:
        """See `Model.reset`."""
        self.front.reset()
        self.lib.wb_ade7913_reset_duration(self.handle, self.reset_duration_us * 1000)
        super().reset()

    def save(self) -> dict[str, Any]:
        """See `Twin`."""
        return {"front": self.front.save()}

    def restore(self, saved: dict[str, Any]) -> None:
        """See `Twin`."""
        self.front.restore(saved["front"])


_TWINS: dict[str, type[Twin]] = {
    kind.type_name: kind for kind in (NativeEdma, NativeDmaMux, NativeLpspi, NativeFlexPwm, NativeAde7913)
}


def native_twin(type_name: str) -> Callable[..., Any] | None:
    """The native twin of a model type, None where there is none."""
    return _TWINS.get(type_name)
