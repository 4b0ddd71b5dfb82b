"""The house's import rules hold: the same contracts that `make check` runs."""

from pathlib import Path

from importlinter.cli import lint_imports


def test_imports_run_downward(monkeypatch, capsys):
    root = Path(__file__).resolve().parents[2]
    monkeypatch.chdir(root)
    assert lint_imports(config_filename=str(root / "pyproject.toml"), no_cache=True) == 0, capsys.readouterr().out
