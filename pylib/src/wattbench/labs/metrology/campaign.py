"""A campaign: the points of a plan spread over processes, each from the same booted meter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from wattbench.bench import Bench
from wattbench.core.errors import SetupError
from wattbench.labs.metrology.conduct import Laboratory
from wattbench.labs.metrology.plan import Plan
from wattbench.labs.metrology.points import Point, Result

Progress = Callable[[Result], None]


@dataclass(frozen=True)
class Product:
    """What each process has to load: a manifest, and an image instead of its firmware."""

    manifest: Path
    image: Path | None = None


_laboratories: dict[Product, Laboratory] = {}


def conduct(product: Product, point: Point) -> Result:
    """Conduct one point in this process, which boots the product once and keeps that state for all its points."""
    if point.blocked:
        return Result(point, "not run", point.blocked)
    if product not in _laboratories:
        bench = Bench.load(product.manifest, image=product.image)
        bench.boot()
        _laboratories[product] = Laboratory(bench)
    return _laboratories[product].conduct(point)


def run_campaign(
    plan: Plan, product: Product, executor: Executor, progress: Progress | None = None
) -> tuple[Result, ...]:
    """The results of all points in the order of the plan, whichever process came first.

    The executor may be any whose workers can import this package: a process pool, a cluster. Raises what keeps the
    product from running at all, SetupError where a worker died, or where workers have booted different meters.
    """
    futures: dict[Future[Result], int] = {}
    # The longest ones first, so that none of them is left over for one worker at the end.
    order = sorted(range(len(plan.points)), key=lambda place: (-plan.points[place].duration_s, place))
    for place in order:
        futures[executor.submit(conduct, product, plan.points[place])] = place
    results: list[Result | None] = [None] * len(plan.points)
    try:
        for future in as_completed(futures):
            result = future.result()
            results[futures[future]] = result
            if progress is not None:
                progress(result)
    except BrokenProcessPool as error:
        raise SetupError(
            "a process that measured points died; run with fewer jobs, or see its message above"
        ) from error
    finally:
        for future in futures:
            future.cancel()
    done = tuple(result for result in results if result is not None)
    _require_one_meter(done)
    return done


def process_pool(jobs: int) -> Executor:
    """Workers that start from nothing, so that no state of this process reaches them."""
    return ProcessPoolExecutor(max_workers=jobs, mp_context=get_context("spawn"))


def _require_one_meter(results: Sequence[Result]) -> None:
    digests = {result.booted for result in results if result.booted}
    if len(digests) > 1:
        raise SetupError(
            f"the processes booted {len(digests)} different meters; firmware or wattbench changed during the run"
        )
