"""Which DICOM objects are images to learn from, told by their SOP class (DICOM PS3.4 B.5, PS3.6 A)."""

from pydicom.uid import UID

DICOMDIR = "dicomdir"
SECONDARY_CAPTURE = "secondary_capture"
# Words of the registered keyword, the first that fits decides. New classes of a family carry its word, so no list ages here.
FAMILIES = (
    ("MediaStorageDirectory", DICOMDIR),
    ("SecondaryCapture", SECONDARY_CAPTURE),
    ("PresentationState", "presentation_state"),
    ("Segmentation", "segmentation"),
    ("SRStorage", "structured_report"),
    ("KeyObjectSelection", "structured_report"),
    ("ProcedureLog", "structured_report"),
    ("Waveform", "waveform"),
)
LABEL_MAP_SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.7"  # of 2024: pydicom 3.0 has no keyword for it
RT_IMAGE = "RTImageStorage"  # a radiograph like others, unlike plans, structures and doses


def why_no_image(sop_class_uid: str) -> str:
    """Return the reason why objects of a SOP class are left out, '' for images and for classes that nobody registered."""
    if sop_class_uid == LABEL_MAP_SEGMENTATION:
        return "segmentation"
    keyword = UID(sop_class_uid).keyword
    if keyword.startswith("RT") and keyword != RT_IMAGE:
        return "rt_object"
    return next((reason for word, reason in FAMILIES if word in keyword), "")
