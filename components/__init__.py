"""The TFX components of medtfx, a folder each."""
