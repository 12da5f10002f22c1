import pytest

from models.precision import Precision, choose, read_cpu_flags


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


def test_flags_are_read_from_the_first_cpu(tmp_path):
    description = tmp_path / "cpuinfo"
    description.write_text("processor\t: 0\nflags\t\t: fpu avx512_bf16\nprocessor\t: 1\nflags\t\t: fpu\n")
    assert read_cpu_flags(description) == {"fpu", "avx512_bf16"}


def test_no_list_of_flags_means_none(tmp_path):
    assert read_cpu_flags(tmp_path / "absent") == frozenset()
