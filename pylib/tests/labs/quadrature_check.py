"""Integrals by a way of their own: Gauss-Legendre panels over the values that converters are given."""

import itertools

import numpy as np

from wattbench.labs.grid.channels import Channel
from wattbench.labs.grid.schedule import Schedule

S = 10**9
NODES, WEIGHTS = np.polynomial.legendre.leggauss(16)


def nodes(edges_s: list[float], panel_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Times and weights; no panel is longer than `panel_s` or goes over an edge."""
    parts = []
    for start, stop in itertools.pairwise(sorted(edges_s)):
        parts.append(np.linspace(start, stop, max(2, int((stop - start) / panel_s) + 2)))
    times, weights = [], []
    for ends in parts:
        half = np.diff(ends)[:, None] / 2
        times.append((ends[:-1, None] + half + half * NODES).ravel())
        weights.append((half * WEIGHTS).ravel())
    return np.concatenate(times), np.concatenate(weights)


def moments(
    schedule: Schedule, phase: str, from_ns: int, to_ns: int, *, cuts_s: list[float] = (), panel_s: float = 2e-4
) -> dict[str, float]:
    """Energy in J, mean squares and means of a phase; `cuts_s` are the instants at which it is not smooth."""
    starts = [segment.start_ns / S for segment in schedule.segments]
    inside = [cut for cut in (*starts, *cuts_s) if from_ns / S < cut < to_ns / S]
    times_s, weights = nodes([from_ns / S, *sorted(set(inside)), to_ns / S], panel_s)
    u, i = (schedule.value(Channel(phase, quantity), times_s) for quantity in ("voltage", "current"))
    seconds = (to_ns - from_ns) / S
    return {
        "joules": float((u * i * weights).sum()),
        "u2": float((u * u * weights).sum()) / seconds,
        "i2": float((i * i * weights).sum()) / seconds,
        "u": float((u * weights).sum()) / seconds,
        "i": float((i * weights).sum()) / seconds,
    }
