import pytest

from models.precision import BFLOAT16_FLAGS, Precision, choose, no_gain, read_cpu_flags


@pytest.mark.parametrize("flag", ["avx512_bf16", "amx_bf16"])
def test_auto_takes_bfloat16_where_the_cpu_multiplies_it(flag):
    chosen = choose("auto", frozenset({"sse", flag}))
    assert chosen == Precision("bfloat16", f"the CPU has {flag}")
    assert chosen.policy == "mixed_bfloat16"


def test_auto_takes_float32_elsewhere():
    chosen = choose("auto", frozenset({"avx2"}))
    assert chosen.name == chosen.policy == "float32"
    assert "neither avx512_bf16 nor amx_bf16" in chosen.why


@pytest.mark.parametrize("wanted", ["float32", "bfloat16"])
def test_configured_precision_is_kept_whatever_the_cpu(wanted):
    assert choose(wanted, frozenset({"avx512_bf16"})).name == wanted


def test_bfloat16_without_hardware_for_it_is_said_to_be_slow():
    assert no_gain("bfloat16", frozenset({"avx2"})) == (
        "this CPU does not multiply bfloat16 (no avx512_bf16, amx_bf16): expect no more than the speed of float32"
    )


@pytest.mark.parametrize(
    ("name", "flags"), [("float32", []), ("", []), *(("bfloat16", ["avx2", flag]) for flag in BFLOAT16_FLAGS)]
)
def test_nothing_is_said_of_float32_and_of_hardware_for_bfloat16(name, flags):
    assert no_gain(name, frozenset(flags)) == ""


def test_flags_are_read_from_the_first_cpu(tmp_path):
    description = tmp_path / "cpuinfo"
    description.write_text("processor\t: 0\nflags\t\t: fpu avx512_bf16\nprocessor\t: 1\nflags\t\t: fpu\n")
    assert read_cpu_flags(description) == {"fpu", "avx512_bf16"}


def test_no_list_of_flags_means_none(tmp_path):
    assert read_cpu_flags(tmp_path / "absent") == frozenset()
