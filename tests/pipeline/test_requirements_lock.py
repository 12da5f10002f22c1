from pipeline import requirements_lock

LOCK = """absl-py==1.4.0 \\
    --hash=sha256:aa
    # via keras
uv==0.13.9 \\
    --hash=sha256:bb \\
    --hash=sha256:cc
    # via medtfx (setup.py)
uvloop==1.0 \\
    --hash=sha256:dd
"""


def test_locked_takes_whole_blocks_of_exactly_these_names() -> None:
    block = requirements_lock.locked(LOCK, ["uv"])
    assert "uv==0.13.9" in block
    assert "bb" in block
    assert "cc" in block
    assert "uvloop" not in block
    assert "absl" not in block


def test_written_lock_is_read_back() -> None:
    (block,) = requirements_lock.blocks(requirements_lock.written([("six==1.17.0", "ab12")]))
    assert requirements_lock.requirement(block) == "six==1.17.0"
    assert requirements_lock.hashes(block) == {"ab12"}


def test_requirement_keeps_its_marker() -> None:
    (block,) = requirements_lock.blocks("pywin32==312 ; sys_platform == 'win32' \\\n    --hash=sha256:aa\n")
    assert requirements_lock.requirement(block) == "pywin32==312 ; sys_platform == 'win32'"
