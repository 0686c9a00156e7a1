"""Everything that could outlive a submission: how to leave a mark there, and how to find one that another has left.

What lives in files, memory, networks, System V objects, queues, keys and open files is made anew for each submission,
or cannot be had at all. Times of shared files, and the kernel's settings, are tried in `attempts`.
"""

from __future__ import annotations

import builtins
import contextlib
import ctypes
import fcntl
import os
import socket
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch

from . import walls

_NAME, _KEY = "left-behind", 0x1EAF
_USER_KEYRING = -4
_LIBC = ctypes.CDLL(None)
_kept = []  # what would end with its last reference


class Mark(NamedTuple):
    """A place, how to leave a mark there, and whether there is one. Both may raise OSError, where a wall stops them."""

    where: str
    leave: Callable[[], object]
    found: Callable[[], bool]


def found_marks() -> list[str]:
    """Where another submission has left a mark."""
    return [mark.where for mark in MARKS if _quietly(mark.found)]


def leave_marks() -> None:
    """Leave a mark wherever that can be done."""
    for mark in MARKS:
        _quietly(mark.leave)


def _quietly(step: Callable[[], object]) -> object:
    with contextlib.suppress(OSError):
        return step()


def _leave_file(folder: str) -> None:
    os.close(os.open(f"{folder}/{_NAME}", os.O_CREAT | os.O_WRONLY))


def _leave_in_open_files() -> None:
    for descriptor in range(3):
        fcntl.fcntl(descriptor, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_APPEND | os.O_NONBLOCK)


def _found_in_open_files() -> bool:
    return any(
        fcntl.fcntl(descriptor, fcntl.F_GETOWN)
        or fcntl.fcntl(descriptor, fcntl.F_GETFL) & (os.O_APPEND | os.O_NONBLOCK)
        for descriptor in range(3)
    )


def _leave_socket() -> None:
    _kept.append(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
    _kept[-1].bind(f"\0{_NAME}")


def _leave_connection() -> None:
    """A TCP connection that is over: who closes first keeps its ports for a minute."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as connection:
        server.accept()[0].close()
        connection.recv(1)


def _found_in_network() -> bool:
    """The channel to the judge is of another network, so that in this one there should be nothing yet."""
    for kind in ("unix", "tcp", "tcp6", "udp", "udp6"):
        with contextlib.suppress(FileNotFoundError), open(f"/proc/self/net/{kind}") as lines:
            if len(list(lines)) > 1:
                return True
    return False


def _leave_nice() -> None:
    with open("/proc/self/autogroup", "w") as file:
        file.write("19")


def _found_nice() -> bool:
    with open("/proc/self/autogroup") as file:
        return not file.read().endswith("nice 0\n")


def _leave_in_memory() -> None:
    os.environ[_NAME] = builtins.left_behind = torch.left_behind = _NAME


def _found_in_memory() -> bool:
    return _NAME in os.environ or hasattr(builtins, "left_behind") or hasattr(torch, "left_behind")


def _syscall(name: str, *arguments: int | bytes | None) -> int:
    return _LIBC.syscall(walls.number_of(name), *arguments)


MARKS = (
    *(Mark(f"a file in {folder}", partial(_leave_file, folder), partial(os.path.exists, f"{folder}/{_NAME}"))
      for folder in ("/tmp", "/dev/shm", *(os.environ[name] for name in ("HOME", "IPYTHONDIR", "MPLCONFIGDIR")))),
    Mark("the flags of an open file", _leave_in_open_files, _found_in_open_files),
    Mark("a terminal", lambda: _kept.append(os.openpty()), lambda: os.listdir("/dev/pts") != ["ptmx"]),
    Mark("an abstract socket", _leave_socket, _found_in_network),
    Mark("a closed connection", _leave_connection, _found_in_network),
    Mark("System V memory", lambda: _LIBC.shmget(_KEY, 4096, 0o1666), lambda: _LIBC.shmget(_KEY, 0, 0) != -1),
    Mark("a System V semaphore", lambda: _LIBC.semget(_KEY, 1, 0o1666), lambda: _LIBC.semget(_KEY, 0, 0) != -1),
    Mark("a System V queue", lambda: _LIBC.msgget(_KEY, 0o1666), lambda: _LIBC.msgget(_KEY, 0) != -1),
    Mark(
        "a POSIX queue",
        lambda: _syscall("mq_open", _NAME.encode(), os.O_CREAT | os.O_RDWR, 0o666, None),
        lambda: _syscall("mq_open", _NAME.encode(), os.O_RDONLY, 0, None) != -1,
    ),
    Mark(
        "a key",
        lambda: _syscall("add_key", b"user", _NAME.encode(), b"x", 1, _USER_KEYRING),
        lambda: _syscall("keyctl", 10, _USER_KEYRING, b"user", _NAME.encode(), 0) != -1,
    ),
    Mark("the machine's name", lambda: socket.sethostname(_NAME), lambda: socket.gethostname() != "sandbox"),
    Mark("how nice its session is", _leave_nice, _found_nice),
    Mark("the server's memory", _leave_in_memory, _found_in_memory),
)  # fmt: skip
