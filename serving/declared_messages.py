"""Protobuf messages declared in Python by field number, where no generated module has them or it would load TensorFlow.

Each set lies in a pool of its own: another package may declare messages of the same names in the default one.
"""

from collections.abc import Mapping

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message

Field = descriptor_pb2.FieldDescriptorProto
Fields = Mapping[str, tuple[int, str]]
REPEATED = "repeated "
SCALARS = {
    "string": Field.TYPE_STRING,
    "bytes": Field.TYPE_BYTES,
    "bool": Field.TYPE_BOOL,
    "int32": Field.TYPE_INT32,
    "int64": Field.TYPE_INT64,
    "float": Field.TYPE_FLOAT,
}


def message_classes(package: str, messages: Mapping[str, Fields]) -> dict[str, type[Message]]:
    """Return a class for each message.

    Args:
        package: name of the protobuf package.
        messages: by name, their fields: number and type. A type is a scalar's or a message's name, 'repeated ' before it or not.
    """
    file = descriptor_pb2.FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3")
    for name, fields in messages.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            _add_field(message, f"{package}.", field, (number, kind))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}")) for name in messages}


def _add_field(message: descriptor_pb2.DescriptorProto, prefix: str, name: str, declared: tuple[int, str]) -> None:
    number, kind = declared
    label = Field.LABEL_REPEATED if kind.startswith(REPEATED) else Field.LABEL_OPTIONAL
    kind = kind.removeprefix(REPEATED)
    field = message.field.add(name=name, number=number, label=label, type=SCALARS.get(kind, Field.TYPE_MESSAGE))
    if kind not in SCALARS:
        field.type_name = f".{prefix}{kind}"
