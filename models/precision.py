"""Which number format a model computes in, and why."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

CPU_DESCRIPTION = Path("/proc/cpuinfo")
BFLOAT16 = "bfloat16"
BFLOAT16_FLAGS = ("avx512_bf16", "amx_bf16")


@dataclass(frozen=True)
class Precision:
    """A choice and its reason.

    Args:
        name: 'float32' or 'bfloat16'.
        why: for history.json and the report.
    """

    name: Literal["float32", "bfloat16"]
    why: str

    @property
    def policy(self) -> str:
        """Name of the Keras dtype policy; weights stay float32 in both."""
        return "mixed_bfloat16" if self.name == "bfloat16" else "float32"


def choose(wanted: Literal["auto", "float32", "bfloat16"], cpu_flags: frozenset[str]) -> Precision:
    """Choose the precision: as configured, or bfloat16 where the CPU multiplies it in hardware.

    There it doubles the training speed of the zoo's networks; elsewhere it is emulated and slower.
    """
    if wanted != "auto":
        return Precision(wanted, "set in the configuration")
    found = [flag for flag in BFLOAT16_FLAGS if flag in cpu_flags]
    if found:
        return Precision("bfloat16", f"the CPU has {found[0]}")
    return Precision("float32", f"the CPU has neither {' nor '.join(BFLOAT16_FLAGS)}")


def no_gain(name: str, cpu_flags: frozenset[str]) -> str:
    """Say what a CPU makes of a precision that it does not multiply in hardware; '' where it does.

    The speed is that of bench/serving/precision.py on a CPU with AVX2.
    """
    if name != BFLOAT16 or cpu_flags.intersection(BFLOAT16_FLAGS):
        return ""
    return f"this CPU does not multiply bfloat16 (no {', '.join(BFLOAT16_FLAGS)}): expect no more than the speed of float32"


def read_cpu_flags(description: Path = CPU_DESCRIPTION) -> frozenset[str]:
    """Return the CPU's feature flags as Linux lists them; none where there is no such list."""
    if not description.exists():
        return frozenset()
    lines = description.read_text(encoding="utf-8", errors="replace").splitlines()
    listed = next((line.partition(":")[2] for line in lines if line.startswith(("flags", "Features"))), "")
    return frozenset(listed.split())
