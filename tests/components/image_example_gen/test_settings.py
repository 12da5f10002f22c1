import json

from components.image_example_gen.settings import IngestSettings
from models.canonical_image import CanonicalSpec
from models.rendering.settings import Limits, RenderSettings


def test_json_gives_the_same_settings_back() -> None:
    settings = IngestSettings(
        classes=("a", "b"),
        key_id="00aa11bb",
        slices=("site",),
        sixteen_bit_range=(3, 9),
        fit="center_crop",
        limits=Limits(seconds=1.5),
        rendering=RenderSettings(((40.0, 400.0), (-600.0, 1500.0), (50.0, 100.5)), "maximum", "accept", (3, 9)),
    )
    assert IngestSettings.from_json(settings.to_json()) == settings


def test_json_does_not_depend_on_the_order_of_arguments() -> None:
    one = IngestSettings(classes=("a", "b"), key_id="00aa11bb").to_json()
    assert one == IngestSettings(key_id="00aa11bb", classes=("a", "b")).to_json()


def test_image_form_is_plain_json_and_leaves_out_which_files_are_read() -> None:
    form = IngestSettings(classes=("a", "b"), key_id="0", size=64, limits=Limits(pixels=9)).image_form
    rendering = {"windows": [], "frames": "middle"}
    assert form == {"size": 64, "channels": 3, "fit": "letterbox", "sixteen_bit_range": [0, 65_535], "rendering": rendering}
    assert json.loads(json.dumps(form)) == form


def test_canonical_image_follows_from_the_settings() -> None:
    settings = IngestSettings(classes=("a", "b"), key_id="0", size=64, channels=1, fit="center_crop", limits=Limits(pixels=9))
    assert settings.canonical == CanonicalSpec(64, 1, "center_crop", 9, (0, 65_535))
