"""Write docs/fidelity.md: `python -m fidelity` in pylib."""

from fidelity.page import write

write()
