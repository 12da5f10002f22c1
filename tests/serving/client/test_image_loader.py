import sys

import pytest

from models.image_signature import JPEG_SIGNATURE, PNG_SIGNATURE
from models.rendering.settings import Limits, RenderSettings
from pipeline.errors import ConfigError
from serving.client.image_loader import ImageLoader
from serving.client.outcome import Failure
from serving.client.source import Source


@pytest.fixture
def loader():
    made = ImageLoader(RenderSettings())
    yield made
    made.close()


@pytest.mark.parametrize("content", [PNG_SIGNATURE + b"x", JPEG_SIGNATURE + b"x"])
def test_png_and_jpeg_are_sent_as_they_are(loader, content, tmp_path):
    (tmp_path / "a").write_bytes(content)
    assert loader.load(Source("a", content)) == loader.load(Source("a", tmp_path / "a")) == content
    assert loader.rendered == 0


def test_frame_of_a_file_without_frames_fails(loader):
    failed = loader.load(Source("a", PNG_SIGNATURE + b"x", frame=2))
    assert (failed.reason, loader.rendered) == ("unknown_frame", 0)


def test_frame_that_is_asked_for_is_rendered(loader, shared_data):
    content = (shared_data / "dicom/pydicom/rtdose.dcm").read_bytes()
    first, second, as_set = (loader.load(Source("a", content, frame)) for frame in (1, 4, None))
    assert len({first, second, as_set}) == 3
    assert loader.load(Source("a", content, 99)).reason == "unknown_frame"


def test_damaged_dicom_fails_without_a_word_of_its_header(loader, shared_data):
    content = (shared_data / "dicom/pydicom/CT_small.dcm").read_bytes()
    failed = loader.load(Source("a", content[:20_000]))
    assert failed == Failure("a", "truncated", "the file ends early")


def test_burned_in_text_is_not_sent(loader, shared_data):
    pydicom = pytest.importorskip("pydicom")
    dataset = pydicom.dcmread(shared_data / "dicom/pydicom/CT_small.dcm")
    dataset.BurnedInAnnotation = "YES"
    buffer = pydicom.filebase.DicomBytesIO()
    dataset.save_as(buffer)
    assert loader.load(Source("a", buffer.getvalue())).reason == "burned_in_text"


def test_file_beyond_the_limits_is_not_read(tmp_path):
    (tmp_path / "a.dcm").write_bytes(bytes(128) + b"DICM" + bytes(1000))
    failed = ImageLoader(RenderSettings(), Limits(bytes=1000)).load(Source("a", tmp_path / "a.dcm"))
    assert failed.reason == "too_many_bytes"


def test_absent_decoders_are_named_with_what_brings_them(loader, monkeypatch):
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(ConfigError, match=r"files other than PNG and JPEG need .*pip install 'medtfx\[client,dicom\]'"):
        loader.load(Source("a", bytes(128) + b"DICM"))
