import pytest

from pipeline.errors import ConfigError
from serving.client import Server


@pytest.mark.parametrize("address", ["", "localhost", "localhost:", ":8500", "localhost:http", "localhost:0", "localhost:65536"])
def test_address_without_host_or_port_is_refused(address):
    with pytest.raises(ConfigError, match="expected HOST:PORT, such as localhost:8500"):
        Server(address)


def test_half_of_a_client_certificate_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="certificate and key of the client go together"):
        Server("a:1", tmp_path, tmp_path)


def test_client_certificate_without_an_authority_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="a client certificate needs TLS"):
        Server("a:1", None, tmp_path, tmp_path)


def test_absent_file_is_named_by_what_it_is_for(tmp_path):
    with pytest.raises(ConfigError, match="ca: the file can't be read: No such file"):
        Server("a:1", tmp_path / "gone").channel()


def test_file_that_is_no_pem_is_refused(tmp_path):
    (tmp_path / "ca").write_bytes(b"\x30\x82")
    with pytest.raises(ConfigError, match="ca: the file is no PEM"):
        Server("a:1", tmp_path / "ca").channel()
