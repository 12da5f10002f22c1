import numpy as np
import pytest

from pipeline.sources.phantom import Body, Exposure, Finding, draw

BODY = Body(width=0.44, height=0.46, shift=0.0, soft_tissue=0.05, ribs=0.2)
CLEAR = Exposure(gain=1.0, offset=0.08, noise=0.0)


def image(finding: Finding, *, exposure: Exposure = CLEAR, seed: int = 4, size: tuple[int, int] = (80, 72)) -> np.ndarray:
    return draw(BODY, exposure, finding, size=size, random=np.random.default_rng(seed))


def test_image_has_the_size_and_type_asked_for() -> None:
    pixels = image("normal", size=(80, 72))
    assert pixels.shape == (80, 72)
    assert pixels.dtype == np.uint8


@pytest.mark.parametrize("finding", ["nodule", "effusion"])
@pytest.mark.parametrize("seed", range(8))
def test_finding_brightens_part_of_the_chest_and_nothing_else(finding: Finding, seed: int) -> None:
    change = image(finding, seed=seed).astype(int) - image("normal", seed=seed)
    assert change.min() >= 0
    assert change.max() >= 12
    assert 0.002 < np.mean(change > 5) < 0.4
    assert not change[:4].any()  # above the chest


def test_exposure_changes_brightness_and_noise() -> None:
    plain = image("normal").astype(float)
    assert image("normal", exposure=Exposure(gain=0.8, offset=0.2, noise=0.0)).mean() > plain.mean()
    noisy = image("normal", exposure=Exposure(gain=1.0, offset=0.08, noise=0.05)).astype(float)
    assert (noisy - plain)[:4].std() == pytest.approx(0.05 * 255, rel=0.3)


def test_equal_random_states_give_equal_pixels() -> None:
    np.testing.assert_array_equal(image("nodule"), image("nodule"))
