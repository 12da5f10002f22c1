from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from models.canonical_image import CanonicalSpec
from models.model_facts import ModelFacts, write_facts
from models.rendering.dicom import render_dicom
from models.rendering.settings import Limits, RenderSettings
from serving import rendered_upload
from serving.rendered_upload import UploadRenderer, png_file, rendering_of
from serving.serving_error import ServingError

WINDOWS = RenderSettings(((40.0, 400.0), (-600.0, 1500.0), (50.0, 100.0)))


@pytest.fixture
def version_folder(tmp_path):
    write_facts(ModelFacts(CanonicalSpec(24, 3), ("a", "b"), "float32", WINDOWS), tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def scan(shared_data):
    return (shared_data / "dicom" / "pydicom" / "CT_small.dcm").read_bytes()


def test_a_file_is_rendered_by_the_settings_that_the_model_carries(version_folder, scan):
    png = UploadRenderer(Limits()).png(scan, version_folder)
    expected = render_dicom(scan, WINDOWS, limits=Limits())
    assert expected.shape == (128, 128, 3)
    np.testing.assert_array_equal(np.asarray(Image.open(BytesIO(png))), expected)


def test_a_file_above_the_limits_is_refused_with_its_reason_and_the_next_is_rendered(version_folder, scan):
    renderer = UploadRenderer(Limits(pixels=100))
    for _ in range(2):
        with pytest.raises(ServingError, match=r"the file gives no image: the header claims .*\(too_many_pixels\)"):
            renderer.png(scan, version_folder)


def test_one_file_is_rendered_at_a_time(version_folder, scan, monkeypatch):
    monkeypatch.setattr(rendered_upload, "PATIENCE", 0.01)
    renderer = UploadRenderer(Limits())
    with renderer._turn, pytest.raises(ServingError, match="another file is being rendered; try again later"):
        renderer.png(scan, version_folder)


@pytest.mark.parametrize("content", [None, "{", "{}", '{"canonical": 1}'])
def test_a_version_that_does_not_say_how_to_render_is_named(tmp_path, content):
    if content is not None:
        (tmp_path / "assets.extra").mkdir()
        (tmp_path / "assets.extra" / "model.json").write_text(content)
    with pytest.raises(ServingError, match=r"this version has no readable assets.extra/model.json"):
        rendering_of(tmp_path)


@pytest.mark.parametrize("shape", [(3, 5), (3, 5, 3)])
def test_pixels_survive_the_way_through_png(shape):
    pixels = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    np.testing.assert_array_equal(np.asarray(Image.open(BytesIO(png_file(pixels)))), pixels)
