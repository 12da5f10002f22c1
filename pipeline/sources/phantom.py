"""A chest phantom: something like a radiograph, drawn from numbers, with or without a finding. Of no diagnostic meaning."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

Finding = Literal["normal", "nodule", "effusion"]


@dataclass(frozen=True)
class Body:
    """What the images of one patient have in common.

    Args:
        width, height: half axes of the chest, as shares of the image.
        shift: of the heart and spine from the middle, as a share.
        soft_tissue: brightness that the breast shadow adds, 0 to 1.
        ribs: brightness of the ribs, 0 to 1.
    """

    width: float
    height: float
    shift: float
    soft_tissue: float
    ribs: float


@dataclass(frozen=True)
class Exposure:
    """What the device of a site does to an image.

    Args:
        gain: contrast.
        offset: brightness, 0 to 1.
        noise: standard deviation, 0 to 1.
    """

    gain: float
    offset: float
    noise: float


class Canvas:
    """Brightness over the unit square, x to the right and y downwards, 0 to 1."""

    def __init__(self, height: int, width: int) -> None:
        """Start black."""
        self.y, self.x = np.meshgrid(np.linspace(0, 1, height), np.linspace(0, 1, width), indexing="ij")
        self.light = np.zeros((height, width))

    def ellipse(self, center: tuple[float, float], radii: tuple[float, float], *, soft: float) -> np.ndarray:
        """Return a mask (0 to 1) of an ellipse at (x, y) whose edge is `soft` wide."""
        distance = np.hypot((self.x - center[0]) / radii[0], (self.y - center[1]) / radii[1])
        return np.clip((1 - distance) / soft + 0.5, 0.0, 1.0)

    def blob(self, center: tuple[float, float], radius: float) -> np.ndarray:
        """Return a round hill (0 to 1) at (x, y)."""
        square = (self.x - center[0]) ** 2 + (self.y - center[1]) ** 2
        return np.exp(-square / (2 * radius**2))


def draw(body: Body, exposure: Exposure, finding: Finding, *, size: tuple[int, int], random: np.random.Generator) -> np.ndarray:
    """Return a phantom image, uint8 [height, width].

    Args:
        body: of the patient.
        exposure: of the site.
        finding: what the image shows; how plainly, is drawn too, down to hardly.
        size: height and width in pixels.
        random: source of everything else: breathing, vessels, noise.
    """
    canvas = Canvas(*size)
    chest = canvas.ellipse((0.5, 0.52), (body.width, body.height), soft=0.15)
    canvas.light = 0.55 * chest
    lungs = _lungs(canvas, body, random)
    canvas.light -= 0.38 * lungs
    _add_structures(canvas, body, lungs, random)
    if finding == "nodule":
        _add_nodule(canvas, body, random)
    elif finding == "effusion":
        _add_effusion(canvas, body, lungs, random)
    noisy = exposure.offset + exposure.gain * canvas.light + random.normal(0, exposure.noise, canvas.light.shape)
    return np.floor(np.clip(noisy, 0.0, 1.0) * 255 + 0.5).astype(np.uint8)


def _side(body: Body, right: bool) -> float:
    """Return the x of a lung's middle."""
    return 0.5 + (0.47 if right else -0.47) * body.width


def _lungs(canvas: Canvas, body: Body, random: np.random.Generator) -> np.ndarray:
    breath = random.uniform(0.9, 1.08)
    halves = [
        canvas.ellipse((_side(body, right), 0.47), (0.4 * body.width, 0.68 * body.height * breath), soft=0.2)
        for right in (False, True)
    ]
    return np.maximum(*halves)


def _add_structures(canvas: Canvas, body: Body, lungs: np.ndarray, random: np.random.Generator) -> None:
    """Add spine, heart, ribs, breast shadow and vessels."""
    middle = 0.5 + body.shift
    canvas.light += 0.14 * canvas.ellipse((middle, 0.5), (0.05, 0.6), soft=0.8)
    canvas.light += 0.3 * lungs * canvas.ellipse((middle + 0.07, 0.62), (0.15, 0.16), soft=0.4)
    arcs = np.sin((canvas.y * 15 + 5 * (canvas.x - 0.5) ** 2 + random.uniform(0, 1)) * 2 * np.pi / 1.6)
    canvas.light += body.ribs * lungs * np.clip(arcs - 0.55, 0, 1)
    canvas.light += body.soft_tissue * lungs * np.clip((canvas.y - 0.5) * 3, 0, 1)
    for _ in range(int(random.integers(6, 14))):
        side = 1 if random.random() < 0.5 else -1
        place = (0.5 + side * random.uniform(0.08, 0.24), random.uniform(0.3, 0.66))
        canvas.light += random.uniform(0.03, 0.1) * lungs * canvas.blob(place, random.uniform(0.008, 0.014))


def _add_nodule(canvas: Canvas, body: Body, random: np.random.Generator) -> None:
    """Add a round shadow within a lung."""
    angle, reach = random.uniform(0, 2 * np.pi), np.sqrt(random.uniform(0, 0.6))
    middle = _side(body, random.random() < 0.5)
    place = (middle + reach * np.cos(angle) * 0.3 * body.width, 0.45 + reach * np.sin(angle) * 0.5 * body.height)
    canvas.light += random.uniform(0.09, 0.42) * canvas.blob(place, random.uniform(0.03, 0.06))


def _add_effusion(canvas: Canvas, body: Body, lungs: np.ndarray, random: np.random.Generator) -> None:
    """Fill the base of a lung, higher at the chest wall."""
    right = bool(random.random() < 0.5)
    outward = (canvas.x - _side(body, right)) * (1 if right else -1) / (0.4 * body.width)
    level = 0.47 + 0.68 * body.height - random.uniform(0.1, 0.38) - 0.05 * np.clip(outward, -1, 1)
    on_side = (canvas.x > 0.5) == right
    fluid = lungs * on_side * np.clip((canvas.y - level) / 0.06, 0, 1)
    canvas.light += random.uniform(0.45, 0.95) * fluid * np.clip(0.52 - canvas.light, 0, None)
