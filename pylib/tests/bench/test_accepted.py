"""Accepted accesses: what an entry covers, and lists that are wrong."""

from __future__ import annotations

import pytest

from wattbench.bench.accepted import Accepted, read_accepted, reason_for
from wattbench.bench.manifest import read_manifest
from wattbench.bench.products import find_manifest, products
from wattbench.cli.main import main
from wattbench.core.errors import SourceError
from wattbench.core.unmodelled import UnmodelledAccess


def access(source="lpuart3", what="write MODIR", pc=0x100):
    return UnmodelledAccess(source, what, pc, "value 0x1", 5)


@pytest.mark.parametrize(
    ("entry", "covered"),
    [
        (Accepted("lpuart3", "MODIR", "r"), True),
        (Accepted("lpuart*", "MOD*", "r"), True),
        (Accepted("lpuart3", "MODIR", "r", "write"), True),
        (Accepted("lpuart3", "MODIR", "r", "read"), False),
        (Accepted("lpuart", "MODIR", "r"), False),
        (Accepted("lpuart*", "modir", "r"), False),
        (Accepted("lpuart*", "write MODIR", "r"), False),
    ],
)
def test_an_entry_covers_what_its_patterns_say(entry, covered):
    assert entry.covers(access()) is covered


def test_a_feature_is_covered_by_its_name_and_by_no_direction():
    assert Accepted("spi", "slave mode", "r").covers(access("spi", "slave mode"))
    assert not Accepted("spi", "slave mode", "r", "write").covers(access("spi", "slave mode"))


def test_the_first_reason_counts():
    entries = [Accepted("gpt1", "*", "no"), Accepted("lpuart*", "*", "first"), Accepted("*", "*", "second")]
    assert reason_for(access(), entries) == "first"
    assert reason_for(access("dac"), entries[:2]) == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[accepted]]\nmodel = 'a'\nregister = 'b'", "needs `reason`"),
        ("[[accepted]]\nmodel = 'a'\nregister = 'b'\nreason = ' '", "`reason` must be text"),
        ("[[accepted]]\nmodel = 'a'\nregister = 'b'\nreason = 'c'\naccess = 'w'", "any, read, write, not `w`"),
        ("[[accepted]]\nmodl = 'a'", "no key `modl` (did you mean `model`?)"),
        ("[accepted]\nmodel = 'a'", "are tables [[accepted]]"),
        ("[firmware]\nname = 'a'", "nothing else, no firmware"),
        ("[[accepted", "this is no TOML"),
        (None, "cannot be read"),
    ],
)
def test_a_wrong_list_is_refused(tmp_path, capsys, text, message):
    path = tmp_path / "x_accepted.toml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(SourceError) as caught:
        read_accepted(path)
    assert message in str(caught.value)
    if text is not None:
        assert main(["check", str(path)]) == 2
        assert message in capsys.readouterr().out


def test_a_manifest_takes_lists_and_has_entries_of_its_own(tmp_path):
    source = find_manifest("edge_meter_3p")
    entry = '\n[[accepted]]\nmodel = "ade_l*"\nregister = "CONFIG"\naccess = "write"\nreason = "bandwidth"\n'
    text = source.read_text(encoding="utf-8").replace('"../../', f'"{source.parents[2]}/') + entry
    own = tmp_path / "own.toml"
    own.write_text(text, encoding="utf-8")
    accepted = read_manifest(own).accepted
    assert [item.model for item in accepted] == ["ade_l*", "gpt*"]
    assert all(item.reason for item in accepted)
    broken = tmp_path / "meter.toml"
    broken.write_text(text.replace("imxrt1175_accepted", "nowhere_accepted"), encoding="utf-8")
    with pytest.raises(SourceError, match=r"nowhere_accepted.toml: the list .* cannot be read"):
        read_manifest(broken)
    broken.write_text(text.replace('access = "write"', 'acess = "write"'), encoding="utf-8")
    with pytest.raises(SourceError, match="acess"):
        read_manifest(broken)


def test_every_shipped_list_is_right():
    for product in products():
        read_manifest(find_manifest(product))
