"""All reports of one run, each whole or absent."""

from __future__ import annotations

from pathlib import Path

from wattbench.report.files import replace_text
from wattbench.report.junit import to_junit
from wattbench.report.outcome import Outcome, read_outcome
from wattbench.report.page import to_page
from wattbench.report.summary import to_json

FILE_NAMES = ("junit.xml", "summary.json", "report.html")


def write_reports(folder: Path) -> Outcome:
    """Write `junit.xml`, `summary.json` and `report.html` beside Robot's `output.xml`; SetupError without."""
    outcome = read_outcome(folder)
    texts = (to_junit(outcome), to_json(outcome), to_page(outcome))
    for name, text in zip(FILE_NAMES, texts, strict=True):
        replace_text(folder / name, text)
    return outcome
