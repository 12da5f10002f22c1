import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.image_example_gen.pseudonym import KEY_VARIABLE, Pseudonymizer, load_key, make_key_file
from pipeline.errors import ConfigError

KEY = bytes(range(32))


@given(st.text())
def test_pseudonym_is_32_hex_digits_and_depends_on_the_key(name: str) -> None:
    key = Pseudonymizer(KEY).patient(name)
    assert len(key) == 32
    assert int(key, 16) >= 0
    assert key == Pseudonymizer(KEY).patient(name)
    assert key != Pseudonymizer(KEY[::-1]).patient(name)


@given(st.text())
def test_patient_and_image_of_one_name_have_nothing_in_common(name: str) -> None:
    assert Pseudonymizer(KEY).patient(name) != Pseudonymizer(KEY).image(name)


def test_file_name_that_is_no_unicode_has_a_pseudonym() -> None:
    assert len(Pseudonymizer(KEY).image("scan\udcff.png")) == 32


def test_repr_shows_the_key_id_alone() -> None:
    pseudonymizer = Pseudonymizer(KEY)
    assert repr(pseudonymizer) == f"Pseudonymizer(key_id='{pseudonymizer.key_id}')"
    assert len(pseudonymizer.key_id) == 8
    assert pseudonymizer.key_id not in KEY.hex()


def test_new_key_file_is_random_and_for_its_owner_alone(tmp_path: Path) -> None:
    for name in ("one", "two"):
        make_key_file(tmp_path / "keys" / name)
    assert stat.S_IMODE((tmp_path / "keys/one").stat().st_mode) == 0o600
    assert load_key(tmp_path / "keys/one", {}) != load_key(tmp_path / "keys/two", {})
    assert len(load_key(tmp_path / "keys/one", {})) == 32


def test_key_that_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY.hex())
    make_key_file(tmp_path / "key")
    assert load_key(tmp_path / "key", {}) == KEY


def test_killed_making_leaves_no_empty_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("components.image_example_gen.pseudonym.os.fdopen", killed)
        with pytest.raises(KeyboardInterrupt):
            make_key_file(tmp_path / "key")
    assert not (tmp_path / "key").exists()
    make_key_file(tmp_path / "key")
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_key_is_made_where_files_have_one_name_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(path: Path, target: Path) -> None:
        raise PermissionError("Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", unsupported)
    make_key_file(tmp_path / "key")
    assert len(load_key(tmp_path / "key", {})) == 32
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_environment_overrides_the_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY.hex())
    assert load_key(tmp_path / "key", {KEY_VARIABLE: "ab" * 16}) == b"\xab" * 16


def test_no_key_says_where_it_may_come_from() -> None:
    with pytest.raises(ConfigError, match=r"set MEDTFX_PSEUDONYM_KEY or name data\.pseudonym_key_file"):
        load_key(None, {})


def test_missing_key_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.key: No such file"):
        load_key(tmp_path / "absent.key", {})


@pytest.mark.parametrize("text", ["", "secret words", "abcd", "zz" * 16])
def test_weak_or_broken_key_is_refused_and_not_shown(tmp_path: Path, text: str) -> None:
    (tmp_path / "key").write_text(text)
    with pytest.raises(ConfigError, match="expected at least 32 hex digits") as caught:
        load_key(tmp_path / "key", {})
    assert not text or text not in str(caught.value)


def test_key_file_in_a_folder_without_rights_is_named() -> None:
    with pytest.raises(ConfigError, match="pseudonym key file /proc/key"):
        make_key_file(Path("/proc/key"))


def test_forgotten_patient_has_another_name_than_any_artifact_gave() -> None:
    names = Pseudonymizer(bytes(range(32)))
    assert names.forgotten("MRN1") == Pseudonymizer(bytes(range(32))).forgotten("MRN1")
    assert names.forgotten("MRN1") not in (names.patient("MRN1"), names.image("MRN1"), names.forgotten("MRN2"))
