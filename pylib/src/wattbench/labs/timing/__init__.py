"""Metrology timing: what happens when inside a meter, measured on an engine's trace without a change to the firmware.

recorder = Recorder(bench)                  # the timing points of the manifest
bench.run_for(10)
recording = recorder.stop()
print(jitter_stays_below(sample_period(recording), 500))
"""

from wattbench.labs.timing.buffers import (
    buffer_period,
    buffer_slack,
    buffer_to_consumer,
    buffer_to_consumer_end,
    passages,
)
from wattbench.labs.timing.interrupts import (
    exception_load,
    interrupt_latency,
    interrupt_time,
    preemption,
    preemptions,
)
from wattbench.labs.timing.judge import (
    Finding,
    deadline_holds,
    jitter_stays_below,
    lies_within,
    load_stays_below,
    stays_below,
)
from wattbench.labs.timing.load import Load, cpu_load, load_by_function, load_by_partition
from wattbench.labs.timing.perfetto import write_perfetto
from wattbench.labs.timing.quantities import Context, deadline, measure, window_slack
from wattbench.labs.timing.recording import PARTS, Recorder, Recording
from wattbench.labs.timing.series import LEAST_INSTANCES, Instance, Series, duration, instant
from wattbench.labs.timing.signals import (
    data_ready_to_chip_select,
    data_ready_to_dma,
    function_period,
    function_time,
    sample_period,
    window_latency,
    window_period,
)
from wattbench.labs.timing.truth import crossing_error, pulse_jitter, pulse_latency, pulse_period
from wattbench.labs.timing.vcd_file import write_vcd

__all__ = [
    "LEAST_INSTANCES",
    "PARTS",
    "Context",
    "Finding",
    "Instance",
    "Load",
    "Recorder",
    "Recording",
    "Series",
    "buffer_period",
    "buffer_slack",
    "buffer_to_consumer",
    "buffer_to_consumer_end",
    "cpu_load",
    "crossing_error",
    "data_ready_to_chip_select",
    "data_ready_to_dma",
    "deadline",
    "deadline_holds",
    "duration",
    "exception_load",
    "function_period",
    "function_time",
    "instant",
    "interrupt_latency",
    "interrupt_time",
    "jitter_stays_below",
    "lies_within",
    "load_by_function",
    "load_by_partition",
    "load_stays_below",
    "measure",
    "passages",
    "preemption",
    "preemptions",
    "pulse_jitter",
    "pulse_latency",
    "pulse_period",
    "sample_period",
    "stays_below",
    "window_latency",
    "window_period",
    "window_slack",
    "write_perfetto",
    "write_vcd",
]
