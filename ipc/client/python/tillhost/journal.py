"""A file of operations that are not finished, so that a program that ends in the middle finds them.

The C++ client reads and writes the same file (docs/formats/client-journal.md).
"""
from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
from typing import Iterator

from tillhost import codec, messages
from tillhost.errors import FieldError, TillhostError

FORMAT = 1
BYTES_MAX = 1024 * 1024
OPERATIONS_MAX = 1000


@contextlib.contextmanager
def _of_the_disk(path: str) -> Iterator[None]:
    """What the system refuses is an error like any other of this package."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise TillhostError("storage_full" if full else "system_failed",
                            f"{path}: {error.strerror}",
                            reaction="ask_operator" if full else "report") from error


class Journal:
    """For one process at a time; keep() and forget() return when it is on disk.

    Errors: already_running, malformed or bad_field (the file is none of ours), too_large, and of
    the disk system_failed and storage_full.
    """

    def __init__(self, path: str) -> None:
        self._path = os.path.abspath(path)
        with _of_the_disk(path):
            self._lock = os.open(self._path + ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC,
                                 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise TillhostError("already_running", f"{path}: another program has it") from None
        try:
            with _of_the_disk(path):
                self._kept = self._read()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def unfinished(self) -> list[messages.KeptOperation]:
        """Oldest first."""
        return list(self._kept)

    def holds(self, operation_id: str) -> bool:
        return any(one.operation_id == operation_id for one in self._kept)

    def keep(self, operation: messages.KeptOperation) -> None:
        if not self.holds(operation.operation_id):
            with _of_the_disk(self._path):
                self._write([*self._kept, operation])

    def forget(self, operation_id: str) -> None:
        if self.holds(operation_id):
            with _of_the_disk(self._path):
                self._write([one for one in self._kept
                             if one.operation_id != operation_id])

    def _read(self) -> list[messages.KeptOperation]:
        try:
            with open(self._path, encoding="utf-8") as file:
                text = file.read(BYTES_MAX + 1)
        except FileNotFoundError:
            return []
        try:
            return codec.load(messages.Journal, json.loads(text)).operations
        except ValueError as error:
            raise TillhostError("malformed", f"{self._path}: {error}") from None
        except FieldError as error:
            raise TillhostError("bad_field", f"{self._path}: {error.text}",
                                field=error.field) from None

    def _write(self, kept: list[messages.KeptOperation]) -> None:
        """The whole file as one step: beside it, fsync, renamed, folder fsync."""
        tree = {"version": FORMAT, "operations": [codec.dump(one, readable=True) for one in kept]}
        content = (json.dumps(tree, ensure_ascii=False, indent=1) + "\n").encode()
        if len(kept) > OPERATIONS_MAX or len(content) > BYTES_MAX:
            raise TillhostError("too_large", f"{self._path}: {len(kept) - 1} operations are "
                                             "unfinished; acknowledge them")
        beside = self._path + ".new"
        file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            written = 0
            while written < len(content):
                written += os.write(file, content[written:])
            os.fsync(file)
        finally:
            os.close(file)
        os.rename(beside, self._path)
        folder = os.open(os.path.dirname(self._path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._kept = kept
