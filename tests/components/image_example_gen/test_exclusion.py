from pathlib import Path

import pytest

from components.image_example_gen.exclusion import exclusion_digest, read_exclusions
from components.image_example_gen.pseudonym import Pseudonymizer
from pipeline.errors import ConfigError

KEY = Pseudonymizer(bytes(32))


def test_ids_are_read_one_a_line_without_blanks(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("\ufeffMRN001\n  MRN 2 \n\nMRN001\n", encoding="utf-8")
    assert read_exclusions(tmp_path / "list.txt") == {"MRN001", "MRN 2"}
    assert read_exclusions(None) == frozenset()


def test_missing_list_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"data\.exclude: .*No such file"):
        read_exclusions(tmp_path / "absent.txt")


def test_list_of_nobody_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("\n \n")
    with pytest.raises(ConfigError, match="names no patient"):
        read_exclusions(tmp_path / "list.txt")


def test_list_in_another_encoding_is_told_without_its_ids(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_bytes("Müller".encode("latin-1"))
    with pytest.raises(ConfigError, match="byte 1 is not UTF-8") as caught:
        read_exclusions(tmp_path / "list.txt")
    assert "ller" not in str(caught.value)


def test_digest_follows_the_ids_and_the_key_and_not_their_order() -> None:
    digest = exclusion_digest(["a", "b"], KEY)
    assert digest == exclusion_digest(["b", "a"], KEY)
    assert len({digest, exclusion_digest(["a"], KEY), exclusion_digest(["a", "b"], Pseudonymizer(bytes(31) + b"1"))}) == 3
    assert exclusion_digest([], KEY) == ""
