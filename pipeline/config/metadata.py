"""Where ML Metadata, the record of all executions and artifacts, is kept."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from pipeline.config.section import Section


class SqliteMetadata(Section):
    """A file below the root: for one machine."""

    kind: Literal["sqlite"] = "sqlite"


class Tls(Section):
    """Files in PEM form for an encrypted connection."""

    ca: Path  # certificates of the authorities that the server's certificate is checked against
    certificate: Path | None = None  # of the client, where the server asks for one
    key: Path | None = None
    verify_server: bool = True


class MysqlMetadata(Section):
    """A MySQL or MariaDB server: for nodes on several machines. Its password comes from the environment, never from here."""

    kind: Literal["mysql"]
    host: Annotated[str, Field(min_length=1)]
    port: Annotated[int, Field(ge=1, le=65535)] = 3306
    database: Annotated[str, Field(pattern=r"^[A-Za-z0-9_$-]{1,64}$")]
    user: Annotated[str, Field(min_length=1)]
    password_variable: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] = "MEDTFX_METADATA_PASSWORD"
    tls: Tls | None = None


Metadata = Annotated[SqliteMetadata | MysqlMetadata, Field(discriminator="kind")]
