"""ImageExampleGen: from a manifest of image files to examples in train, val and test."""
