"""Where images come from: each source becomes a manifest, which is all that a run knows."""

from pipeline.sources.indexing import IndexResult, index, is_current

__all__ = ["IndexResult", "index", "is_current"]
