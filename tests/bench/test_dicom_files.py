"""The generated DICOM files."""

import numpy as np

from bench.dicom_decode import render, script
from bench.dicom_files import generated_files


def test_compressed_files_hold_the_pixels_of_the_others_and_look_as_the_script_shows_them() -> None:
    files = generated_files()
    shown = {name: render(encoded) for name, encoded in files.items()}
    assert {pixels.shape for pixels in shown.values()} == {(512, 512), (2500, 2048)}
    for size in ("CT 512 x 512", "CR 2500 x 2048"):
        np.testing.assert_array_equal(shown[f"{size}, uncompressed"], shown[f"{size}, JPEG 2000"])
        assert len(np.unique(shown[f"{size}, uncompressed"])) > 200
    name = "CR 2500 x 2048, uncompressed"
    assert np.abs(script(files[name]).astype(int) - shown[name]).max() <= 2
