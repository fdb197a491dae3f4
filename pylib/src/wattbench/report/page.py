"""`report.html`: the run on one self-contained page for people."""

from __future__ import annotations

from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from wattbench.report import numbers
from wattbench.report.outcome import Outcome
from wattbench.report.plots import error_plot, histogram_plot, trace_plot

WIDE, NARROW = 1040.0, 340.0
MOST_ACCESSES = 20
"""So many accesses that no model covers are shown; `summary.json` has all."""


def to_page(outcome: Outcome) -> str:
    """The page: verdict, what was run, errors against limits, quantities over time, every test."""
    environment = Environment(
        loader=FunctionLoader(lambda name: files("wattbench.report").joinpath(name).read_text(encoding="utf-8")),
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters.update(
        amount=numbers.amount,
        doubt=numbers.doubt,
        percent=numbers.percent,
        seconds=numbers.seconds,
        measure=numbers.measure,
    )
    in_percent = [item for item in outcome.judgements if item.error_unit == "%" != item.unit]
    plots = [
        Markup(error_plot(in_percent, width, name)) for width, name in ((WIDE, "ew"), (NARROW, "en")) if in_percent
    ]
    traces = [(trace, Markup(trace_plot(trace, f"t{number}"))) for number, trace in enumerate(outcome.traces)]
    histograms = [
        (item, Markup(histogram_plot(item, f"h{number}"))) for number, item in enumerate(outcome.timings) if item.count
    ]
    names = {case.long_name: case.name for case in outcome.cases}
    return environment.get_template("page.html").render(
        outcome=outcome,
        run=outcome.runs[-1] if outcome.runs else None,
        css=Markup(files("wattbench.report").joinpath("page.css").read_text(encoding="utf-8")),
        error_plots=plots,
        traces=traces,
        histograms=histograms,
        names=names,
        most_accesses=MOST_ACCESSES,
    )
