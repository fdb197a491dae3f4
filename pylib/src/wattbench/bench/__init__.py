"""The bench: platform, firmware and engine as one object; the Python API of wattbench."""

from wattbench.bench.accepted import Accepted
from wattbench.bench.bench import Bench
from wattbench.bench.console import Console, Line
from wattbench.bench.manifest import Manifest, read_manifest
from wattbench.bench.products import find_manifest, products

__all__ = ["Accepted", "Bench", "Console", "Line", "Manifest", "find_manifest", "products", "read_manifest"]
