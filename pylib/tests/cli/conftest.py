import pytest

from wattbench.cli.main import main

SUITE = """\
*** Test Cases ***
Holds
    Log    fine
"""


@pytest.fixture
def suite(tmp_path):
    """A suite without a bench that passes."""
    path = tmp_path / "holds.robot"
    path.write_text(SUITE, encoding="utf-8")
    return path


@pytest.fixture
def wattbench(capsys, tmp_path, monkeypatch):
    """Runs the command line; gives exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def wattbench(*arguments):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as error:
            code = error.code
        return (code, *capsys.readouterr())

    return wattbench
