"""What a hostile notebook would try first. The self-test runs this inside, and every attempt has to fail.

An attempt returns nothing where a wall stopped it, and else says what it could do.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import resource
import signal
import socket
import stat
import sys
from collections.abc import Callable, Mapping

from . import limits, walls
from .marks import found_marks, leave_marks

_KNOWN = {
    "PWD",
    "LC_CTYPE",
    "TORCHINDUCTOR_CACHE_DIR",
    "PYTORCH_NVML_BASED_CUDA_CHECK",
    "KMP_INIT_AT_FORK",
    "KMP_DUPLICATE_LIB_OK",
}


def attempts(target: Mapping) -> dict[str, str]:
    """Try everything, and leave marks for the next try.

    Args:
        target: ``files`` of the host that must not be read, ``port`` on the host's loopback that must not be reached,
            ``environment``: the names of variables that may be seen.

    Returns:
        attempt -> what it could do, for those that no wall stopped.
    """
    could = {}
    for attempt in _ATTEMPTS:
        with contextlib.suppress(OSError, MemoryError):
            if what := attempt(target):
                could[attempt.__name__.strip("_").replace("_", " ")] = what
    leave_marks()
    return could


def _read_the_hosts_files(target: Mapping) -> str | None:
    for path in target["files"]:
        with contextlib.suppress(OSError):
            os.stat(path)
            return path
    return None


def _write_outside_of_tmp(target: Mapping) -> str | None:
    for folder in (
        "/",
        "/usr",
        "/usr/lib",
        "/etc",
        "/dev",
        "/course",
        "/grader",
        "/grader/inside",
        sys.prefix,
        sys.base_prefix,
    ):
        with contextlib.suppress(OSError):
            os.close(os.open(f"{folder}/attempt", os.O_CREAT | os.O_WRONLY))
            return folder
    return None


def _write_to_what_others_share(target: Mapping) -> str | None:
    """What lies on top at each place where something is mounted has to be read-only, or this submission's own."""
    with open("/proc/self/mountinfo") as lines:
        mounts = {place: options.split(",") for _, _, _, _, place, options, *_ in map(str.split, lines)}
    shared = [place for place, options in mounts.items() if place not in walls.OWN and "ro" not in options]
    return ", ".join(shared) or None


def _set_times_of_what_others_share(target: Mapping) -> str | None:
    devices = [entry.path for entry in os.scandir("/dev") if not entry.is_symlink() and entry.path not in walls.OWN]
    for path in (0, 1, 2, "/", "/usr", "/dev", *devices, sys.prefix, sys.executable):
        with contextlib.suppress(OSError):
            os.utime(path)
            return str(path)
    return None


def _share_memory_with_the_server(target: Mapping) -> str | None:
    with open("/proc/self/maps") as lines:
        return next((line for line in lines if line.split()[1].startswith(("rw-s", "-w-s"))), None)


def _use_the_servers_open_files(target: Mapping) -> str | None:
    others = []
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # the listing's own
            if int(name) > 2 and not stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                others.append(os.readlink(f"/proc/self/fd/{name}"))
    return ", ".join(others) or None


def _be_in_the_servers_session(target: Mapping) -> str | None:
    """Signals and priorities of a group reach all of its processes, also those that cannot be seen."""
    return "session" if os.getsid(0) == 0 or os.getpgrp() == 0 else None


def _connect(target: Mapping) -> str | None:
    with socket.create_connection(("127.0.0.1", target["port"]), timeout=1):
        return f"127.0.0.1:{target['port']}"


def _see_other_processes(target: Mapping) -> str | None:
    seen = [name for name in os.listdir("/proc") if name.isdigit() and int(name) not in (1, os.getpid())]
    return f"{len(seen)} processes" if seen else None


def _see_the_graders_environment(target: Mapping) -> str | None:
    seen = sorted(os.environ.keys() - set(target["environment"]) - _KNOWN)
    return ", ".join(seen) or None


def _have_privileges(target: Mapping) -> str | None:
    with open("/proc/self/status") as file:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    wanted = {"CapEff": 0, "CapPrm": 0, "CapBnd": 0, "CapAmb": 0, "NoNewPrivs": 1, "Seccomp": 2}
    wrong = [
        f"{name}: {status.get(name)}" for name, value in wanted.items() if int(status.get(name, "-1"), 16) != value
    ]
    return ", ".join([*wrong, *(["uid 0"] if os.getuid() == 0 else [])]) or None


def _make_namespaces(target: Mapping) -> str | None:
    return "unshare" if ctypes.CDLL(None).unshare(0x10000000) == 0 else None


def _keep_memory_that_no_limit_counts(target: Mapping) -> str | None:
    libc = ctypes.CDLL(None)
    for name, way in {
        "memfd_create": lambda: os.close(os.memfd_create("attempt")),
        "a shared anonymous map": lambda: mmap.mmap(-1, 4096).close(),
        "a shared map of /dev/zero": lambda: _map_shared("/dev/zero"),
        "a shared map of /dev/full": lambda: _map_shared("/dev/full"),
        "System V memory": lambda: _done(libc.shmget(0, 4096, 0o1666)),
        "pages in a pipe": lambda: _done(libc.vmsplice(os.pipe()[1], _vector(), 1, 0)),
    }.items():
        with contextlib.suppress(OSError):
            way()
            return name
    return None


def _map_shared(path: str) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        mmap.mmap(descriptor, 4096).close()
    finally:
        os.close(descriptor)


def _vector() -> ctypes.Array:
    """A page as `struct iovec` has it."""
    page = ctypes.create_string_buffer(4096)
    return (ctypes.c_size_t * 2)(ctypes.addressof(page), 4096)


def _done(result: int) -> None:
    if result == -1:
        raise OSError


def _have_sockets_of_other_families(target: Mapping) -> str | None:
    for family in range(2, 50):
        with contextlib.suppress(OSError):
            socket.socketpair(family)
            return f"family {family}"
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
            with contextlib.suppress(OSError):
                socket.socket(family, kind).close()
                return f"family {family}"
    return None


def _change_the_kernels_settings(target: Mapping) -> str | None:
    entries = [f"/proc/{name}" for name in os.listdir("/proc") if not name.isdigit()]
    settings = [f"{folder}/{name}" for folder, _, names in os.walk("/proc/sys") for name in names]
    can = [p for p in (*entries, *settings) if os.path.isfile(p) and os.access(p, os.W_OK)]
    return ", ".join(can[:5]) or None


def _tell_hosts_apart(target: Mapping) -> str | None:
    for name in os.listdir("/proc"):
        path = f"/proc/{name}"
        if name.isdigit() or name in walls.PROC or os.path.islink(path):
            continue
        with contextlib.suppress(OSError):
            if os.path.isdir(path) and os.listdir(path):
                return path
            with open(path, "rb") as file:
                if file.read(1):
                    return path
    return None


def _find_what_another_submission_left(target: Mapping) -> str | None:
    return ", ".join(found_marks()) or None


def _take_too_much_memory(target: Mapping) -> str | None:
    return f"{len(bytearray(limits.MEMORY + 2**20)):,} bytes"


def _write_too_much(target: Mapping) -> str | None:
    if resource.getrlimit(resource.RLIMIT_FSIZE)[0] > limits.SCRATCH:
        return "no limit"
    with open("/tmp/large", "wb") as file:
        for _ in range(2 * limits.SCRATCH // 2**20):
            file.write(bytes(2**20))
    return f"{2 * limits.SCRATCH:,} bytes"


def _start_too_many_processes(target: Mapping) -> str | None:
    children = []
    try:
        while len(children) < limits.PROCESSES:
            children.append(os.posix_spawn("/usr/bin/sleep", ["sleep", "1000"], {}))
    finally:
        for pid in children[1:]:  # one stays behind, for the next submission not to see
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    return f"{len(children)} processes"


_ATTEMPTS: tuple[Callable[[Mapping], str | None], ...] = (
    _read_the_hosts_files,
    _find_what_another_submission_left,
    _write_outside_of_tmp,
    _write_to_what_others_share,
    _set_times_of_what_others_share,
    _share_memory_with_the_server,
    _use_the_servers_open_files,
    _be_in_the_servers_session,
    _connect,
    _see_other_processes,
    _see_the_graders_environment,
    _have_privileges,
    _make_namespaces,
    _have_sockets_of_other_families,
    _keep_memory_that_no_limit_counts,
    _change_the_kernels_settings,
    _tell_hosts_apart,
    _take_too_much_memory,
    _write_too_much,
    _start_too_many_processes,
)
