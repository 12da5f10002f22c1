from pathlib import Path

from pipeline.sources.entry import Entry


def test_repr_names_neither_file_nor_patient() -> None:
    text = repr(Entry(Path("Doe_Jane.png"), "ill", "MRN1", "train", {"name": "Jane"}))
    assert "Jane" not in text
    assert "MRN1" not in text
    assert "ill" in text
