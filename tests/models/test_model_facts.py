import json

from models.canonical_image import CanonicalSpec
from models.model_facts import FILE, ModelFacts, read_facts, write_facts
from models.rendering.settings import RenderSettings


def test_facts_read_back_as_written(tmp_path):
    canonical = CanonicalSpec(size=64, channels=1, sixteen_bit_range=(0, 4095))
    facts = ModelFacts(canonical, ("ä", "b"), "bfloat16", RenderSettings(((40.0, 400.0),), "maximum", "accept"))
    write_facts(facts, tmp_path)
    assert read_facts(tmp_path) == facts


def test_an_export_from_before_dicom_renders_by_default(tmp_path):
    facts = ModelFacts(CanonicalSpec(), ("a", "b"), "float32")
    write_facts(facts, tmp_path)
    content = json.loads((tmp_path / FILE).read_text())
    del content["rendering"]
    (tmp_path / FILE).write_text(json.dumps(content))
    assert read_facts(tmp_path) == facts
