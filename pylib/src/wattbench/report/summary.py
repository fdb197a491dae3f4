"""`summary.json`: the run for programs, with stable keys."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from wattbench.report.outcome import Outcome


def to_summary(outcome: Outcome) -> dict[str, Any]:
    """The run as plain data. Keys are only ever added; `schema` counts what breaks that promise."""
    run = outcome.runs[-1] if outcome.runs else None
    return {
        "schema": 1,
        "wattbench": outcome.version,
        "name": outcome.name,
        "verdict": "passed" if outcome.passed else "failed",
        "started": outcome.started,
        "host_seconds": outcome.host_s,
        "virtual_seconds": outcome.virtual_s,
        "engine": run.engine if run else None,
        "product": run.product if run else None,
        "firmware": run.firmware if run else None,
        "firmware_sha256": run.sha256 if run else None,
        "digest": outcome.digest,
        "versions": run.versions if run else {},
        "tests": {status: outcome.count(status) for status in ("passed", "failed", "skipped")},
        "cases": [
            {
                "suite": case.suite,
                "name": case.name,
                "status": case.status,
                "message": case.message,
                "host_seconds": case.host_s,
                "virtual_seconds": case.virtual_s,
                "digest": case.digest,
            }
            for case in outcome.cases
        ],
        "measurements": [asdict(item) for item in outcome.judgements],
        "errors": list(outcome.errors),
        "unmodelled": [asdict(item) for item in outcome.unmodelled],
        "timings": [asdict(item) for item in outcome.timings],
    }


def to_json(outcome: Outcome) -> str:
    """The text of `summary.json`."""
    return json.dumps(to_summary(outcome), indent=2, ensure_ascii=False) + "\n"
