"""From files that TensorFlow does not decode (DICOM, NIfTI, TIFF) to 8-bit pixels; nothing here imports TensorFlow."""
