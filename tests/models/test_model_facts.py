from models.canonical_image import CanonicalSpec
from models.model_facts import ModelFacts, read_facts, write_facts


def test_facts_read_back_as_written(tmp_path):
    facts = ModelFacts(CanonicalSpec(size=64, channels=1, sixteen_bit_range=(0, 4095)), ("ä", "b"), "bfloat16")
    write_facts(facts, tmp_path)
    assert read_facts(tmp_path) == facts
