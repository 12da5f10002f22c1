import copy
from typing import Any

import pytest
from pydantic import ValidationError

from models.features import RESERVED
from models.zoo import article_cnn
from pipeline.config import FEWEST_PIXELS, Config

SMALLEST: dict[str, Any] = {
    "name": "small",
    "data": {"manifest": "manifest.csv", "classes": ["normal", "ill"], "slices": ["site"]},
    "evaluation": {"thresholds": [{"metric": "auc", "at_least": 0.9}]},
    "gate": {"rules": []},
}


def changed(**sections: dict[str, Any]) -> dict[str, Any]:
    tree = copy.deepcopy(SMALLEST)
    for name, values in sections.items():
        tree.setdefault(name, {}).update(values)
    return tree


def test_smallest_configuration_takes_recommended_defaults() -> None:
    config = Config.model_validate(SMALLEST)
    assert config.training.model == "compact_resnet"
    assert config.serving_name == "small"


def test_configuration_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Config.model_validate(SMALLEST).name = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        (changed(data={"classes": ["one"]}), "two or more"),
        (changed(data={"classes": ["a", "a"]}), "different names"),
        (changed(data={"classes": ["a;b", "c"]}), "without ';'"),
        (changed(data={"exclude": "list.txt", "patient": "unknown"}), "patient: column"),
        (changed(data={"near_repeats": {"distance": 17}}), "less than or equal to 16"),
        (changed(data={"slices": ["label"]}), "other than label"),
        (changed(data={"fractions": {"train": 0.9, "val": 0.2, "test": 0.2}}), "sum to 1.3; expected 1"),
        (changed(data={"shortcut": {"refuse_above": 0.5}}), "refuse_above 0.5 is below warn_above 0.6"),
        (changed(data={"drift": {"l_infinity": 1.5}}), r"drift\.l_infinity\s+Input should be less than or equal to 1"),
        (changed(evaluation={"thresholds": []}), "at least 1 item"),
        (changed(evaluation={"thresholds": [{"metric": "auc"}]}), "exactly one of at_least, at_most"),
        (
            changed(evaluation={"thresholds": [{"metric": "auc", "at_least": 0.9, "per": "sex"}]}),
            "per 'sex' is not in data.slices",
        ),
        (
            changed(gate={"rules": [{"measure": "sensitivity", "label": "lupus", "at_least": 0.9}]}),
            "label 'lupus' is not in data.classes",
        ),
        (changed(training={"stepz": 3}), "Extra inputs"),
        (changed(evaluation={"thresholds": [{"metric": "loss", "at_most": float("inf")}]}), "finite number"),
        (changed(training={"learning_rate": float("nan")}), "finite number"),
        (changed(data={"source": {"kind": "demo", "seed": -1}}), "greater than or equal to 0"),
        (changed(image={"sixteen_bit_range": [9, 9]}), r"\[9, 9\]; expected \[low, high\] with 0 <= low < high <= 65535"),
        (changed(image={"sixteen_bit_range": [-1, 9]}), "0 <= low < high"),
        (changed(image={"rendering": {"windows": [[40, 400], [50, 100]]}}), r"2 windows; expected none, 1 \(grey\) or 3"),
        (changed(image={"rendering": {"windows": [[40, 0]]}}), r"\[40, 0\]; expected \[center, width\] with width >= 1"),
        (
            changed(image={"channels": 1, "rendering": {"windows": [[40, 400], [50, 100], [-600, 1500]]}}),
            "rendering.windows names 3, channels is 1; expected 3 channels or one window",
        ),
        (changed(image={"rendering": {"frames": "first"}}), "'middle' or 'maximum'"),
        (changed(image={"limits": {"seconds": 0}}), "greater than 0"),
        (changed(image={"limits": {"memory_mb": 10}}), "greater than or equal to 64"),
        (changed(image={"limits": {"pixels": 10}}), r"image\.limits\.pixels"),
        (changed(image={"rendering": {"burned_in": "ignore"}}), "'quarantine' or 'accept'"),
        (changed(image={"sixteen_bit_range": [0, 65_536]}), "0 <= low < high"),
        (changed(data={"manifest": "in/{YYYY}/m.csv"}), "the day of a delivery tells when a patient was seen; expected {SPAN}"),
        (changed(data={"manifest": "in/{SPAN}/{SPAN}.csv"}), "names {SPAN} 2 times; expected once"),
        (changed(data={"spans": {"last": 2}}), "spans.last: the manifest comes in no spans; expected {SPAN} in `manifest`"),
        (changed(data={"span": 3}), "span: the manifest comes in no spans"),
        (changed(data={"manifest": "{SPAN}/m.csv", "spans": {"last": 0}}), "greater than or equal to 1"),
        (
            changed(data={"manifest": "{SPAN}/m.csv", "source": {"kind": "class_folders", "path": "images"}}),
            "source: expected {SPAN} both in `manifest` and in the source's `path`, or in neither",
        ),
        (changed(data={"manifest": "{SPAN}/m.csv", "source": {"kind": "demo"}}), "or in neither"),
        (
            changed(image={"size": 21}, training={"model": "article_cnn"}),
            r"image\.size: 21; expected 22 or more for training\.model article_cnn",
        ),
    ],
)
def test_wrong_value_is_refused(tree: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Config.model_validate(tree)


@pytest.mark.parametrize("name", RESERVED)
def test_no_slice_hides_a_feature(name: str) -> None:
    with pytest.raises(ValidationError, match="expected different column names"):
        Config.model_validate(changed(data={"slices": [name]}))


def test_smallest_image_of_the_article_model_leaves_one_pixel() -> None:
    fewest = FEWEST_PIXELS["article_cnn"]
    side = fewest
    for _ in article_cnn.FILTERS:
        side = (side - article_cnn.KERNEL + 1) // article_cnn.POOL
    assert side == 1
    assert article_cnn.build((fewest, fewest, 1), 2, seed=1, dtype="float32").get_layer("pool_128").output.shape[1:3] == (1, 1)
    with pytest.raises(ValueError, match=r"negative dimension|Computed output size"):
        article_cnn.build((fewest - 1, fewest - 1, 1), 2, seed=1, dtype="float32")


def test_smallest_images_are_accepted() -> None:
    config = Config.model_validate(changed(image={"size": 22, "sixteen_bit_range": [0, 1]}, training={"model": "article_cnn"}))
    assert config.image.sixteen_bit_range == (0, 1)
