import numpy as np
import pytest
from pydicom.uid import ExplicitVRBigEndian

from models.rendering.dicom import render_dicom
from models.rendering.dicom_colour import highest_bits
from models.rendering.settings import Limits, RenderSettings

RGB = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [10, 20, 30]]], np.uint8)


def palette(red: np.ndarray, green: np.ndarray, blue: np.ndarray, *, first: int = 0, bits: int = 16) -> dict[str, object]:
    elements: dict[str, object] = {"PhotometricInterpretation": "PALETTE COLOR"}
    for name, entries in (("Red", red), ("Green", green), ("Blue", blue)):
        elements[f"{name}PaletteColorLookupTableDescriptor"] = [len(entries), first, bits]
        elements[f"{name}PaletteColorLookupTableData"] = entries.tobytes()
    return elements


def test_rgb_stays_as_it_is(rendered) -> None:
    np.testing.assert_array_equal(rendered(RGB), RGB)


def test_windows_leave_colour_alone(rendered) -> None:
    np.testing.assert_array_equal(rendered(RGB, RenderSettings(((40.0, 400.0),)), WindowCenter=9, WindowWidth=9), RGB)


def test_planes_of_colour_are_put_together(rendered) -> None:
    planes = np.ascontiguousarray(RGB.transpose(2, 0, 1)).tobytes()
    np.testing.assert_array_equal(rendered(RGB, PixelData=planes, PlanarConfiguration=1), RGB)


def test_sixteen_bit_colour_keeps_its_highest_eight(rendered) -> None:
    np.testing.assert_array_equal(rendered(RGB.astype(np.uint16) * 256 + 255), RGB)


def test_ybr_full_becomes_rgb(rendered) -> None:
    # PS3.3 C.7.6.3.1.2: R = Y + 1.402 (Cr - 128), G = Y - 0.344 (Cb - 128) - 0.714 (Cr - 128), B = Y + 1.772 (Cb - 128)
    ybr = np.array([[[100, 128, 128], [76, 85, 255]]], np.uint8)
    np.testing.assert_array_equal(rendered(ybr, PhotometricInterpretation="YBR_FULL"), [[[100, 100, 100], [254, 0, 0]]])


def test_halved_ybr_shares_its_colour_between_two_pixels(rendered) -> None:
    stored = np.array([76, 76, 85, 255], np.uint8)  # Y1 Y2 Cb Cr
    pixels = rendered(np.zeros((1, 2, 3), np.uint8), PixelData=stored.tobytes(), PhotometricInterpretation="YBR_FULL_422")
    np.testing.assert_array_equal(pixels, [[[254, 0, 0], [254, 0, 0]]])


@pytest.mark.parametrize("first", [0, 3])
def test_palette_entries_of_16_bit_give_their_high_bytes(rendered, first: int) -> None:
    stored = np.array([[0, 1, 2, 9]], np.uint8) + np.uint8(first)
    entries = (np.array([n, n + 1, n + 2], "<u2") * 256 for n in (10, 20, 30))
    pixels = rendered(stored, **palette(*entries, first=first))
    np.testing.assert_array_equal(pixels, [[[10, 20, 30], [11, 21, 31], [12, 22, 32], [12, 22, 32]]])


def test_palette_entries_of_8_bit_may_be_packed(rendered) -> None:
    entries = (np.array([n, n + 1], np.uint8) for n in (10, 20, 30))
    np.testing.assert_array_equal(
        rendered(np.array([[1, 0]], np.uint8), **palette(*entries, bits=8)), [[[11, 21, 31], [10, 20, 30]]]
    )


def test_palette_of_a_big_endian_file_is_read_in_its_byte_order(dicom_file, dataset_of) -> None:
    entries = (np.array([n, n + 1], ">u2") * 256 for n in (10, 20, 30))
    dataset = dataset_of(np.array([[1, 0]], ">u2"), **palette(*(entry.astype(">u2") for entry in entries)))
    pixels = render_dicom(dicom_file(dataset, ExplicitVRBigEndian), RenderSettings(), limits=Limits())
    np.testing.assert_array_equal(pixels, [[[11, 21, 31], [10, 20, 30]]])


def test_segmented_palette_is_expanded(rendered) -> None:
    # PS3.3 C.7.9.2: a discrete segment of one entry (0, 1, y), then a linear one of 255 up to 65280
    segments = np.array([0, 1, 0, 1, 255, 65_280], "<u2").tobytes()
    elements: dict[str, object] = {"PhotometricInterpretation": "PALETTE COLOR"}
    for name in ("Red", "Green", "Blue"):
        elements[f"{name}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        elements[f"Segmented{name}PaletteColorLookupTableData"] = segments
    pixels = rendered(np.array([[0, 128, 255]], np.uint8), **elements)
    np.testing.assert_array_equal(pixels, np.repeat([[[0], [128], [255]]], 3, axis=2))


def test_few_bits_are_spread_over_the_whole_range() -> None:
    np.testing.assert_array_equal(highest_bits(np.array([0, 1, 2, 3], np.uint8), 2), [0, 85, 170, 255])


def test_real_ybr_jpeg_has_the_colours_of_its_lossless_twin(shared_data) -> None:
    folder = shared_data / "dicom" / "pydicom"
    lossless, lossy = (
        render_dicom((folder / name).read_bytes(), RenderSettings(), limits=Limits()).astype(int)
        for name in ("SC_rgb_rle.dcm", "SC_rgb_dcmtk_+eb+cy+np.dcm")
    )
    assert np.abs(lossless - lossy).mean() < 4  # blocks of plain colour; JPEG blurs their borders
