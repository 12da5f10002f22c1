"""A user's own schema: read, checked, and completed with the run's classes.

It takes the place of the curated one where values are held against bounds. So it must name what that names, in the same
types, and nothing that statistics don't read; how narrow or wide its bounds are is the user's affair.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from models import features
from pipeline.curated_schema import schema_for
from pipeline.errors import ConfigError

KEY = "data.schema_file"
UNREAD = (features.IMAGE, features.IMAGE_KEY, features.PATIENT_KEY, features.ROW)


def read_own_schema(path: Path, classes: Sequence[str], slices: Sequence[str]) -> schema_pb2.Schema:
    """Return the schema of a file with the classes as the label's domain.

    Args:
        path: text form of TensorFlow Metadata's Schema.
        classes: of the run.
        slices: columns of the run.

    Raises:
        ConfigError: when it is absent, does not parse, or does not fit the run; all faults at once.
    """
    schema = parse_schema(path)
    faults = list(faults_of(schema, schema_for(classes, slices)))
    if faults:
        raise ConfigError("\n".join(f"{KEY}: {path}: {fault}" for fault in faults))
    label = next(feature for feature in schema.feature if feature.name == features.LABEL)
    label.string_domain.name = features.LABEL
    label.string_domain.value[:] = classes
    return schema


def parse_schema(path: Path) -> schema_pb2.Schema:
    """Return the schema of a file as it stands.

    Raises:
        ConfigError: when it is absent, can't be read or does not parse.
    """
    try:
        return text_format.Parse(path.read_text(encoding="utf-8"), schema_pb2.Schema())
    except FileNotFoundError as error:
        raise ConfigError(f"{KEY}: {path}: no such file; `medtfx schema infer` writes one") from error
    except OSError as error:
        raise ConfigError(f"{KEY}: {path}: {error.strerror}; expected a file that this user may read") from error
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise ConfigError(f"{KEY}: {path}: no schema in text form: {' '.join(str(error).split())}") from error


def faults_of(schema: schema_pb2.Schema, curated: schema_pb2.Schema) -> Iterator[str]:
    """Yield what keeps a schema from standing in for the curated one."""
    known = {feature.name: feature for feature in curated.feature}
    named = Counter(feature.name for feature in schema.feature)
    yield from (f"names {name} {count} times; expected once" for name, count in named.items() if count > 1)
    for name in named:
        if name in UNREAD:
            yield f"names {name}, which statistics never read; remove it"
        elif name not in known:
            yield f"names {name}; expected {', '.join(known)} (properties, label, data.slices)"
    lacking = [name for name in known if name not in named]
    if lacking:
        yield f"lacks {', '.join(lacking)}"
    for feature in schema.feature:
        if feature.name in known:
            yield from (f"feature {feature.name}: {fault}" for fault in faults_of_feature(feature, known[feature.name]))


def faults_of_feature(feature: schema_pb2.Feature, curated: schema_pb2.Feature) -> Iterator[str]:
    """Yield what a feature lacks of its curated form."""
    if feature.type != curated.type:
        kinds = schema_pb2.FeatureType
        yield f"type {kinds.Name(feature.type)}; expected {kinds.Name(curated.type)}"
    if feature.presence.min_fraction < 1 or feature.lifecycle_stage or feature.not_in_environment:
        yield "may be absent or is not checked; expected presence { min_fraction: 1 }, no lifecycle_stage, no environment"
    for kind in ("int_domain", "float_domain"):
        domain = getattr(feature, kind)
        if domain.HasField("min") and domain.HasField("max") and domain.min > domain.max:
            yield f"min {domain.min:g} is above max {domain.max:g}"
    stated = list(feature.string_domain.value)
    if feature.name == features.LABEL and stated and stated != list(curated.string_domain.value):
        yield f"domain {stated}; expected none, or data.classes {list(curated.string_domain.value)}"
