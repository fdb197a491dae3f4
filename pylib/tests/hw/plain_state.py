"""What a model knows beyond its wires, to see that a restored model is the same as the saved one."""

from __future__ import annotations

import copy
from fractions import Fraction
from typing import Any

from wattbench.core.model import Model

PLAIN = (bool, int, Fraction, str, type(None))


def state_of(model: Model) -> dict[str, Any]:
    """Every attribute that is plain data, the levels of the outputs, and the deadlines of the alarms."""
    plain = {
        name: value
        for name, value in vars(model).items()
        if isinstance(value, PLAIN) or (isinstance(value, list) and all(isinstance(item, PLAIN) for item in value))
    }
    levels = {key: line.level for key, line in model.outputs.items()}
    return {**copy.deepcopy(plain), "levels": levels, "deadlines": model.save()["timers"]}
