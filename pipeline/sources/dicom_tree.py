"""A tree of DICOM files and a table of labels become entries; every file ends as one or under one reason."""

import os
import stat
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from components.image_example_gen.manifest import FRAME, SERIES_ID, STUDY_ID
from components.image_example_gen.pseudonym import KEY_VARIABLE, Pseudonymizer, load_key, make_key_file
from pipeline.config import DicomSource
from pipeline.errors import ConfigError
from pipeline.sources.dicom_header import DicomHeader, has_preamble
from pipeline.sources.dicom_kind import SECONDARY_CAPTURE
from pipeline.sources.dicom_slices import INSTITUTION
from pipeline.sources.entry import IMAGE_SUFFIXES, Entry, Listing
from pipeline.sources.header_cache import CACHE_SUFFIX, TreeFile
from pipeline.sources.header_scan import HeaderScan
from pipeline.sources.label_table import NOT_IN_TABLE, Label, read_labels

LOOKED_AT = 200  # files that tell what kind of folder it is
NO_KEY = Label(skip="no_join_key")  # the header has no value to look up
DUPLICATE = "duplicate_sop_instance"
CONFLICTING = "conflicting_sop_instance"


def list_dicom_tree(source: DicomSource, manifest: Path) -> Listing:
    """Return an entry per image of the tree that the table has a label for, in the order of paths.

    Args:
        source: the tree, the table and how they meet.
        manifest: beside which headers are kept, and the pseudonym key where institutions are asked for.

    Raises:
        ConfigError: when the tree or the table is missing or unusable, or no image has a label.
    """
    labels = read_labels(source)
    skipped: Counter[str] = Counter()
    seen, files = tree_files(source, manifest, skipped)
    scan = HeaderScan(source.path, manifest.with_name(manifest.name + CACHE_SUFFIX), _pseudonymizer(source, manifest))
    images = _images(source, scan.headers(files), skipped)
    entries: list[Entry] = []
    used = 0
    for file, header in images.items():
        key = getattr(header, source.join)
        label = labels.get(key, NOT_IN_TABLE) if key else NO_KEY
        if label.skip:
            skipped[label.skip] += 1
        else:
            used += 1
            entries += _entries(source, file, header, label)
    if not entries:
        raise ConfigError(_nothing_joined(source, seen, images.values(), labels))
    return Listing(tuple(entries), inputs=(source.table,), skipped=skipped, used=used, seen=seen)


def looks_like_dicom_tree(path: Path) -> bool:
    """Tell whether a folder holds DICOM files and no PNG or JPEG, judged by the first files."""
    names = [place / name for place, name in islice(_walk(path, frozenset()), LOOKED_AT)]
    if any(name.suffix.lower() in IMAGE_SUFFIXES for name in names):
        return False
    return any(name.is_file() and os.access(name, os.R_OK) and has_preamble(name) for name in names)


def tree_files(source: DicomSource, manifest: Path, skipped: Counter[str]) -> tuple[int, list[TreeFile]]:
    """Return how many files the tree has, and those to read, in the order of their names; the others are counted by reason.

    What medtfx itself writes beside the manifest, and the table, are no files of the tree.

    Raises:
        ConfigError: when a folder can't be read or there is no file.
    """
    seen, files = 0, []
    for place, name in _walk(source.path, _own(source, manifest)):
        seen += 1
        found = _tree_file(source.path, place, name)
        if isinstance(found, str):
            skipped[found] += 1
        else:
            files.append(found)
    if not seen:
        raise ConfigError(f"{source.path}: holds no file; expected a tree of DICOM files")
    return seen, sorted(files, key=lambda file: file.name)


def _walk(tree: Path, own: frozenset[Path]) -> Iterator[tuple[Path, str]]:
    """Yield the folder and name of each file, and of each linked folder: those are not entered, they may lead in a circle."""
    try:
        for place, folders, names in os.walk(tree, onerror=_refuse):
            linked = [name for name in folders if Path(place, name).is_symlink()]
            yield from ((Path(place), name) for name in [*names, *linked] if Path(place, name) not in own)
    except OSError as error:  # the inner folder is not named: its name may be a patient's
        raise ConfigError(
            f"{tree}: it or a folder in it can't be read: {error.strerror}. Give this user the right to."
        ) from error


def _refuse(error: OSError) -> None:
    raise error


def _own(source: DicomSource, manifest: Path) -> frozenset[Path]:
    """Return what an index run reads or writes besides the tree."""
    beside = [manifest.with_name(f"{begin}{manifest.name}{end}") for begin in ("", ".") for end in _ENDINGS]
    return frozenset([*beside, manifest.with_name("pseudonym.key"), source.table])


_ENDINGS = ("", ".part", ".index.json", ".index.json.part", CACHE_SUFFIX, f"{CACHE_SUFFIX}.part")


def _tree_file(tree: Path, place: Path, name: str) -> TreeFile | str:
    """Return a file to read, or the reason why it is none."""
    path = place / name
    relative = path.relative_to(tree)
    if any(part.startswith(".") for part in relative.parts):
        return "hidden"
    try:
        relative.as_posix().encode()
        status = path.stat()
    except UnicodeEncodeError:  # bytes that are no UTF-8 can't be written to a manifest
        return "name_not_utf8"
    except OSError:  # a link that leads nowhere
        return "unreadable_file"
    if stat.S_ISDIR(status.st_mode):
        return "linked_folder"
    if not stat.S_ISREG(status.st_mode):  # a named pipe would block for ever
        return "not_a_regular_file"
    return TreeFile(relative.as_posix(), status.st_size, status.st_mtime_ns)


def _pseudonymizer(source: DicomSource, manifest: Path) -> Pseudonymizer | None:
    """Return the pseudonymizer of the key beside the manifest, where institutions need one; make the key if it is absent."""
    if INSTITUTION not in source.slices:
        return None
    key_file = manifest.with_name("pseudonym.key")
    if not os.environ.get(KEY_VARIABLE):
        make_key_file(key_file)
    return Pseudonymizer(load_key(key_file))


def _images(source: DicomSource, headers: Mapping[TreeFile, DicomHeader], skipped: Counter[str]) -> dict[TreeFile, DicomHeader]:
    """Return the files that are images, each SOP instance once; the others are counted by reason."""
    instances: defaultdict[str, dict[TreeFile, DicomHeader]] = defaultdict(dict)
    for file, header in headers.items():
        if header.skip and not (header.skip == SECONDARY_CAPTURE and source.include_secondary_capture):
            skipped[header.skip] += 1
        else:
            instances[header.sop_instance_uid][file] = header
    stand: dict[TreeFile, DicomHeader] = {}
    for copies in instances.values():
        if len({header.sha256 for header in copies.values()}) > 1:
            skipped[CONFLICTING] += len(copies)
        else:
            stand |= [next(iter(copies.items()))]
            skipped[DUPLICATE] += len(copies) - 1
    return stand


def _entries(source: DicomSource, file: TreeFile, header: DicomHeader, label: Label) -> Iterator[Entry]:
    """Yield a file's entry, or one per frame."""
    several = source.frames == "all" and header.frames > 1
    columns: dict[str, str] = {name: header.columns.get(name, "") for name in source.slices}
    columns |= {STUDY_ID: header.study_instance_uid, SERIES_ID: header.series_instance_uid}
    for frame in range(1, header.frames + 1) if several else [None]:
        yield Entry(
            source.path / file.name,
            label.name,
            header.patient_id,
            label.split,
            columns={**columns, FRAME: str(frame)} if frame else columns,
            sha256=header.sha256,
        )


def _nothing_joined(source: DicomSource, seen: int, images: Iterable[DicomHeader], labels: Mapping[str, Label]) -> str:
    """Return the words for a tree and a table that have nothing in common; they hold no value of a header."""
    found: Sequence[str] = [getattr(header, source.join) for header in images]
    keys = {key for key in found if key}
    common = len(keys & labels.keys())
    if not found:
        return f"{source.path}: none of its {seen:,} files is a DICOM image to learn from"
    told = f"the images have {len(keys):,} different {source.join}, the table {len(labels):,} keys, {common:,} of them in common"
    advice = "Map its labels." if common else "Choose another --join (source.join), or another column for key."
    return f"{source.path}: none of its {len(found):,} images gets a label from {source.table}: {told}. {advice}"
