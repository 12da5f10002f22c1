import socket
from pathlib import Path

import pytest

from pipeline import config_file
from pipeline.config import MysqlMetadata, Tls
from pipeline.errors import ConfigError
from pipeline.metadata_store import SERVER_FILE, connection_of, mysql_connection, opened, remember, remembered_connection
from pipeline.root import Root

SMALL = """
name: small
data: {manifest: manifest.csv, classes: [ill, well]}
evaluation: {thresholds: [{metric: auc, at_least: 0.6}]}
gate: {rules: []}
"""
SERVER = {"kind": "mysql", "host": "db", "database": "medtfx", "user": "nodes"}


def test_without_a_section_it_lies_below_the_root(tmp_path: Path) -> None:
    config = config_file.parse(SMALL, name="text", folder=tmp_path)
    assert connection_of(config, Root(tmp_path)).sqlite.filename_uri == str(tmp_path / "metadata.sqlite")


def test_server_is_reached_with_the_password_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_WORD", "swordfish")
    section = "\nmetadata: {kind: mysql, host: db, database: medtfx, user: nodes, password_variable: DATABASE_WORD}"
    config = config_file.parse(SMALL + section, name="text", folder=tmp_path)
    mysql = connection_of(config, Root(tmp_path)).mysql
    assert (mysql.host, mysql.port, mysql.database, mysql.user, mysql.password) == ("db", 3306, "medtfx", "nodes", "swordfish")
    assert "swordfish" not in config.model_dump_json() + repr(config)


def test_missing_password_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MEDTFX_METADATA_PASSWORD", raising=False)
    with pytest.raises(ConfigError, match="variable MEDTFX_METADATA_PASSWORD is not set"):
        mysql_connection(MysqlMetadata(**SERVER))


def test_server_that_does_not_answer_is_told_without_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDTFX_METADATA_PASSWORD", "secret")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        server = MysqlMetadata(**SERVER | {"host": "127.0.0.1", "port": free.getsockname()[1]})
        with pytest.raises(ConfigError, match=r"ML Metadata at 127\.0\.0\.1:\d+/medtfx: can't be used") as caught:
            opened(mysql_connection(server))
    assert "secret" not in str(caught.value)


def test_tls_files_reach_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDTFX_METADATA_PASSWORD", "secret")
    tls = Tls(ca=Path("/ca.pem"), certificate=Path("/c.pem"), key=Path("/k.pem"))
    options = mysql_connection(MysqlMetadata(**SERVER, tls=tls)).mysql.ssl_options
    assert (options.ca, options.cert, options.key, options.verify_server_cert) == ("/ca.pem", "/c.pem", "/k.pem", True)


def test_where_it_lies_is_no_part_of_what_results_follow_from(tmp_path: Path) -> None:
    server = "\nmetadata: {kind: mysql, host: db, database: medtfx, user: nodes}"
    plain, remote = (config_file.parse(SMALL + more, name="text", folder=tmp_path) for more in ("", server))
    assert plain.identity_json() == remote.identity_json()


def test_password_in_the_configuration_is_an_unknown_key(tmp_path: Path) -> None:
    section = "\nmetadata: {kind: mysql, host: db, database: medtfx, user: nodes, password: secret}"
    with pytest.raises(ConfigError, match=r"metadata\.password: unknown key") as caught:
        config_file.parse(SMALL + section, name="text", folder=tmp_path)
    assert "secret" not in str(caught.value)


def test_root_remembers_its_server_without_the_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDTFX_METADATA_PASSWORD", "secret")
    server = "\nmetadata: {kind: mysql, host: db, database: medtfx, user: nodes}"
    plain, remote = (config_file.parse(SMALL + more, name="text", folder=tmp_path) for more in ("", server))
    state = Root(tmp_path)
    assert remembered_connection(state) is None
    remember(remote, state)
    assert remembered_connection(state) == connection_of(remote, state)
    assert "secret" not in (tmp_path / SERVER_FILE).read_text()
    remember(plain, state)
    assert remembered_connection(state) is None
