"""The one file that a start script loads: the manifest's own, or a flash image put together for it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wattbench.bench.flash_image import compose, inspect, is_elf
from wattbench.bench.manifest import Manifest
from wattbench.core.errors import FirmwareFileError, UsageError


@contextmanager
def firmware_file(manifest: Manifest) -> Iterator[Path]:
    """The file to load; one that was put together is gone afterwards. Raises FirmwareFileError or UsageError."""
    if manifest.parts:
        image = compose(manifest.parts, manifest.flash_base)
        inspect(image, f"the image that {manifest.path.name} describes", manifest.flash_base)
        with tempfile.TemporaryDirectory(prefix="wattbench-") as folder:
            path = Path(folder, "flash.bin")
            path.write_bytes(image)
            yield path
        return
    if manifest.file is None:
        raise UsageError(f"{manifest.path.name} names no firmware; give the image to load with it")
    if not manifest.file.is_file():
        raise FirmwareFileError(
            f"{manifest.path.name} names the firmware {manifest.file}, which does not exist; build it first"
        )
    data = manifest.file.read_bytes()
    if not is_elf(data):
        inspect(data, str(manifest.file), manifest.flash_base)
    yield manifest.file
