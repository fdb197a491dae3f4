"""C# types for Renode, one for each model of the catalogue: what a `.repl` may write about it, and nothing more.

A type named in a `.repl` must live in a namespace that begins with `Antmicro.Renode`; `Wattbench.Lpspi` is found as
`Antmicro.Renode.Peripherals.Wattbench.Lpspi`. Names that Renode has itself (`Miscellaneous.LED`) stay Renode's.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from wattbench.core.clock import FixedClock
from wattbench.core.host import FakeHost
from wattbench.core.model import Model
from wattbench.core.names import camel_case
from wattbench.core.wires import UartPort
from wattbench.platform.types import Parameter, parameters

OWN_PREFIX = "Wattbench."
NAMESPACE = "Antmicro.Renode.Peripherals.Wattbench"
_NUMBERS = (float, Fraction)


def csharp_source(catalogue: Mapping[str, type[Model]], library: str) -> str:
    """The source of all types; `library` is the path of the native core for the shim's calls."""
    own = {name: cls for name, cls in catalogue.items() if name.startswith(OWN_PREFIX)}
    parts = [csharp_type(name, cls) for name, cls in own.items()]
    return f"""using Antmicro.Renode.Core;
using Antmicro.Renode.Peripherals;

namespace {NAMESPACE}
{{
    internal static class Generated
    {{
        public const string Library = @"{library}";
    }}

{"".join(parts)}}}
"""


def csharp_type(type_name: str, cls: type[Model]) -> str:
    """One type: a constructor with the model's attributes, a GPIO for each named output."""
    example = specimen(cls)
    name = type_name.removeprefix(OWN_PREFIX)
    known = parameters(cls)
    required = [item for item in known.values() if item.required]
    ordered = [*required, *(item for item in known.values() if not item.required)]
    arguments = "".join(f", {_declaration(item)}" for item in ordered)
    numbers = ", ".join(str(key) for key in example.outputs if isinstance(key, int))
    numbered = f"new int[] {{ {numbers} }}" if numbers else "new int[0]"
    base = "PythonUart" if isinstance(getattr(example, "port", None), UartPort) else "PythonModel"
    takes = "".join(
        f'            Take("{item.name}", @{camel_case(item.name)});\n' for item in ordered
    )  # fmt: skip
    names = [key for key in example.outputs if isinstance(key, str)]
    makes = "".join(f'            {key} = Named("{key}");\n' for key in names)
    return f"""    public sealed class {name} : {base}{", IKnownSize" if cls.size else ""}
    {{
        public {name}(IMachine machine{arguments})
            : base(machine, "{type_name}", {cls.size}, {numbered})
        {{
{takes}{makes}        }}

{"".join(_output(key, key == example.default_output) for key in names)}    }}

"""


def _output(name: str, default: bool) -> str:
    attribute = "        [DefaultInterrupt]\n" if default else ""
    return f"{attribute}        public GPIO {name} {{ get; }}\n\n"


def _declaration(item: Parameter) -> str:
    kind = csharp_kind(item.hint)
    name = f"@{camel_case(item.name)}"  # `base` is a word of C#
    if item.required:
        return f"{kind} {name}"
    return f"{kind}{'' if kind in ('string', 'IPeripheral') else '?'} {name} = null"


def csharp_kind(hint: Any) -> str:
    """The C# type of an attribute of that Python type; whatever is no plain value is a reference."""
    kinds = {kind for kind in _alternatives(hint) if kind is not type(None)}
    if kinds == {bool}:
        return "bool"
    if kinds == {int}:
        return "long"
    if kinds & set(_NUMBERS):
        return "double"
    return "string" if kinds == {str} else "IPeripheral"


def from_text(text: str, hint: Any) -> Any:
    """The value of an attribute that Renode hands over as text."""
    match csharp_kind(hint):
        case "bool":
            return text == "True"
        case "long":
            return int(text)
        case "double":
            return float(text)
    return text


def _alternatives(hint: Any) -> tuple[Any, ...]:
    return typing.get_args(hint) if isinstance(hint, types.UnionType) or _is_union(hint) else (hint,)


def _is_union(hint: Any) -> bool:
    return typing.get_origin(hint) is typing.Union


def specimen(cls: type[Model]) -> Model:
    """A model on a host of its own, to see what outputs it has; required references get specimens too."""
    given = dict(cls.example)
    for item in parameters(cls).values():
        if item.required and item.name not in given:
            wanted = _alternatives(item.hint)[0]
            given[item.name] = (
                specimen(wanted) if inspect.isclass(wanted) and issubclass(wanted, Model) else FixedClock(24_000_000)
            )
    return cls(FakeHost(), cls.type_name.rpartition(".")[2].lower() + "1", **given)
