"""List what can be run.

example:
  wattbench products
"""

from __future__ import annotations

import argparse
import json

from wattbench.bench import products as find_products
from wattbench.bench import read_manifest
from wattbench.cli.table import columns


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of this verb."""
    parser.add_argument("--json", action="store_true", help="print the list as JSON")


def main(options: argparse.Namespace) -> int:
    """One line for each firmware manifest: its name, which `--firmware` takes, and what it is."""
    manifests = {name: read_manifest(path) for name, path in find_products().items()}
    rows = [
        (name, manifest.description, str(manifest.file or manifest.firmware_name))
        for name, manifest in manifests.items()
    ]
    if options.json:
        print(json.dumps([dict(zip(("name", "description", "firmware"), row, strict=True)) for row in rows], indent=2))
    elif rows:
        print("\n".join(columns(rows)))
    return 0
