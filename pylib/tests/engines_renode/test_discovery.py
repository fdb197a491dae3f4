"""Finding Renode: every way pyrenode3 knows, and what is said when something is missing."""

from __future__ import annotations

import pytest

from wattbench.engines.renode.discovery import look

VERSIONS = {"pythonnet": "3.0.5", "pyrenode3": "0.0.1"}


def build(folder, number="1.16.1", library="Renode.dll", output="output/bin/Release"):
    (folder / output).mkdir(parents=True)
    (folder / output / library).touch()
    (folder / "tools").mkdir()
    (folder / "tools/version").write_text(number + "\n")
    return folder


def dotnet(folder, *versions):
    for number in versions:
        (folder / "shared/Microsoft.NETCore.App" / number).mkdir(parents=True)
    return folder


def nothing(name):
    return None


def search(tmp_path, environment, *, packages=VERSIONS, which=nothing):
    return look(
        {name: str(value) for name, value in environment.items()},
        package=packages.get,
        which=which,
        installed=tmp_path / "opt/renode",
        dotnet_folders=(),
    )


def test_a_build_with_everything_is_complete(tmp_path):
    environment = {
        "PYRENODE_RUNTIME": "coreclr",
        "PYRENODE_BUILD_DIR": build(tmp_path / "renode"),
        "DOTNET_ROOT": dotnet(tmp_path / "net", "8.0.4", "10.0.1"),
    }
    found = search(tmp_path, environment)
    assert found.complete
    assert found.next_step == ""
    assert found.summary == (
        f"Renode 1.16.1 (build {tmp_path}/renode), .NET 10.0.1 ({tmp_path}/net), pythonnet 3.0.5, pyrenode3 0.0.1"
    )


def test_a_build_in_another_output_folder(tmp_path):
    folder = build(tmp_path / "renode", output="out/net")
    environment = {"PYRENODE_RUNTIME": "coreclr", "PYRENODE_BUILD_DIR": folder}
    assert "PYRENODE_BUILD_OUTPUT" in search(tmp_path, environment).next_step
    environment["PYRENODE_BUILD_OUTPUT"] = "out/net"
    assert search(tmp_path, environment).parts[0].found == f"Renode 1.16.1 (build {folder})"


def test_a_portable_binary_brings_its_runtime(tmp_path):
    binary = tmp_path / "renode_1.17.0-dotnet_portable/renode"
    binary.parent.mkdir()
    binary.touch()
    found = search(tmp_path, {"PYRENODE_RUNTIME": "coreclr", "PYRENODE_BIN": binary})
    assert found.complete
    assert found.parts[0].found == f"Renode 1.17.0 (portable binary {binary})"
    under_mono = search(tmp_path, {"PYRENODE_BIN": binary}, which=lambda name: f"/usr/bin/{name}")
    assert under_mono.next_step == "Renode: a portable binary needs PYRENODE_RUNTIME=coreclr"


def test_a_package_file(tmp_path):
    package = tmp_path / "renode-1.16.1.linux-dotnet.tar.gz"
    package.touch()
    found = search(tmp_path, {"PYRENODE_RUNTIME": "coreclr", "PYRENODE_PKG": package, "DOTNET_ROOT": tmp_path})
    assert found.parts[0].found == f"Renode 1.16.1 (package {package})"
    assert not found.complete
    assert found.next_step.startswith("runtime: install the .NET 8 runtime")


def test_an_installed_package_runs_under_mono(tmp_path):
    (tmp_path / "opt/renode/bin").mkdir(parents=True)
    found = search(tmp_path, {}, which=lambda name: f"/usr/bin/{name}")
    assert found.complete
    assert found.summary.startswith("Renode of unknown version (package), mono (/usr/bin/mono)")
    other = search(tmp_path, {"PYRENODE_RUNTIME": "coreclr"}, which=lambda name: f"/usr/bin/{name}")
    assert "under mono only" in other.next_step


@pytest.mark.parametrize(
    ("environment", "step"),
    [
        ({}, "Renode: download Renode 1.16.1 or later"),
        ({"PYRENODE_BIN": "/a", "PYRENODE_PKG": "/b"}, "Renode: unset all but one of PYRENODE_PKG, PYRENODE_BIN"),
        ({"PYRENODE_BIN": "/nowhere/renode"}, "Renode: PYRENODE_BIN names /nowhere/renode, which does not exist"),
    ],
)
def test_what_to_do_about_renode(tmp_path, environment, step):
    found = search(tmp_path, environment)
    assert not found.complete
    assert found.next_step.startswith(step)


def test_a_renode_that_is_too_old(tmp_path):
    environment = {"PYRENODE_RUNTIME": "coreclr", "PYRENODE_BUILD_DIR": build(tmp_path / "renode", "1.15.3")}
    assert "is version 1.15.3, which is too old" in search(tmp_path, environment).next_step


@pytest.mark.parametrize("missing", VERSIONS)
def test_missing_python_packages(tmp_path, missing):
    environment = {
        "PYRENODE_RUNTIME": "coreclr",
        "PYRENODE_BUILD_DIR": build(tmp_path / "renode"),
        "DOTNET_ROOT": dotnet(tmp_path / "net", "8.0.4"),
    }
    packages = {name: number for name, number in VERSIONS.items() if name != missing}
    found = search(tmp_path, environment, packages=packages)
    assert found.next_step == f"{missing}: pip install -r ci/requirements-renode.txt"


def test_an_unknown_runtime(tmp_path):
    found = search(tmp_path, {"PYRENODE_RUNTIME": "java"})
    assert found.parts[1].advice == "PYRENODE_RUNTIME is `java`; set it to mono or coreclr"
