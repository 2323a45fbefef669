"""A file that is read must be a regular one, of a bounded size."""

import errno
import os
from pathlib import Path

import pytest

from sync.regular_file import check_regular, read_regular, read_regular_text


def pipe(at: Path) -> Path:
    os.mkfifo(at)
    return at


def test_a_pipe_a_device_and_a_folder_are_refused_without_waiting(tmp_path: Path) -> None:
    for path in (pipe(tmp_path / "token"), Path("/dev/zero")):
        with pytest.raises(OSError, match="not a regular file") as refused:
            read_regular(path)
        assert (refused.value.errno, refused.value.filename) == (errno.EINVAL, str(path))
    with pytest.raises(IsADirectoryError):
        check_regular(tmp_path)


def test_a_longer_file_is_refused_and_one_of_that_length_is_read(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"12345")
    assert read_regular(file, 5) == b"12345"
    with pytest.raises(OSError, match="longer than 4 bytes") as refused:
        read_regular(file, 4)
    assert refused.value.errno == errno.EFBIG


def test_a_link_is_followed_and_a_byte_order_mark_left_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes("\ufeff窗口".encode())
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert read_regular_text(tmp_path / "link") == "窗口"


def test_a_refused_file_leaves_no_descriptor_open(tmp_path: Path) -> None:
    path = pipe(tmp_path / "pipe")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        with pytest.raises(OSError, match="not a regular file"):
            check_regular(path)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
