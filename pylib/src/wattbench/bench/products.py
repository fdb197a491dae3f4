"""Where products are: manifests in `firmware/builds` of a checkout, or any path."""

from __future__ import annotations

import os
from pathlib import Path

from wattbench.core.errors import UsageError
from wattbench.core.names import did_you_mean

HOME_VARIABLE = "WATTBENCH_HOME"


def home() -> Path:
    """The checkout: WATTBENCH_HOME, else the first folder upward from here that has products, else this package's."""
    if HOME_VARIABLE in os.environ:
        return Path(os.environ[HOME_VARIABLE])
    for folder in (Path.cwd(), *Path.cwd().parents, *Path(__file__).resolve().parents):
        if (folder / "firmware" / "builds").is_dir() and (folder / "platforms").is_dir():
            return folder
    return Path.cwd()


def products() -> dict[str, Path]:
    """All products by name, with their manifests."""
    return {path.stem.replace("_", "-"): path for path in sorted((home() / "firmware" / "builds").glob("*.toml"))}


def find_manifest(product: str | Path) -> Path:
    """The manifest for a product's name or a path; raises UsageError with what there is."""
    path = Path(product)
    if path.suffix == ".toml":
        if not path.is_file():
            raise UsageError(f"the manifest {path} does not exist")
        return path.resolve()
    known = products()
    name = str(product).replace("_", "-")
    if name not in known:
        hint = did_you_mean(name, known)
        raise UsageError(f"there is no product `{product}`{hint}; known are {', '.join(known) or 'none'}")
    return known[name]
