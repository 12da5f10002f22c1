from pathlib import Path

import pytest

from pipeline import doctor


def test_memory_is_read_from_the_kernel(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 8000000 kB\nMemAvailable: 1000000 kB\n")
    passed, text = doctor.memory_check(meminfo)
    assert not passed
    assert text.startswith("1.0 GB of memory free")


def test_absent_library_and_broken_import_are_findings() -> None:
    assert doctor.library_check("no-such-library") == (
        False,
        "no-such-library is not installed; run `make` in the project's folder",
    )
    assert doctor.library_check("tfx")[0]

    def broken(name: str) -> None:
        raise ImportError(f"libstdc++ is too old for {name}")

    assert doctor.import_check("tensorflow", broken) == (
        False,
        "import tensorflow: ImportError: libstdc++ is too old for tensorflow",
    )


def test_healthy_machine_exits_with_zero(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(doctor, "IMPORTS", ("json",))
    assert doctor.examine() == 0
    assert "trains in" in capsys.readouterr().out


def test_unhealthy_machine_exits_with_one(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(doctor, "IMPORTS", ("no_such_module",))
    assert doctor.examine() == 1
    assert "BAD import no_such_module" in capsys.readouterr().out


def test_absent_example_data_names_what_runs_without_it(tmp_path: Path) -> None:
    passed, text = doctor.example_data_check(tmp_path / "absent")
    assert passed
    assert "only configs/demo.yaml and configs/article.yaml run without it" in text
