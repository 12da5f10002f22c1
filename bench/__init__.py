"""Measures medtfx beside what a user would take instead; every figure of a comparison comes from one run."""
