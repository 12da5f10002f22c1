"""The features of an image example: their names are the contract between ingest, Transform, training and evaluation."""

IMAGE = "image"  # canonical PNG, bytes
LABEL = "label"  # class name
IMAGE_KEY = "image_key"  # keyed hash of the path in the manifest
PATIENT_KEY = "patient_key"  # keyed hash of the patient id
ROW = "row"  # the manifest's row, first data row is 1; with its span where data come in spans (row_number.py)
WIDTH = "width"  # of the source, pixels
HEIGHT = "height"  # of the source, pixels
BIT_DEPTH = "bit_depth"  # of the source, bits per value
MEAN = "mean"  # of canonical pixels / 255, over all channels
STANDARD_DEVIATION = "standard_deviation"  # of canonical pixels / 255, over all channels
ENTROPY = "entropy"  # of the histogram of canonical pixel values (256 bins) without the bars of a letterbox, bits
SATURATED = "saturated"  # share of canonical pixel values, without the bars, that are 0 or 255
UPPER_CORNERS = "upper_corners"  # how much brighter than the centre, of canonical pixels / 255 without the bars

LABEL_ID = "label_id"  # position of the label in the configured classes; made by Transform
PIXEL_MEAN = "pixel_mean"  # over the train split, of pixels / 255; made by Transform
PIXEL_VARIANCE = "pixel_variance"  # over the train split, of pixels / 255; made by Transform

PROPERTIES = (WIDTH, HEIGHT, BIT_DEPTH, MEAN, STANDARD_DEVIATION, ENTROPY, SATURATED, UPPER_CORNERS)
RESERVED = (IMAGE, LABEL, IMAGE_KEY, PATIENT_KEY, ROW, *PROPERTIES, LABEL_ID, PIXEL_MEAN, PIXEL_VARIANCE)
SPLITS = ("train", "val", "test")
