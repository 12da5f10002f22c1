import csv
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.utils import pixel_array
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from models.rendering.dicom_frames import decoder_of, encoded_frame, fits, plain_type, stored_frames
from models.rendering.settings import Limits, RenderSettings

WINDOW = {"WindowCenter": 128, "WindowWidth": 256}  # leaves 8-bit values as they are
FRAMES = np.array([[[10, 0, 0, 1]], [[0, 20, 0, 1]], [[0, 0, 30, 1]], [[5, 5, 5, 1]]], np.uint8)
TWELVE_BIT = "pydicom/JPGExtended.dcm"  # see test_dicom_guards
REFUSED = {("pydicom-data/JLSL_08_07_0_1F.dcm", "gdcm")}  # 7 bits stored
MAXIMUM = RenderSettings(frames="maximum")


def test_the_middle_frame_of_a_file_is_the_rule(rendered) -> None:
    np.testing.assert_array_equal(rendered(FRAMES, **WINDOW), FRAMES[2])
    np.testing.assert_array_equal(rendered(FRAMES[:3], **WINDOW), FRAMES[1])


def test_the_maximum_goes_over_all_frames(rendered) -> None:
    np.testing.assert_array_equal(rendered(FRAMES, MAXIMUM, **WINDOW), [[10, 20, 30, 1]])


def test_the_maximum_of_one_frame_is_that_frame(rendered) -> None:
    np.testing.assert_array_equal(rendered(FRAMES[0], MAXIMUM, **WINDOW), FRAMES[0])


def test_padding_is_left_out_of_the_maximum(rendered) -> None:
    values = np.array([[[255, 255]], [[255, 9]]], np.uint8)
    np.testing.assert_array_equal(rendered(values, MAXIMUM, **WINDOW, PixelPaddingValue=255), [[0, 9]])


@pytest.mark.parametrize("settings", [RenderSettings(), MAXIMUM])
def test_a_named_frame_goes_before_the_rule_and_counts_from_1(rendered, settings: RenderSettings) -> None:
    for frame in (1, 2, 3, 4):
        np.testing.assert_array_equal(rendered(FRAMES, settings, frame=frame, **WINDOW), FRAMES[frame - 1])


@pytest.mark.parametrize("frame", [-1, 0, 5])
def test_a_frame_that_the_file_does_not_have_is_refused(reason_of, dicom_file, dataset_of, frame: int) -> None:
    assert reason_of(dicom_file(dataset_of(FRAMES)), frame=frame) == "unknown_frame"


def test_the_maximum_of_colour_goes_channel_by_channel(rendered) -> None:
    colours = np.stack([FRAMES, FRAMES[::-1], FRAMES], axis=-1)
    np.testing.assert_array_equal(rendered(colours, MAXIMUM), colours.max(axis=0))


def group(macro: str, **elements: object) -> Dataset:
    item, inner = Dataset(), Dataset()
    for keyword, value in elements.items():
        setattr(inner, keyword, value)
    setattr(item, macro, [inner])
    return item


def test_functional_groups_give_each_frame_its_rescale_and_all_their_window(rendered) -> None:
    shared = group("FrameVOILUTSequence", **WINDOW)
    per_frame = [group("PixelValueTransformationSequence", RescaleSlope=n, RescaleIntercept=1) for n in (1, 2, 3, 4)]
    groups = {"SharedFunctionalGroupsSequence": [shared], "PerFrameFunctionalGroupsSequence": per_frame}
    for frame in (1, 2, 3, 4):
        np.testing.assert_array_equal(rendered(FRAMES, frame=frame, **groups), FRAMES[frame - 1] * frame + 1)
    np.testing.assert_array_equal(rendered(FRAMES, MAXIMUM, **groups), [[21, 41, 91, 5]])


def test_spacing_of_a_functional_group_is_corrected(rendered) -> None:
    shared = group("PixelMeasuresSequence", PixelSpacing=[2, 1])
    assert rendered(FRAMES, SharedFunctionalGroupsSequence=[shared]).shape == (2, 4)


def test_frames_in_several_fragments_are_found_by_their_offset_table(shared_data: Path, quiet) -> None:
    source = dcmread(shared_data / "dicom" / "pydicom-data" / "emri_small_jpeg_2k_lossless.dcm")
    count = int(source.NumberOfFrames)
    frames = [encoded_frame(source, index) for index in range(count)]
    expected = list(stored_frames(source, range(count), Limits()))
    fragmented, offsets, lengths = encapsulate_extended(frames)
    source.PixelData, source.ExtendedOffsetTable, source.ExtendedOffsetTableLengths = fragmented, offsets, lengths
    np.testing.assert_array_equal(list(stored_frames(source, range(count), Limits())), expected)
    del source.ExtendedOffsetTable, source.ExtendedOffsetTableLengths
    source.PixelData = encapsulate(frames, fragments_per_frame=2)  # with a basic offset table
    np.testing.assert_array_equal(list(stored_frames(source, range(count), Limits())), expected)


def test_gdcm_decodes_what_nothing_else_does() -> None:
    syntaxes = [
        JPEGBaseline8Bit,
        JPEGLSLossless,
        JPEG2000Lossless,
        JPEG2000,
        HTJ2K,
        RLELossless,
        JPEGLosslessSV1,
        ExplicitVRLittleEndian,
    ]
    found = [decoder_of(syntax) for syntax in syntaxes]
    assert found == ["pillow", "pyjpegls", "pylibjpeg", "pylibjpeg", "pylibjpeg", "pylibjpeg", "gdcm", ""]


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.uint16, np.int16])
def test_values_as_they_lie_in_the_file_are_looked_at_and_not_copied(dataset_of, kind: type) -> None:
    values = np.array([[1, 2], [3, 100]], kind)
    dataset = stated(dataset_of(values))
    (frame,) = stored_frames(dataset, [0], Limits())
    assert frame.dtype == kind and not frame.flags.owndata
    np.testing.assert_array_equal(frame, values)


@pytest.mark.parametrize(
    ("kind", "stored", "expected"), [(np.uint16, 0xF801, 0x0801), (np.int16, 0x7801, -2047), (np.int16, -2047, -2047)]
)
def test_unused_high_bits_are_dropped_and_the_sign_kept(dataset_of, kind: type, stored: int, expected: int) -> None:
    dataset = stated(dataset_of(np.array([[stored]], kind), BitsStored=12, HighBit=11))
    (frame,) = stored_frames(dataset, [0], Limits())
    assert frame.item() == expected == pixel_array(dataset).item()


@pytest.mark.parametrize("bits", [0, 17])
def test_more_or_fewer_bits_than_a_number_can_have_are_refused(bits: int) -> None:
    with pytest.raises(ValueError, match=f"{bits} bits of 16"):
        fits(np.zeros(1, np.int16), bits)


def test_real_uncompressed_files_give_the_values_that_pydicom_reads(shared_data: Path, quiet) -> None:
    compared = 0
    for row, dataset in decodable(shared_data / "dicom"):
        if plain_type(dataset) is not None:
            frames = pixel_array(dataset).reshape(-1, dataset.Rows, dataset.Columns)
            np.testing.assert_array_equal(list(stored_frames(dataset, range(len(frames)), Limits())), frames, row["file"])
            compared += 1
    assert compared == 33


def stated(dataset: Dataset) -> Dataset:
    """Return a dataset that names its transfer syntax."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return dataset


def decodable(folder: Path) -> list[tuple[dict[str, str], Dataset]]:
    with (folder / "INDEX.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["decodes"] == "yes" and row["transfer_syntax"]]
    return [(row, dcmread(folder / row["file"], force=True)) for row in rows if row["file"] != TWELVE_BIT]


def test_values_of_real_files_have_the_extremes_of_the_index(shared_data: Path, quiet) -> None:
    checked = 0
    for row, dataset in decodable(shared_data / "dicom"):
        count = int(dataset.get("NumberOfFrames") or 1)
        frames = list(stored_frames(dataset, range(count), Limits()))
        extremes = (min(frame.min() for frame in frames), max(frame.max() for frame in frames))
        assert extremes == (float(row["min"]), float(row["max"])), row["file"]
        checked += 1
    assert checked == 124


def test_decoders_agree_exactly_on_lossless_files_and_within_one_level_on_lossy_ones(shared_data: Path, quiet) -> None:
    compared = 0
    for row, dataset in decodable(shared_data / "dicom"):
        syntax = dataset.file_meta.TransferSyntaxUID
        plugins = [name for name in get_decoder(syntax).available_plugins if (row["file"], name) not in REFUSED]
        first, *others = [pixel_array(dataset, decoding_plugin=name) for name in plugins] or [None]
        for other in others:
            bound = 1 if syntax in (JPEG2000, JPEGBaseline8Bit) else 0
            assert np.abs(first.astype(np.int64) - other.astype(np.int64)).max() <= bound, (row["file"], plugins)
            compared += 1
    assert compared == 45
