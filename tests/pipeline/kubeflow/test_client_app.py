import subprocess
import sys

import pytest
from typer.testing import CliRunner

from pipeline.kubeflow.client_app import client_app


@pytest.mark.parametrize("command", ["submit", "schedule", "list", "pause", "resume", "delete"])
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    result = CliRunner().invoke(client_app, [command, "--help"])
    assert result.exit_code == 0
    assert f"medtfx kubeflow {command}" in " ".join(result.output.split())


def test_words_load_no_kfp() -> None:
    program = "import sys; import pipeline.kubeflow.client_app; print({'kfp', 'kfp_server_api', 'yaml'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_five_field_cron_is_refused_before_anything_is_asked(kubeflow, asked, package) -> None:
    with pytest.raises(Exception, match="seconds first"):
        asked("schedule", package, "--cron", "0 3 * * *", "-p", "config=x")
    assert kubeflow.seen == []
