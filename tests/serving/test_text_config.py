import pytest

from pipeline.errors import ConfigError
from serving import text_config


@pytest.fixture
def written(tmp_path):
    def write(text):
        file = tmp_path / "config.txt"
        file.write_text(text)
        return file

    return write


def test_messages_are_read_in_text_form(written):
    ssl = text_config.read("SSLConfig", "--flag", written('server_key: "a\\nb"\nserver_cert: "c" client_verify: true'))
    assert (ssl.server_key, ssl.server_cert, ssl.custom_ca, ssl.client_verify) == ("a\nb", "c", "", True)
    batching = text_config.read(
        "BatchingParameters", "--flag", written("max_batch_size { value: 8 } allowed_batch_sizes: [4, 8]")
    )
    assert (batching.max_batch_size.value, list(batching.allowed_batch_sizes)) == (8, [4, 8])
    assert not batching.HasField("num_batch_threads")


def test_model_server_config_is_read(written):
    config = text_config.model_server_config("--flag", written('model_config_list { config { name: "a" base_path: "/b" } }'))
    assert [entry.name for entry in config.model_config_list.config] == ["a"]


def test_a_mistake_is_told_by_its_place_and_not_quoted(written):
    with pytest.raises(ConfigError, match=r"--flag: line 2, column \d+: expected a SSLConfig message") as caught:
        text_config.read("SSLConfig", "--flag", written("client_verify: true\nserver_key: SECRET"))
    assert "SECRET" not in str(caught.value)


def test_missing_file_is_told_without_its_path(tmp_path):
    with pytest.raises(ConfigError, match="--flag: the file can't be read; expected a MonitoringConfig message"):
        text_config.read("MonitoringConfig", "--flag", tmp_path / "gone")
