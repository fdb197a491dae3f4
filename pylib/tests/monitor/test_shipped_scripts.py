"""The scripts of the meters, carried out over a target of plain objects."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("product", "rom_vectors"), [("edge_meter_3p", 0x0021_0000), ("besmart_meter_3p", 0x0020_0000)]
)
def test_the_meters_script_makes_loads_and_starts_it(monitor, target, product, rom_vectors):
    loaded = []
    target.globals["machine"] = Machine(loaded)
    target.find = lambda path, find=target.find: find("sysbus.cpu" if path == "sysbus.lpuart1" else path)
    assert monitor.run_script(ROOT / f"platforms/{product}.resc") == ""
    assert (monitor.machine, target.machines) == (product, [product])
    assert loaded == [ROOT / f"platforms/boards/{product}.repl"]
    image = ROOT / f"firmware/builds/{product}.elf"
    assert target.bus.calls == [(image, False, None)]
    assert target.cpu.vector_table_offset == rom_vectors
    assert target.events == [("analyzer", "sysbus.lpuart1", None)]
    target.cpu.vector_table_offset = 0
    monitor.after_reset()
    assert target.bus.calls == [(image, False, None)], "flash keeps its contents over a reset"
    assert target.cpu.vector_table_offset == rom_vectors


def test_another_image_can_be_chosen_before(monitor, target):
    target.globals["machine"] = Machine([])
    target.find = lambda path, find=target.find: find("sysbus.cpu" if path == "sysbus.lpuart1" else path)
    other = ROOT / "firmware/builds/edge_meter_3p_wrong_calibration.elf"
    monitor.execute(f"$bin=@{other}")
    monitor.run_script(ROOT / "platforms/edge_meter_3p.resc")
    assert target.bus.calls == [(other, False, None)]


class Machine:
    def __init__(self, loaded):
        self._loaded = loaded

    def load_platform_description(self, path: Path) -> None:
        self._loaded.append(path)
