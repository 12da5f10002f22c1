"""`medtfx kubeflow compile`: from a configuration to the package that Kubeflow Pipelines runs."""

import os
from collections.abc import Sequence
from pathlib import Path

import typer

from pipeline import config_file, logs
from pipeline.errors import ConfigError
from pipeline.kubeflow import config_text
from pipeline.kubeflow.settings import check_nodes, image_of, root_of
from pipeline.loading import tensorflow_loading
from pipeline.root import write_atomically


def compile_command(path: Path, output: Path, overrides: Sequence[str]) -> None:
    """Write the package of a configuration file and tell what to mind.

    Raises:
        ConfigError: for a bad configuration, settings that a cluster would refuse, or an output that can't be written.
    """
    config = config_file.load(path, overrides)
    tree = config_text.tree_of(path, overrides)
    text = config_text.text_of(tree)
    image, root = image_of(config.kubeflow), root_of(config)
    check_nodes(config.kubeflow)
    # TensorFlow's C++ code greets on stderr when it loads.
    with logs.captured(Path(os.devnull)):
        with tensorflow_loading():
            from pipeline.kubeflow import package, steps  # noqa: PLC0415 - TFX and KFP load here

        nodes = steps.steps_of(config)
        content = package.compiled(config, text, nodes)
    try:
        write_atomically(output, content)
    except OSError as error:
        raise ConfigError(f"{output}: {error.strerror}; name another file with -o") from error
    for line in config_text.unshared_paths(tree, config):
        typer.echo(f"note: {line}", err=True)
    typer.echo(f"wrote {output}: {len(nodes) + 1} nodes, image {image}, root {root}")
