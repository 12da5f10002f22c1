import numpy as np
import pytest
from pydicom.dataset import Dataset

from models.rendering.dicom import render_dicom
from models.rendering.settings import Limits, RenderSettings

CT = np.array([[0, 864], [1064, 1264], [1463, 1464]], np.uint16)  # -1024 .. 440 HU
RESCALE = {"RescaleSlope": 1, "RescaleIntercept": -1024}
ABDOMEN = {"WindowCenter": 40, "WindowWidth": 400}
# PS3.3 C.11.2.1.2.1: ((HU - 39.5) / 399 + 0.5) * 255 of -1024, -160, 40, 240, 439, 440, rounded half up
EXPECTED = [[0, 0], [128, 255], [255, 255]]


def table(entries: np.ndarray, first: int, bits: int) -> Dataset:
    item = Dataset()
    item.LUTDescriptor = [len(entries), first, bits]
    item.LUTData = entries.astype("<u2").tobytes()
    item["LUTDescriptor"].VR = "SS" if first < 0 else "US"
    item["LUTData"].VR = "OW"
    return item


def test_rescale_then_window_of_the_file(rendered) -> None:
    np.testing.assert_array_equal(rendered(CT, **RESCALE, **ABDOMEN), EXPECTED)


def test_window_of_the_settings_equals_the_same_one_in_the_file_and_goes_before_it(rendered) -> None:
    settings = RenderSettings(((40.0, 400.0),))
    np.testing.assert_array_equal(rendered(CT, settings, **RESCALE), EXPECTED)
    np.testing.assert_array_equal(rendered(CT, settings, **RESCALE, WindowCenter=-600, WindowWidth=1500), EXPECTED)


def test_three_windows_are_three_channels(rendered) -> None:
    windows = ((40.0, 400.0), (-600.0, 1500.0), (50.0, 100.0))
    pixels = rendered(CT, RenderSettings(windows), **RESCALE)
    assert pixels.shape == (3, 2, 3)
    for channel, window in enumerate(windows):
        np.testing.assert_array_equal(pixels[..., channel], rendered(CT, RenderSettings((window,)), **RESCALE))


def test_the_first_of_several_windows_of_a_file_holds(rendered) -> None:
    pixels = rendered(CT, **RESCALE, WindowCenter=[40, -600], WindowWidth=[400, 1500])
    np.testing.assert_array_equal(pixels, EXPECTED)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("LINEAR", [0, 64, 129, 193, 255]),  # ((x - 49.5) / 99 + 0.5) * 255 = 0, 64.4, 128.8, 193.2, above 99
        ("LINEAR_EXACT", [0, 64, 128, 191, 255]),  # x / 100 * 255 = 0, 63.75, 127.5, 191.25, 255
        ("SIGMOID", [30, 69, 128, 186, 225]),  # 255 / (1 + e^2, e^1, 1, e^-1, e^-2) = 30.4, 68.6, 127.5, 186.4, 224.6
    ],
)
def test_voi_lut_function_of_the_file(rendered, function: str, expected: list[int]) -> None:
    values = np.array([[0, 25, 50, 75, 100]], np.uint8)
    pixels = rendered(values, WindowCenter=50, WindowWidth=100, VOILUTFunction=function)
    np.testing.assert_array_equal(pixels, [expected])


def test_without_window_the_range_of_the_frame_becomes_0_to_255(rendered) -> None:
    np.testing.assert_array_equal(rendered(np.array([[-100, 0, 100]], np.int16)), [[0, 128, 255]])


@pytest.mark.parametrize("window", [{"WindowCenter": 40, "WindowWidth": 0}, {"WindowCenter": 40}])
def test_a_window_that_the_standard_does_not_allow_counts_as_none(rendered, window) -> None:
    np.testing.assert_array_equal(rendered(np.array([[-100, 0, 100]], np.int16), **window), [[0, 128, 255]])


def test_monochrome1_is_inverted_after_the_window(rendered) -> None:
    pixels = rendered(CT, **RESCALE, **ABDOMEN, PhotometricInterpretation="MONOCHROME1")
    np.testing.assert_array_equal(pixels, [[255, 255], [127, 0], [0, 0]])


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_padding_is_darkest_and_counts_in_no_range(rendered, photometric: str) -> None:
    values = np.array([[-2000, 0, 50, 100, -2000]], np.int16)
    pixels = rendered(values, PixelPaddingValue=-2000, PhotometricInterpretation=photometric)
    shown = [0, 128, 255] if photometric == "MONOCHROME2" else [255, 128, 0]
    np.testing.assert_array_equal(pixels, [[0, *shown, 0]])


@pytest.mark.parametrize(("value", "limit"), [(60_000, 65_535), (65_535, 60_000)])
def test_padding_may_be_a_range_in_either_order(rendered, value: int, limit: int) -> None:
    values = np.array([[0, 10, 60_000, 63_000, 65_535]], np.uint16)
    pixels = rendered(values, PixelPaddingValue=value, PixelPaddingRangeLimit=limit)
    np.testing.assert_array_equal(pixels, [[0, 255, 0, 0, 0]])


def test_padding_of_signed_values_may_be_written_without_sign(dataset_of, dicom_file) -> None:
    values = np.array([[-2000, 0, 100]], np.int16)
    written = dicom_file(dataset_of(values, PixelPaddingValue=-2000))
    assert b"\x28\x00\x20\x01SS" in written
    unsigned = written.replace(b"\x28\x00\x20\x01SS", b"\x28\x00\x20\x01US")
    np.testing.assert_array_equal(render_dicom(unsigned, RenderSettings(), limits=Limits()), [[0, 0, 255]])


def test_a_frame_of_nothing_but_padding_is_black(rendered) -> None:
    values = np.full((2, 2), 7, np.uint8)
    np.testing.assert_array_equal(rendered(values, PixelPaddingValue=7), np.zeros((2, 2)))
    windows = RenderSettings(((1.0, 2.0), (1.0, 3.0), (1.0, 4.0)))
    np.testing.assert_array_equal(rendered(values, windows, PixelPaddingValue=7), np.zeros((2, 2, 3)))


def test_unused_high_bits_do_not_count(rendered) -> None:
    values = np.array([[0xF000, 0x0800, 0x0FFF]], np.uint16)  # 12 bits stored of 16
    np.testing.assert_array_equal(rendered(values, BitsStored=12, HighBit=11), [[0, 128, 255]])


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32, np.float32])
def test_every_number_type_keeps_its_order(rendered, kind: type) -> None:
    most = np.iinfo(kind).max if np.issubdtype(kind, np.integer) else 1.5
    least = np.iinfo(kind).min if np.issubdtype(kind, np.integer) else -1.5
    pixels = rendered(np.array([[least, most, most]], kind))
    np.testing.assert_array_equal(pixels, [[0, 255, 255]])


def test_what_is_no_number_is_darkest(rendered) -> None:
    values = np.array([[np.nan, -1, 0, 1, np.inf]], np.float32)
    np.testing.assert_array_equal(rendered(values), [[0, 0, 128, 255, 0]])


def test_modality_table_comes_before_the_window(rendered) -> None:
    values = np.array([[0, 1, 2, 3, 200]], np.uint8)
    pixels = rendered(values, ModalityLUTSequence=[table(np.array([0, 40, 439]), 1, 16)], WindowCenter=40, WindowWidth=400)
    # entries 0, 0, 40, 439, 439 at ((x - 39.5) / 399 + 0.5) * 255 = 102.3, 127.8, above 239: 255
    np.testing.assert_array_equal(pixels, [[102, 102, 128, 255, 255]])


def test_voi_table_of_the_file_goes_before_its_window(rendered) -> None:
    entries = (np.arange(4096) // 16).astype(np.uint16)  # 12 bit in, 8 bit out
    values = np.array([[0, 16, 2048, 4095]], np.uint16)
    pixels = rendered(values, VOILUTSequence=[table(entries, 0, 8)], WindowCenter=40, WindowWidth=400)
    np.testing.assert_array_equal(pixels, [[0, 1, 128, 255]])


def test_windows_of_the_settings_go_before_a_voi_table(rendered) -> None:
    voi = [table(np.arange(256), 0, 8)]
    settings = RenderSettings(((40.0, 400.0),))
    np.testing.assert_array_equal(rendered(CT, settings, **RESCALE, VOILUTSequence=voi), EXPECTED)
