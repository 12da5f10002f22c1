import pytest
from pydicom import uid

from pipeline.sources.dicom_kind import why_no_image


@pytest.mark.parametrize(
    ("sop_class", "reason"),
    [
        (uid.MediaStorageDirectoryStorage, "dicomdir"),
        (uid.SecondaryCaptureImageStorage, "secondary_capture"),
        (uid.MultiFrameTrueColorSecondaryCaptureImageStorage, "secondary_capture"),
        (uid.ComprehensiveSRStorage, "structured_report"),
        (uid.KeyObjectSelectionDocumentStorage, "structured_report"),
        (uid.ProcedureLogStorage, "structured_report"),
        (uid.GrayscaleSoftcopyPresentationStateStorage, "presentation_state"),
        (uid.SegmentationStorage, "segmentation"),
        ("1.2.840.10008.5.1.4.1.1.66.7", "segmentation"),
        (uid.RTDoseStorage, "rt_object"),
        (uid.RTStructureSetStorage, "rt_object"),
        (uid.TwelveLeadECGWaveformStorage, "waveform"),
    ],
)
def test_what_is_no_image_has_a_reason(sop_class: str, reason: str) -> None:
    assert why_no_image(sop_class) == reason


@pytest.mark.parametrize(
    "sop_class",
    [
        uid.CTImageStorage,
        uid.DigitalXRayImageStorageForPresentation,
        uid.UltrasoundMultiFrameImageStorage,
        uid.DermoscopicPhotographyImageStorage,
        uid.RTImageStorage,
        "1.2.276.0.7230010.3.1.0.1",
    ],
)
def test_images_and_private_classes_are_used(sop_class: str) -> None:
    assert why_no_image(sop_class) == ""
