"""What the reasons mean for which `index` leaves a file or a row out."""

from collections.abc import Mapping
from types import MappingProxyType

MEANING: Mapping[str, str] = MappingProxyType(
    {
        "hidden": "the name, or a folder's, begins with a dot",
        "outside_class_folder": "lies beside the class folders",
        "linked_folder": "a linked folder is not entered",
        "not_png_or_jpeg": "the file is neither PNG nor JPEG",
        "name_not_utf8": "a manifest can't hold the file's name",
        "no_path": "the table's row names no file",
        "no_label": "the table has no label there",
        "label_not_mapped": "no pattern of source.labels fits the label",
        "not_in_table": "no row of the table has the image's key",
        "no_join_key": "the header has no value to look up in the table",
        "conflicting_labels": "rows of the table give the same key different labels or splits",
        "not_dicom": "the file is no DICOM file",
        "unreadable_header": "the header is damaged, ends early or names no SOP instance",
        "unreadable_file": "the file can't be read: rights, a broken link or disk",
        "not_a_regular_file": "a pipe, a socket or a device",
        "dicomdir": "a directory of other files",
        "secondary_capture": "a screenshot, or a digitised film; --secondary-capture uses them",
        "structured_report": "a document",
        "presentation_state": "how another image is shown",
        "segmentation": "a segmentation of another image",
        "rt_object": "a plan, structure set, dose or record of radiotherapy",
        "waveform": "a waveform, such as an ECG",
        "no_pixel_data": "the object holds no pixels",
        "duplicate_sop_instance": "the same instance is there already, byte for byte",
        "conflicting_sop_instance": "files of different content claim to be the same instance; all are left out",
    }
)
