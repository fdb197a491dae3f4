"""ctypes binding of the native core (pylib/native/src/machine.h)."""

from __future__ import annotations

import ctypes as c
import importlib.util
import mmap
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from wattbench.core.errors import SetupError
from wattbench.core.host import BusTarget

LIBRARY = Path(__file__).with_name("libwattbench_core.so")
NEVER = (1 << 63) - 1

EVERYONE = 0xFF
"""As `views`: all cores and all other bus masters."""
SYSTEM_VIEW = 4
"""The view of bus masters that are no core, and of the debugger."""
CORE_TYPES = {"cortex-m7": 0, "cortex-m4": 1, "cortex-m4f": 1}
"""enum wb_core_type by the names that a `.repl` may use."""

THIRD_PLACE = -2
"""wb_map_memory: the memory is at two places already."""

# enum wb_stop
STOP_TIME, STOP_REQUEST, STOP_LOCKUP, STOP_RESET, STOP_UNMAPPED, STOP_AWAKE, STOP_INTERNAL = range(7)
# enum wb_unmapped
UNMAPPED_FAULT, UNMAPPED_REPORT, UNMAPPED_STOP = range(3)
ACCESS_NAMES = ("read", "write", "fetch", "read")
ACCESS_CLOSED_READ = 3
"""enum wb_access"""

READ = c.CFUNCTYPE(c.c_uint32, c.c_uint32, c.c_uint32, c.c_uint32)
WRITE = c.CFUNCTYPE(None, c.c_uint32, c.c_uint32, c.c_uint32, c.c_uint32)
DUE = c.CFUNCTYPE(None)
LINE = c.CFUNCTYPE(None, c.c_uint32, c.c_uint32)
UNMAPPED = c.CFUNCTYPE(None, c.c_uint32, c.c_uint32, c.c_uint32, c.c_uint32, c.c_uint32)


class HostCalls(c.Structure):
    """`wb_host`."""

    _fields_ = (("read", READ), ("write", WRITE), ("due", DUE), ("line", LINE), ("unmapped", UNMAPPED))


class CoreView(c.Structure):
    """`wb_core_view`: what can be said about a core at a glance."""

    _fields_ = (
        ("icount", c.c_uint64),
        ("time_ns", c.c_int64),
        ("slept_ns", c.c_int64),
        ("pc", c.c_uint32),
        ("cfsr", c.c_uint32),
        ("hfsr", c.c_uint32),
        ("mmfar", c.c_uint32),
        ("bfar", c.c_uint32),
        ("asleep", c.c_uint32),
        ("locked_up", c.c_uint32),
        ("lockup_reason", c.c_uint32),
        ("held", c.c_uint32),
        ("active", c.c_uint32),
    )


_U32, _I64, _PTR = c.c_uint32, c.c_int64, c.c_void_p
_SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "wb_machine_new": (_PTR, (c.POINTER(HostCalls),)),
    "wb_machine_free": (None, (_PTR,)),
    "wb_map_memory": (c.c_int, (_PTR, _U32, _U32, _PTR, _U32, _U32)),
    "wb_host_timeless": (None, (_PTR, _U32, c.c_char_p, _U32)),
    "wb_memory_limit": (None, (_PTR, _U32, _U32)),
    "wb_memory_close": (None, (_PTR, _U32, _U32)),
    "wb_map_host": (c.c_int, (_PTR, _U32, _U32, _U32)),
    "wb_map_nothing": (c.c_int, (_PTR, _U32, _U32, _U32)),
    "wb_core_new": (c.c_int, (_PTR, _U32, _U32, c.c_uint64, c.c_uint64, _U32, _U32, _U32)),
    "wb_core_reset": (None, (_PTR, _U32, _U32)),
    "wb_core_speed": (None, (_PTR, _U32, _U32)),
    "wb_core_hold": (None, (_PTR, _U32, _U32)),
    "wb_core_awake_limit": (None, (_PTR, _U32, _I64)),
    "wb_core_wait_point": (c.c_int, (_PTR, _U32, _U32, _U32)),
    "wb_core_recognise_loops": (None, (_PTR, _U32, _U32)),
    "wb_core_jump": (None, (_PTR, _U32, _U32)),
    "wb_current_pc": (_U32, (_PTR,)),
    "wb_current_core": (_U32, (_PTR,)),
    "wb_accessing_core": (_U32, (_PTR,)),
    "wb_stop_core": (_U32, (_PTR,)),
    "wb_core_look": (None, (_PTR, _U32, c.POINTER(CoreView))),
    "wb_run": (_U32, (_PTR, _I64)),
    "wb_request_stop": (None, (_PTR, _U32)),
    "wb_host_deadline": (None, (_PTR, _I64)),
    "wb_unmapped_policy": (None, (_PTR, _U32)),
    "wb_line_new": (c.c_uint, (_PTR,)),
    "wb_line_to_irq": (None, (_PTR, c.c_uint, _U32, _U32)),
    "wb_line_watch": (None, (_PTR, c.c_uint)),
    "wb_line_drive": (None, (_PTR, c.c_uint, _U32)),
    "wb_irq": (None, (_PTR, _U32, _U32, _U32)),
    "wb_nmi": (None, (_PTR, _U32)),
    "wb_memory_read": (c.c_int, (_PTR, _U32, _PTR, _U32)),
    "wb_memory_write": (c.c_int, (_PTR, _U32, _PTR, _U32)),
    "wb_device_access": (c.c_int, (_PTR, _U32, _U32, _U32, c.POINTER(_U32))),
    "wb_trace_start": (c.c_int, (_PTR, c.c_uint64, _U32)),
    "wb_trace_stop": (None, (_PTR,)),
    "wb_trace_function": (c.c_int, (_PTR, _U32)),
    "wb_trace_watch": (c.c_int, (_PTR, _U32, _U32)),
    "wb_trace_load": (c.c_int, (_PTR, _PTR, _U32, _I64)),
    "wb_trace_line": (None, (_PTR, c.c_uint, _U32)),
    "wb_trace_tell": (None, (_PTR, _U32, _U32, _U32)),
    "wb_trace_flush": (None, (_PTR,)),
    "wb_trace_records": (_PTR, (_PTR,)),
    "wb_trace_count": (c.c_uint64, (_PTR,)),
    "wb_trace_lost": (c.c_uint64, (_PTR,)),
    "wb_state_size": (c.c_size_t, (_PTR,)),
    "wb_state_save": (None, (_PTR, _PTR)),
    "wb_state_restore": (None, (_PTR, _PTR)),
    "wb_memory_restore": (None, (_PTR, _U32, _PTR)),
    "wb_register_read": (_U32, (_PTR, _U32, c.c_int)),
    "wb_register_write": (None, (_PTR, _U32, c.c_int, _U32)),
}


@cache
def unicorn_folder() -> Path:
    """Folder of the Unicorn wheel; raises SetupError."""
    spec = importlib.util.find_spec("unicorn")
    if spec is None or not spec.submodule_search_locations:
        raise SetupError("the Unicorn package is missing: run ./ci/demo once, or pip install -r requirements.txt")
    return Path(spec.submodule_search_locations[0])


@cache
def library() -> c.CDLL:
    """The native core, loaded; raises SetupError when it was not built."""
    if not LIBRARY.exists():
        raise SetupError(f"the native core {LIBRARY.name} was not built: pip install -e ./pylib builds it (needs gcc)")
    try:
        # The core names libunicorn.so.2 as its dependency; the loader takes the one that is loaded already.
        c.CDLL(str(unicorn_folder() / "lib" / "libunicorn.so.2"), mode=c.RTLD_GLOBAL)
        loaded = c.CDLL(str(LIBRARY))
    except OSError as error:
        raise SetupError(f"the native core cannot be loaded: {error}; pip install -e ./pylib builds it anew") from error
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(loaded, name)
        function.restype, function.argtypes = result, arguments
    return loaded


MEMCMP = c.CDLL(None).memcmp
MEMCMP.argtypes = (c.c_void_p, c.c_char_p, c.c_size_t)


class Memory:
    """Page-aligned memory of the machine: the native core and Python see the same bytes."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.bytes = mmap.mmap(-1, max(size, 1))
        self.address = c.addressof(c.c_char.from_buffer(self.bytes))
        self._copy: bytes | None = None

    def copy(self) -> bytes:
        """The contents; the very object of the last copy while nothing has changed since."""
        if self._copy is None or MEMCMP(self.address, self._copy, self.size):
            self._copy = bytes(self.bytes)
        return self._copy

    def clear(self, fill: int = 0) -> None:
        """Fill with one value, as after power-on."""
        c.memset(self.address, fill, self.size)


class Guard:
    """Lets Python code be called from C: an exception stops the run and is raised again outside."""

    def __init__(self) -> None:
        self.exception: BaseException | None = None
        self.stop: Callable[[], None] = lambda: None

    def wrap(self, function: Callable[..., Any], default: Any = None) -> Callable[..., Any]:
        """`function` as a callback that never lets an exception through."""

        def call(*arguments: int) -> Any:
            try:
                return function(*arguments)
            except BaseException as error:
                self.note(error)
                return default

        return call

    def accesses(self, targets: Mapping[int, BusTarget]) -> tuple[Callable[..., int], Callable[..., None]]:
        """Read and write of a region's target, as `wrap` would give them but with no call in between: firmware that
        fetches an image through registers comes here a hundred thousand times."""

        def read(region: int, offset: int, size: int) -> int:
            try:
                return targets[region].read(offset, size)
            except BaseException as error:
                self.note(error)
                return 0

        def write(region: int, offset: int, size: int, value: int) -> None:
            try:
                targets[region].write(offset, size, value)
            except BaseException as error:
                self.note(error)

        return read, write

    def note(self, error: BaseException) -> None:
        """Stop the run because of an exception; the first one is raised outside."""
        if self.exception is None:
            self.exception = error
        self.stop()

    def check(self) -> None:
        """Raise what a callback had to swallow."""
        if self.exception is not None:
            error, self.exception = self.exception, None
            raise error
