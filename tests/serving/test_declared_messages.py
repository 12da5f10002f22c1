import pytest
from google.protobuf.descriptor_pb2 import FieldDescriptorProto

from serving.declared_messages import SCALARS, message_classes


def test_fields_have_number_type_and_label():
    classes = message_classes(
        "test", {"Inner": {"a": (3, "string")}, "Outer": {"inner": (7, "repeated Inner"), "n": (1, "int64")}}
    )
    outer = classes["Outer"](n=5)
    outer.inner.add(a="x")
    assert classes["Outer"].FromString(outer.SerializeToString()).inner[0].a == "x"
    assert {field.name: field.number for field in classes["Outer"].DESCRIPTOR.fields} == {"inner": 7, "n": 1}


def test_same_names_can_be_declared_twice():
    first, second = (message_classes("test", {"A": {"x": (number, "bool")}})["A"] for number in (1, 2))
    assert first(x=True).SerializeToString() != second(x=True).SerializeToString()


@pytest.mark.parametrize("kind", SCALARS)
def test_scalar_is_that_of_protobuf(kind):
    (field,) = message_classes("test", {"A": {"x": (1, kind)}})["A"].DESCRIPTOR.fields
    assert FieldDescriptorProto.Type.Name(field.type) == f"TYPE_{kind.upper()}"
