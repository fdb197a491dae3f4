"""The command line: `wattbench VERB`. Exit codes: 0 passed, 1 a verdict failed, 2 wrong use, 3 the set-up is broken."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from wattbench.core.errors import SetupError, WattbenchError

VERBS = ("run", "metrology", "monitor", "check", "diff-engines", "products", "doctor")


def parser(verb_names: Iterable[str] = VERBS) -> argparse.ArgumentParser:
    """The parser of these verbs; each is the module of its name, with its help and example in the docstring."""
    result = argparse.ArgumentParser(
        prog="wattbench",
        description="An emulation test bench for electricity-meter firmware.",
        epilog="Exit codes: 0 passed, 1 a verdict failed, 2 wrong use or bad input, 3 the set-up is broken.",
    )
    verbs = result.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name in verb_names:
        verb = _module(name)
        summary, _, example = (verb.__doc__ or "").partition("\n\n")
        added = verbs.add_parser(
            name,
            help=summary.rstrip("."),
            description=summary,
            epilog=example.strip(),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        verb.add_arguments(added)
        added.set_defaults(call=verb.main)
    return result


def _module(verb: str) -> Any:
    try:
        return importlib.import_module(f"wattbench.cli.{verb.replace('-', '_')}")
    except ModuleNotFoundError as error:
        raise SetupError(
            f"`wattbench {verb}` needs the package {error.name}, which is missing: pip install -r requirements.txt"
        ) from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code; a WattbenchError becomes one sentence on stderr."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        # The modules of the other verbs, and what they need, are not even loaded.
        options = parser(words[:1] if words and words[0] in VERBS else VERBS).parse_args(words)
        return int(options.call(options))
    except WattbenchError as error:
        sys.stdout.flush()
        print(f"wattbench: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("wattbench: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
