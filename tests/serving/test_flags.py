import pytest

from pipeline.errors import ConfigError
from serving.flags import parse

MODEL = ("--model_name=demo", "--model_base_path=/models/demo")


def test_defaults_are_those_of_tf_serving_on_loopback():
    flags = parse(MODEL)
    assert (flags.host, flags.port, flags.rest_api_port) == ("127.0.0.1", 8500, 0)
    assert (flags.max_num_load_retries, flags.load_retry_interval_micros) == (5, 60_000_000)
    assert (flags.file_system_poll_wait_seconds, flags.enable_batching, flags.enable_model_warmup) == (1, False, True)


@pytest.mark.parametrize(
    ("words", "expected"),
    [(["--enable_batching"], True), (["--enable_batching=true"], True), (["--enable_batching", "false"], False), ([], False)],
)
def test_a_switch_is_read_as_tf_serving_reads_it(words, expected):
    assert parse([*MODEL, *words]).enable_batching is expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], (0, 0)),
        (["--tensorflow_session_parallelism=3"], (3, 3)),
        (["--tensorflow_intra_op_parallelism=2"], (2, 0)),
        (["--tensorflow_intra_op_parallelism=2", "--tensorflow_inter_op_parallelism=1"], (2, 1)),
    ],
)
def test_threads_are_told_together_or_apart(words, expected):
    assert parse([*MODEL, *words]).threads == expected


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([], "name the model with --model_base_path DIR, or several with --model_config_file FILE"),
        (["--model_base_path=models"], "--model_base_path: 'models' is relative; expected an absolute folder"),
        ([*MODEL, "--use_alts_credentials"], "--use_alts_credentials: TF Serving has it, this server does not; leave it out"),
        ([*MODEL, "--x=1", "--num_load_threads=4"], "serve: --num_load_threads: TF Serving has it"),
        ([*MODEL, "--use_Alts", "more"], "unrecognized arguments: --use_Alts more"),
        ([*MODEL, "--tensorflow_session_parallelism=2", "--tensorflow_inter_op_parallelism=1"], "expected the one or the others"),
        ([*MODEL, "--por=1"], "unrecognized arguments: --por=1"),
        ([*MODEL, "--port=0"], "argument --port: '0' is no whole number from 1 to 65535"),
        ([*MODEL, "--port=x"], "argument --port: 'x' is no whole number from 1 to 65535"),
        ([*MODEL, "--enable_batching=maybe"], "argument --enable_batching: 'maybe' is neither true nor false"),
        ([*MODEL, "--mixed_precision=float16"], "argument --mixed_precision: invalid choice: 'float16'"),
        ([*MODEL, "--rest_api_port=8500"], "--rest_api_port: 8500 is --port as well"),
        ([*MODEL, "--batching_parameters_file=b.txt"], "--batching_parameters_file needs --enable_batching"),
        ([*MODEL, "--ssl_config_file=s", "--rest_api_port=1", "--host=0.0.0.0"], "--rest_api_port has no TLS"),
    ],
)
def test_what_is_not_allowed_is_named(words, text):
    with pytest.raises(ConfigError, match=text):
        parse(words)


def test_help_names_every_flag(capsys):
    with pytest.raises(SystemExit):
        parse(["--help"])
    shown = capsys.readouterr().out
    assert all(f"--{name}" in shown for name in parse(MODEL).__dataclass_fields__)
