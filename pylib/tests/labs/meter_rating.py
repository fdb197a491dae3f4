"""Ratings for tests of limits and plans."""

from __future__ import annotations

from dataclasses import replace

from wattbench.bench.descriptions import Booking
from wattbench.labs.metrology.rating import Rating

DIRECT = Rating(
    product="direct meter",
    connection="direct",
    phases=("L1", "L2", "L3"),
    voltage_v=230.0,
    frequency_hz=50.0,
    nominal_a=5.0,
    maximum_a=100.0,
    starting_a=0.02,
    minimum_a=0.15,
    transitional_a=0.5,
    active_class="C",
    settle_s=0.8,
    booking=Booking(0.02, 0.00375),
    constants={"active": 1000.0, "reactive": 1000.0},
    registers={
        "active_import_wh": "active_import[total]",
        "active_export_wh": "active_export[total]",
        "reactive_import_varh": "reactive_q1[total]",
        "reactive_export_varh": "reactive_q4[total]",
    },
    resolutions={
        "active_import[total]": 1e-9,
        "active_export[total]": 1e-9,
        "reactive_q1[total]": 1e-9,
        "reactive_q4[total]": 1e-9,
    },
    quadrants=dict.fromkeys(
        ("active_import", "active_export", "reactive_q1", "reactive_q2", "reactive_q3", "reactive_q4"),
        ("total", "L1", "L2", "L3"),
    ),
    temperature_ppm_per_k=50.0,
)
TRANSFORMER = replace(
    DIRECT, product="transformer meter", connection="transformer", nominal_a=5.0, maximum_a=6.0, starting_a=0.005,
    minimum_a=0.05, transitional_a=0.25,
)  # fmt: skip
