"""ImageExampleGen: the graph's first node."""

from collections.abc import Sequence
from pathlib import Path

from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.types.channel import Channel
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter
from tfx.types.standard_artifacts import Examples

from components.artifacts import IngestAccount
from components.image_example_gen.executor import (
    ACCOUNT,
    EXAMPLES,
    FILES_STAMP,
    INDEXED,
    MANIFEST,
    MANIFEST_SHA256,
    SETTINGS,
    SPANS,
    WORK_DIR,
    Executor,
)
from components.image_example_gen.part import Part, joined_stamp, to_json
from components.image_example_gen.settings import IngestSettings


class ImageExampleGenSpec(ComponentSpec):
    """Properties and outputs of ImageExampleGen."""

    PARAMETERS = {  # noqa: RUF012 - the form that TFX asks for
        MANIFEST: ExecutionParameter(type=str),
        MANIFEST_SHA256: ExecutionParameter(type=str),
        FILES_STAMP: ExecutionParameter(type=str),
        INDEXED: ExecutionParameter(type=str),
        SPANS: ExecutionParameter(type=str),
        SETTINGS: ExecutionParameter(type=str),
        WORK_DIR: ExecutionParameter(type=str),
    }
    INPUTS: dict[str, ChannelParameter] = {}  # noqa: RUF012
    OUTPUTS = {  # noqa: RUF012
        EXAMPLES: ChannelParameter(type=Examples),
        ACCOUNT: ChannelParameter(type=IngestAccount),
    }


class ImageExampleGen(BaseBeamComponent):
    """Turns a manifest of image files into examples of train, val and test, and accounts for every row."""

    SPEC_CLASS = ImageExampleGenSpec
    EXECUTOR_SPEC = BeamExecutorSpec(Executor)

    def __init__(
        self,
        manifest: Path,
        manifest_sha256: str,
        *,
        settings: IngestSettings,
        work_dir: Path,
        parts: Sequence[Part] = (),
        indexed: str = "",
    ) -> None:
        """Describe the node.

        Args:
            manifest: the CSV file, or the pattern of the spans' files.
            manifest_sha256: `part.identity` of it, part of the cache key.
            settings: everything else that the examples follow from.
            work_dir: folder for unfinished shards.
            parts: that manifest as it was planned, or those of the window's spans; their stamps are part of the cache key.
            indexed: JSON of what `index` counted when it wrote this very manifest; part of the cache key, for an account whose
                source has since gained a file that is no image would not be true any more.
        """
        spec = ImageExampleGenSpec(
            manifest=str(manifest),
            manifest_sha256=manifest_sha256,
            settings=settings.to_json(),
            files_stamp=joined_stamp(parts) if parts else "",
            indexed=indexed,
            spans=to_json(parts),
            work_dir=str(work_dir),
            examples=Channel(type=Examples),
            account=Channel(type=IngestAccount),
        )
        super().__init__(spec=spec)
