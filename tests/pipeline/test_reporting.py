from pipeline.reporting import machine


def test_machine_is_told_without_its_name() -> None:
    assert set(machine()) == {"system", "cores", "python"}
