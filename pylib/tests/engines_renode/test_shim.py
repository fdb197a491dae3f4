"""The C# types that Renode compiles: what a `.repl` may say about each model."""

from fractions import Fraction

import pytest

from wattbench.core.host import FakeHost
from wattbench.core.model import CATALOGUE, Model
from wattbench.core.wires import DmaRequest
from wattbench.engines.embedded.board import import_models
from wattbench.engines.renode.model_types import csharp_kind, csharp_source, csharp_type, from_text, specimen
from wattbench.platform.types import parameters

import_models()
OWN = [name for name in CATALOGUE if name.startswith("Wattbench.")]


class Example(Model):
    """A model with one attribute of each kind."""

    type_name = "Wattbench.Example"
    size = 0x100
    default_output = "IRQ"

    def __init__(
        self,
        host: FakeHost,
        name: str,
        *,
        base: Model,
        fast: bool = False,
        fifo_size: int = 4,
        error_ppm: Fraction | float | str = 0,
        part: str = "",
        clocks: Model | None = None,
    ):
        super().__init__(host, name)
        self.output("IRQ")
        self.output("TxDma", DmaRequest())
        self.output(2)


def test_attributes_of_every_kind():
    text = csharp_type("Wattbench.Example", Example)
    assert (
        "public Example(IMachine machine, IPeripheral @base, bool? @fast = null, long? @fifoSize = null, "
        "double? @errorPpm = null, string @part = null, IPeripheral @clocks = null)"
    ) in text
    assert 'Take("fifo_size", @fifoSize);' in text
    assert 'base(machine, "Wattbench.Example", 256, new int[] { 2 })' in text


def test_outputs_are_gpio_and_the_default_one_is_marked():
    text = csharp_type("Wattbench.Example", Example)
    assert "[DefaultInterrupt]\n        public GPIO IRQ { get; }" in text
    assert "\n        public GPIO TxDma { get; }" in text
    assert text.count("[DefaultInterrupt]") == 1


@pytest.mark.parametrize("name", OWN)
def test_every_model_of_ours_has_a_type(name):
    text = csharp_type(name, CATALOGUE[name])
    outputs = specimen(CATALOGUE[name]).outputs
    assert text.count("public GPIO ") == sum(isinstance(key, str) for key in outputs)
    assert ("IKnownSize" in text) == bool(CATALOGUE[name].size)
    assert all(f'Take("{attribute}"' in text for attribute in parameters(CATALOGUE[name]))


def test_a_uart_is_one_for_renode():
    assert "class Lpuart : PythonUart" in csharp_type("Wattbench.Lpuart", CATALOGUE["Wattbench.Lpuart"])
    assert "class Gpio : PythonModel" in csharp_type("Wattbench.Gpio", CATALOGUE["Wattbench.Gpio"])


def test_renodes_own_names_stay_renodes():
    source = csharp_source(CATALOGUE, "/lib/core.so")
    assert 'Library = @"/lib/core.so"' in source
    assert "class LED" not in source
    assert source.count(" class ") == len(OWN) + 1


@pytest.mark.parametrize(
    ("hint", "text", "value"),
    [
        (bool, "True", True),
        (bool, "False", False),
        (int, "4", 4),
        (int | None, "805306368", 0x3000_0000),
        (Fraction | float | str, "0.1", 0.1),
        (str, "BUS", "BUS"),
    ],
)
def test_values_come_back_as_python_has_them(hint, text, value):
    assert from_text(text, hint) == value
    assert type(from_text(text, hint)) is type(value)


def test_whatever_is_no_plain_value_is_a_reference():
    assert csharp_kind(Model | None) == "IPeripheral"
