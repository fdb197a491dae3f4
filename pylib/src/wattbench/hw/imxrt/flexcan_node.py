"""A FlexCAN on its bus: errors and their confinement, sending, receiving, loop back (IMXRT1170RM "CAN")."""

from __future__ import annotations

import logging
from abc import abstractmethod
from fractions import Fraction

from wattbench.core.can import NOT_ACKNOWLEDGED, CanBus, CanPort
from wattbench.core.can_frame import RECOVERY_BITS, SUSPEND_BITS, CanFrame
from wattbench.core.clock import NS_PER_S, TickClock
from wattbench.core.host import Host
from wattbench.core.model import on_read, on_write
from wattbench.hw.imxrt.flexcan_buffers import CTRL1, CTRL2, ESR1, MCR, TX_ABORT, TX_INACTIVE, FlexcanBuffers

PASSIVE_FROM, WARNING_FROM, OFF_FROM, AFTER_GOOD = 128, 96, 256, 120
ERROR_BITS = sum(ESR1[name].mask for name in ("STFERR", "FRMERR", "CRCERR", "ACKERR", "BIT0ERR", "BIT1ERR"))
FAST_ERROR_BITS = sum(field.mask for name, field in ESR1.fields.items() if name.endswith("ERR_FAST"))
ACTIVE, PASSIVE, OFF = 0, 1, 2


class FlexcanNode(FlexcanBuffers):
    """The node; `Flexcan` is the block around it."""

    def __init__(self, host: Host, name: str) -> None:
        super().__init__(host, name)
        self._recovery_timer = self.timer("recovery", self._recovered)
        self._loop_timer = self.timer("loop", self._looped)
        self._clear_node()
        self._own_bus = CanBus(host.now_ns, self.timer)
        self.port = CanPort(self._own_bus, self)

    def _clear_node(self) -> None:
        self._clear_buffers()
        self._transmit_errors = self._receive_errors = 0
        self._state = ACTIVE
        self._role = ""
        """`sends` or `hears` while a frame is on the bus that it takes part in."""
        self._may_start_ns = Fraction(0)
        self._joined_ns = Fraction(0)
        """Time from which it takes part in the bus, eleven bits after it left freeze mode."""
        self._loop: tuple[CanFrame, int] | None = None

    # What the block around provides

    @property
    @abstractmethod
    def _awake(self) -> bool:
        """Whether it is neither frozen nor without clock."""

    @abstractmethod
    def _settle_mode(self) -> None:
        """Acknowledge the mode that MCR asks for, once no frame is under way."""

    @abstractmethod
    def rates_hz(self) -> tuple[Fraction | int, Fraction | int]:
        """See `CanNode.rates_hz`."""

    @abstractmethod
    def counter_at(self, time_ns: int) -> int:
        """The free-running timer at a virtual time."""

    @abstractmethod
    def _drive(self) -> None:
        """Drive the interrupt."""

    # Errors

    @property
    def error_passive(self) -> bool:
        """See `FlexcanBuffers.error_passive`."""
        return self._state == PASSIVE

    @on_read("ECR")
    def _read_error_counters(self) -> int:
        return min(self._transmit_errors, 255) | min(self._receive_errors, 255) << 8

    @on_write("ECR")
    def _write_error_counters(self, raw: int, old: int) -> None:
        self._transmit_errors, self._receive_errors = self["ECR"] & 0xFF, self["ECR"] >> 8 & 0xFF
        self._judge_errors()

    @on_read("ESR1")
    def _read_errors(self) -> int:
        """State and errors; reading clears what tells of errors since the last read."""
        status = self["ESR1"]
        self["ESR1"] &= ~(ERROR_BITS | FAST_ERROR_BITS)
        status = ESR1["FLTCONF"].put(status, self._state)
        flags = {
            "RX": self._role == "hears",
            "TX": self._role == "sends",
            "IDLE": self._takes_part and not self.port.bus.busy,
            "RXWRN": self._receive_errors >= WARNING_FROM,
            "TXWRN": self._transmit_errors >= WARNING_FROM,
            "SYNCH": self._takes_part,
        }
        return status | sum(ESR1[name].mask for name, level in flags.items() if level)

    @on_read("ESR2")
    def _read_transmit_status(self) -> int:
        free = [number for number, at, _ in self._usable() if self._code(at) in (TX_INACTIVE, TX_ABORT)]
        return (1 << 14 | 1 << 13 | free[0] << 16) if free else 0

    def _note_error(self, *names: str) -> None:
        if self["ESR1"] & ESR1["ERRINT"].mask:
            self["ESR1"] |= ESR1["ERROVR"].mask
        self["ESR1"] |= ESR1["ERRINT"].mask | sum(ESR1[name].mask for name in names)
        self._drive()

    def _count_errors(self, transmit: int = 0, receive: int = 0) -> None:
        before = self._transmit_errors, self._receive_errors
        self._transmit_errors = max(self._transmit_errors + transmit, 0)
        if receive < 0 and self._receive_errors >= PASSIVE_FROM:
            self._receive_errors = AFTER_GOOD
        else:
            self._receive_errors = min(max(self._receive_errors + receive, 0), 255)
        warned = self._transmit_errors, self._receive_errors
        for old, new, flag in zip(before, warned, ("TWRNINT", "RWRNINT"), strict=True):
            if old < WARNING_FROM <= new:
                self["ESR1"] |= ESR1[flag].mask
        self._judge_errors()

    def _judge_errors(self) -> None:
        """Fault confinement."""
        if self._state == OFF:
            return
        if self._transmit_errors >= OFF_FROM:
            self._state = OFF
            self["ESR1"] |= ESR1["BOFFINT"].mask
            self.host.log(logging.WARNING, self.name, "256 transmit errors: off the bus")
            if not self["CTRL1"] & CTRL1["BOFFREC"].mask:
                self._start_recovery()
        else:
            worst = max(self._transmit_errors, self._receive_errors)
            self._state = PASSIVE if worst >= PASSIVE_FROM else ACTIVE
        self._drive()

    def _start_recovery(self) -> None:
        nominal = Fraction(self.rates_hz()[0])
        if nominal:
            self._recovery_timer.arm(TickClock(nominal, self.host.now_ns()).time_of(RECOVERY_BITS))

    def _recovered(self) -> None:
        self._state = ACTIVE
        self._transmit_errors = self._receive_errors = 0
        self["ESR1"] |= ESR1["BOFFDONEINT"].mask
        self._drive()
        self._buffers_changed()

    # On the bus

    @property
    def _takes_part(self) -> bool:
        return self._awake and self._state != OFF and self.host.now_ns() >= self._joined_ns and not self._loops_back

    @property
    def _loops_back(self) -> bool:
        return bool(self["CTRL1"] & CTRL1["LPB"].mask)

    def _buffers_changed(self) -> None:
        if self._loops_back and self._awake:
            self._start_loop()
        else:
            self.port.bus.request()

    def ready_ns(self) -> Fraction | int | None:
        """See `CanNode.ready_ns`."""
        listens = self["CTRL1"] & CTRL1["LOM"].mask
        if not self._awake or self._state == OFF or listens or self._loops_back or self._wants_to_stop:
            return None
        if not self.rates_hz()[0] or self._pick() is None:
            return None
        return max(self._joined_ns, self._may_start_ns)

    @property
    def _wants_to_stop(self) -> bool:
        mode = self["MCR"]
        return bool(mode & MCR["MDIS"].mask or (mode & MCR["FRZ"].mask and mode & MCR["HALT"].mask))

    def next_frame(self) -> CanFrame | None:
        """See `CanNode.next_frame`."""
        number = self._pick()
        return None if number is None else self._frame_of(*self._layout[number])

    def acknowledges(self) -> bool:
        """See `CanNode.acknowledges`."""
        return self._takes_part and not self["CTRL1"] & CTRL1["LOM"].mask

    def frame_starts(self, frame: CanFrame, own: bool) -> None:
        """See `CanNode.frame_starts`."""
        self._sending = self._pick() if own else None
        if own or self._takes_part:
            self._role = "sends" if own else "hears"

    def frame_passed(self, frame: CanFrame, own: bool, start_ns: int) -> None:
        """See `CanNode.frame_passed`."""
        took_part, self._role = bool(self._role), ""
        if not took_part:
            return
        if frame.fd and not self["MCR"] & MCR["FDEN"].mask and not own:
            self._ignore_fd()
        elif own:
            self._finish_own(frame, start_ns)
        else:
            self._count_errors(receive=-1)
            self._receive(frame, self._stamp(start_ns))
        self._after_frame(own)

    def _ignore_fd(self) -> None:
        """An FD frame that it does not understand: an error, unless CTRL2.PREXCEN."""
        if not self["CTRL2"] & CTRL2["PREXCEN"].mask:
            self._note_error("FRMERR")
            self._count_errors(receive=1)

    def _stamp(self, start_ns: int) -> int:
        """The timer at the first bit of the identifier."""
        bit_ns = NS_PER_S / Fraction(self.rates_hz()[0] or 1)
        return self.counter_at(start_ns + int(bit_ns))

    def _finish_own(self, frame: CanFrame, start_ns: int) -> None:
        number, self._sending = self._sending, None
        stamp = self._stamp(start_ns)
        self._count_errors(transmit=-1)
        if number is None:
            return
        if frame.fd:
            self["FDCRC"] = number << 24 | frame.check
        else:
            self["CRCR"] = number << 16 | frame.check
        if not self["MCR"] & MCR["SRXDIS"].mask:
            self._receive(frame, stamp)
        self._sent(number, stamp)

    def frame_failed(self, frame: CanFrame, own: bool, cause: str) -> None:
        """See `CanNode.frame_failed`."""
        took_part, self._role = bool(self._role), ""
        if not took_part:
            return
        if own:
            number, self._sending = self._sending, None
            unheard = cause == NOT_ACKNOWLEDGED
            self._note_error("ACKERR" if unheard else "BIT0ERR")
            if not (unheard and self.error_passive):
                self._count_errors(transmit=8)
            if number is not None:
                self._not_sent(number)
        elif cause != NOT_ACKNOWLEDGED:
            self._note_error("STFERR")
            self._count_errors(receive=1)
        self._after_frame(own)

    def _after_frame(self, own: bool) -> None:
        nominal = Fraction(self.rates_hz()[0])
        if own and self.error_passive and nominal:
            self._may_start_ns = self.port.bus.free_ns + SUSPEND_BITS * NS_PER_S / nominal
        self._drive()
        if self._wants_to_stop:
            self._settle_mode()

    # Loop inside the chip

    def _start_loop(self) -> None:
        number, nominal = self._pick(), Fraction(self.rates_hz()[0])
        if self._loop is not None or number is None or not nominal:
            return
        frame = self._frame_of(*self._layout[number])
        self._loop = (frame, self.host.now_ns())
        self._sending, self._role = number, "sends"
        self._loop_timer.arm(TickClock(nominal, self.host.now_ns()).time_of(sum(frame.bits) + 10))

    def _looped(self) -> None:
        loop, self._loop = self._loop, None
        if loop is not None:
            self.frame_passed(loop[0], True, loop[1])
        self._buffers_changed()
