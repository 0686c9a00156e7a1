"""What a hostile notebook would try first. The self-test runs this inside, and every attempt has to fail.

An attempt returns nothing where a wall stopped it, and else says what it could do.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Mapping

from . import walls

_LEFT_FILE = "/tmp/left-behind"
_KNOWN = {
    "PWD",
    "LC_CTYPE",
    "TORCHINDUCTOR_CACHE_DIR",
    "PYTORCH_NVML_BASED_CUDA_CHECK",
    "KMP_INIT_AT_FORK",
    "KMP_DUPLICATE_LIB_OK",
}


def attempts(target: Mapping) -> dict[str, str]:
    """Try everything.

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
    os.close(os.memfd_create("attempt"))
    return "memfd_create"


def _change_the_kernels_settings(target: Mapping) -> str | None:
    with open("/proc/sys/kernel/core_pattern", "a"):
        return "core_pattern"


def _find_what_another_submission_left(target: Mapping) -> str | None:
    found = _LEFT_FILE if os.path.exists(_LEFT_FILE) else None
    os.close(os.open(_LEFT_FILE, os.O_CREAT | os.O_WRONLY))
    return found


def _take_too_much_memory(target: Mapping) -> str | None:
    return f"{len(bytearray(walls.MEMORY + 2**20)):,} bytes"


def _write_too_much(target: Mapping) -> str | None:
    if resource.getrlimit(resource.RLIMIT_FSIZE)[0] > walls.SCRATCH:
        return "no limit"
    with open("/tmp/large", "wb") as file:
        for _ in range(2 * walls.SCRATCH // 2**20):
            file.write(bytes(2**20))
    return f"{2 * walls.SCRATCH:,} bytes"


def _start_too_many_processes(target: Mapping) -> str | None:
    children = []
    try:
        while len(children) < walls.PROCESSES:
            children.append(os.posix_spawn("/usr/bin/sleep", ["sleep", "1000"], {}))
    finally:
        for pid in children[1:]:  # one stays behind, for the next submission not to see
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    return f"{len(children)} processes"


_ATTEMPTS: tuple[Callable[[Mapping], str | None], ...] = (
    _read_the_hosts_files,
    _write_outside_of_tmp,
    _connect,
    _see_other_processes,
    _see_the_graders_environment,
    _have_privileges,
    _make_namespaces,
    _keep_memory_that_no_limit_counts,
    _change_the_kernels_settings,
    _find_what_another_submission_left,
    _take_too_much_memory,
    _write_too_much,
    _start_too_many_processes,
)
