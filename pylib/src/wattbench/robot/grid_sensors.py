"""Robot keywords for the sensors between the mains and the converters, and for recordings."""

from __future__ import annotations

import dataclasses
from typing import Literal

from robot.api import logger
from robot.api.deco import keyword

from wattbench.labs.grid import FrontEnd, Noise
from wattbench.labs.grid.channels import Channel
from wattbench.labs.grid.front_ends.taps import Rogowski, Sinc3
from wattbench.labs.grid.front_ends.transformer import CurrentTransformer
from wattbench.robot.grid_loads import Phase, Quantity
from wattbench.robot.session import BenchLibrary, moment, seconds


class SensorKeywords(BenchLibrary):
    """Part of the library `Grid`. Faults of sensors change what the meter sees, never what counts as injected."""

    @keyword
    def set_sensor_error(
        self,
        phase: Phase,
        quantity: Quantity,
        *,
        gain_percent: float | None = None,
        offset: float | None = None,
        delay: float | None = None,
        noise: float | None = None,
        clip: float | None = None,
        temperature_coefficient: float | None = None,
    ) -> None:
        """Gives the sensor of a channel errors from now on; what is not given stays.

        ``gain_percent`` of the gain, ``offset``, ``noise`` (RMS) and ``clip`` in V at the converter's pin, ``delay`` in
        us (positive: the pin lags), ``temperature_coefficient`` of the gain in ppm per kelvin from 23 C on.
        A stimulus that a sensor clips cannot be judged.
        """
        changes = {
            "offset_v": offset,
            "delay_us": delay,
            "clip_v": clip,
            "temperature_coefficient_ppm": temperature_coefficient,
            "noise": None if noise is None else Noise(noise, _seed(phase, quantity)),
            "gain_error_percent": gain_percent,
        }
        self._replace(phase, quantity, **{name: value for name, value in changes.items() if value is not None})

    @keyword
    def set_sensor_temperature(self, celsius: float) -> None:
        """Brings all sensors to a temperature from now on; it acts on those that have a temperature coefficient."""
        self.session.grid.set_temperature(celsius)

    @keyword
    def use_current_transformer(
        self, phase: Phase, lead: float, *, knee: float | None = None, residual: float = 0.002
    ) -> None:
        """Puts a current transformer in front of the converter that leads by ``lead`` degrees at 50 Hz.

        It passes no direct current, and with ``knee``, a magnetising current in A (peak, primary), its core saturates;
        ``residual`` is the part of the inductance that is left above the knee.
        """
        core = {} if knee is None else {"knee_a": knee}
        self._replace(phase, "current", transformer=CurrentTransformer(lead, residual=residual, **core))

    @keyword
    def use_rogowski_coil(self, phase: Phase, *, rise: str = "20 us") -> None:
        """Puts a Rogowski coil in front of the converter: the derivative, at 50 Hz as large as the current."""
        self._replace(phase, "current", stages=(Rogowski(rise_s=float(seconds(rise))),), transformer=None)

    @keyword
    def add_sinc3_droop(self, phase: Phase, quantity: Quantity, rate: float) -> None:
        """Adds the droop of a decimation filter of third order with the data rate ``rate`` in Hz, without its delay."""
        sensor = self.session.grid.front_end(phase, quantity)
        self._replace(phase, quantity, stages=(*sensor.stages, Sinc3(rate)))

    @keyword
    def make_sensor_ideal(self, phase: Phase, quantity: Quantity) -> None:
        """Takes all errors, filters and transformers of a sensor away."""
        gain = self.session.grid.front_end(phase, quantity).gain
        self.session.grid.set_front_end(phase, quantity, FrontEnd(gain))

    def _replace(self, phase: Phase, quantity: Quantity, **changes: object) -> None:
        grid = self.session.grid
        sensor = grid.front_end(phase, quantity)
        grid.set_front_end(phase, quantity, dataclasses.replace(sensor, **changes))  # type: ignore[arg-type]  # by name


def _seed(phase: str, quantity: str) -> int:
    """A seed of its own for each channel's sensor."""
    return ("L1", "L2", "L3", "N").index(phase) * 2 + ("voltage", "current").index(quantity) + 1000


class RecordingKeywords(BenchLibrary):
    """Part of the library `Grid`."""

    @keyword
    def play_recording(
        self,
        path: str,
        *,
        frequency: float | None = None,
        at: str | None = None,
        scale_voltage: float = 1.0,
        scale_current: float = 1.0,
        **channels: str,
    ) -> float:
        """Plays channels of a recording in the place of what is set, and returns its duration in s.

        Recordings are COMTRADE (``.cfg`` with ``.dat``, or ``.cff``), ``.wav``, ``.csv``, ``.npy`` or ``.npz``.
        ``channels`` says which channel of the file goes where: ``UL1=VA  IL1=IA``; those of WAV and NumPy files are
        numbered from 1 on. ``frequency`` is that of the recording, for powers by order. Afterwards what was set before
        is back.
        """
        targets = {_channel(name): source for name, source in channels.items()}
        scales = {"voltage": scale_voltage, "current": scale_current}
        gains = {channel: scales[channel.quantity] for channel in targets}
        duration_s = self.session.grid.play_file(path, targets, gains=gains, frequency_hz=frequency, at=moment(at))
        logger.info(f"{path} plays for {duration_s:.6g} s")
        return duration_s

    @keyword
    def save_waveforms(
        self,
        path: str,
        start: str,
        end: str,
        *,
        rate: float = 8000.0,
        format: Literal["ASCII", "BINARY", "BINARY32", "FLOAT32"] = "BINARY32",
    ) -> None:
        """Writes what the mains does between two virtual times, before the sensors, as a COMTRADE recording.

        A name that ends with ``.cff`` gives one file, ``.cfg`` a pair. ``rate`` is in samples a second.
        """
        grid = self.session.grid
        grid.save_comtrade(path, seconds(start), seconds(end), rate_hz=rate, format=format)


def _channel(name: str) -> Channel:
    """UL1 is the voltage of L1, IN the current of N."""
    quantity = {"U": "voltage", "I": "current"}.get(name[:1].upper(), name)
    return Channel(name[1:].upper(), quantity)
