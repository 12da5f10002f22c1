import os

import pytest

from pipeline.batch.part import Line, part_file, write_part
from pipeline.batch.plan import cut, read_shard, write_plan


def keys(images, size=4, follows_from="model"):
    return [shard.key for shard in cut(images, size, follows_from)]


def test_every_image_is_in_one_shard_in_order(images):
    shards = list(cut(images, 4, "model"))
    assert [len(shard.images) for shard in shards] == [4, 4, 2]
    assert [image for shard in shards for image in shard.images] == images


def test_equal_archive_has_equal_keys_and_another_model_none_of_them(images):
    assert keys(images) == keys(images)
    assert not {*keys(images)} & {*keys(images, follows_from="another")}


@pytest.mark.parametrize("change", ["size", "time", "gone", "promised digest"])
def test_changed_file_changes_the_key_of_its_shard_alone(change, images, pictures):
    before = keys(images)
    file = pictures / "5.png"
    if change == "size":
        stamp = file.stat().st_mtime_ns
        file.write_bytes(file.read_bytes() + b"x")
        os.utime(file, ns=(stamp, stamp))
    elif change == "time":
        os.utime(file, ns=(1, 1))
    elif change == "gone":
        file.unlink()
    else:
        images[5] = type(images[5])(images[5].path, None, "ab" * 32)
    assert [old == new for old, new in zip(before, keys(images), strict=True)] == [True, False, True]


def test_added_file_at_the_end_leaves_full_shards_as_they_are(images):
    assert keys(images)[:2] == keys(images[:9])[:2]


def test_plan_finds_what_is_missing_and_gives_its_shards_back(images, tmp_path, prediction, failed):
    first, second, third = cut(images, 4, "model")
    write_part(tmp_path, first.key, [Line("", prediction("x"))] * 4)
    write_part(tmp_path, third.key, [Line("", failed("x"))] * 2)
    plan = write_plan(tmp_path, images, size=4, follows_from="model")
    assert (plan.images, plan.missing_images, list(plan.shards())) == (10, 4, [first, second, third])
    assert [read_shard(plan.file, place) for place in plan.missing] == [second]
    again = write_plan(tmp_path, images, size=4, follows_from="model", again=True)
    assert [read_shard(again.file, place) for place in again.missing] == [second, third]
    assert again.digest == plan.digest


def test_damaged_part_is_missing(images, tmp_path, prediction):
    (only,) = cut(images, 10, "model")
    write_part(tmp_path, only.key, [Line("", prediction("x"))] * 10)
    file = part_file(tmp_path, only.key)
    file.write_bytes(file.read_bytes().replace(b"0.7", b"0.6", 1))
    assert write_plan(tmp_path, images, size=10, follows_from="model").missing_images == 10


def test_name_that_is_no_utf_8_survives_the_plan(tmp_path, images):
    odd = type(images[0])(os.fsdecode(b"\xff\n.png"))
    plan = write_plan(tmp_path, [odd], size=4, follows_from="model")
    (shard,) = plan.shards()
    assert shard.images == (odd,)
