"""The kernel's walls around one submission, put up by the process itself before any of its code runs.

By ctypes, because Python has no calls for most of these. Everything here is Linux; the numbers are those of the
kernel's headers (`linux/sched.h`, `linux/capability.h`, `linux/prctl.h`, `linux/seccomp.h`, `asm/unistd.h`).
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import signal
import struct
import sys

MEMORY = 2 * 2**30  # bytes: of data in one process, and of all of a submission's processes together
SCRATCH = 64 * 2**20  # bytes in /tmp, and in /dev/shm
CPU_SECONDS = 900  # of one process
PROCESSES = 64  # with threads
OPEN_FILES = 256

_LIBC = ctypes.CDLL(None, use_errno=True)
_NEWNS, _NEWPID = 0x00020000, 0x20000000
_ANY_NAMESPACE = 0x7E020080  # CLONE_NEW*: mount, cgroup, uts, ipc, user, pid, net, time
_RECURSIVE_PRIVATE = 0x4000 | 0x40000
_NOSUID_NODEV, _NOEXEC, _BIND = 2 | 4, 8, 4096
_DUMPABLE, _SECCOMP, _CAPBSET_DROP, _NO_NEW_PRIVS, _AMBIENT = 4, 22, 24, 38, 47
_CAPABILITY_VERSION = 0x20080522

# Calls that no lesson needs: name -> number on x86_64 and on aarch64. Some lead out of limits (memory that no limit
# counts), some out of the namespaces, some have a history of holes in the kernel.
_DENIED = {
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "shmat": (30, 196),
    "shmctl": (31, 195), "semget": (64, 190), "msgget": (68, 186), "mq_open": (240, 180),
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "chroot": (161, 51), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "pidfd_getfd": (438, 438), "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "fanotify_init": (300, 262),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104),
    "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225), "acct": (163, 89), "syslog": (103, 116),
    "sethostname": (170, 161), "settimeofday": (164, 170), "clock_settime": (227, 112), "adjtimex": (159, 171),
}  # fmt: skip
_CLONE, _CLONE3, _SOCKET = (56, 220), (435, 435), (41, 198)
_ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
_FAMILIES = (1, 2, 10)  # AF_UNIX, AF_INET, AF_INET6: in an empty network; others, such as VSOCK, have no namespace


def supported() -> bool:
    """Whether the list of denied calls is known for this machine's processor."""
    return platform.machine() in _ARCHITECTURES


def fork_into_new_world() -> int:
    """As `os.fork`, for a process with one thread; the child's mounts, and all processes below it, are its own."""
    python = ctypes.pythonapi
    python.PyOS_BeforeFork()
    pid = ctypes.PyDLL(None, use_errno=True).syscall(
        _CLONE[_ARCHITECTURES[platform.machine()][1]], _NEWNS | _NEWPID | signal.SIGCHLD, 0, 0, 0, 0
    )
    if pid == 0:
        python.PyOS_AfterFork_Child()
        return 0
    python.PyOS_AfterFork_Parent()
    _check("clone", min(pid, 0))
    return pid


def fresh_folders() -> None:
    """Empty /tmp and /dev/shm, and a /proc that shows this submission's processes alone. For its first process.

    A Python that is installed under /tmp, as some machines for tests have it, stays there.
    """
    _check("mount", _LIBC.mount(b"none", b"/", None, _RECURSIVE_PRIVATE, None))
    pythons = [path for path in {sys.prefix, sys.base_prefix} if path.startswith("/tmp/")]
    opened = {path: os.open(path, os.O_PATH) for path in pythons}
    for folder in (b"/tmp", b"/dev/shm"):
        options = f"size={SCRATCH},nr_inodes=10000,mode=1777".encode()
        _check("mount", _LIBC.mount(b"tmpfs", folder, b"tmpfs", _NOSUID_NODEV, options))
    for path, descriptor in opened.items():
        os.makedirs(path, mode=0o755)
        _check("mount", _LIBC.mount(f"/proc/self/fd/{descriptor}".encode(), path.encode(), None, _BIND, None))
        os.close(descriptor)
    _check("mount", _LIBC.mount(b"proc", b"/proc", b"proc", _NOSUID_NODEV | _NOEXEC, None))


def drop_privileges(uid: int | None) -> None:
    """Become ``uid`` (None: stay who one is) without any capability, and without a way to get one back."""
    for capability in range(64):
        _LIBC.prctl(_CAPBSET_DROP, capability, 0, 0, 0)  # EINVAL beyond the last one
    _LIBC.prctl(_AMBIENT, 4, 0, 0, 0)
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    header, none = struct.pack("Ii", _CAPABILITY_VERSION, 0), bytes(24)
    _check("capset", _LIBC.capset(header, none))
    _check("prctl", _LIBC.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0))
    _check("prctl", _LIBC.prctl(_DUMPABLE, 0, 0, 0, 0))


def set_limits() -> None:
    """Bound what this process and those that it starts can use."""
    for what, limit in (
        (resource.RLIMIT_DATA, MEMORY),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, SCRATCH),
        (resource.RLIMIT_NPROC, PROCESSES),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(what, (limit, limit))
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")  # where memory runs out all the same, this goes first


def deny_calls() -> None:
    """Refuse the system calls that no lesson needs, for this process and all that it starts."""
    program = _filter()
    buffer = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HP", len(program) // 8, ctypes.addressof(buffer))
    _check("seccomp", _LIBC.prctl(_SECCOMP, 2, header, 0, 0))


def _filter() -> bytes:
    """The filter as classic BPF: 8 bytes an instruction (code, jump if true, jump if false, value)."""
    architecture, column = _ARCHITECTURES[platform.machine()]
    load, equal, at_least, any_bit, answer = 0x20, 0x15, 0x35, 0x45, 0x06
    number, first_argument = 0, 16  # offsets in struct seccomp_data; its architecture is at 4
    allow, kill = 0x7FFF0000, 0x80000000
    refuse, unknown = 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
    code = [
        (load, 0, 0, 4),
        (equal, 1, 0, architecture),
        (answer, 0, 0, kill),
        (load, 0, 0, number),
        (at_least, 0, 1, 0x40000000),  # the x32 numbers would go round the list
        (answer, 0, 0, kill),
    ]
    for numbers in _DENIED.values():
        code += [(equal, 0, 1, numbers[column]), (answer, 0, 0, refuse)]
    code += [(equal, 0, 1, _CLONE3[column]), (answer, 0, 0, unknown)]  # its flags cannot be read; libc then uses clone
    code += [(equal, 0, 4, _CLONE[column]), (load, 0, 0, first_argument)]
    code += [(any_bit, 0, 1, _ANY_NAMESPACE), (answer, 0, 0, refuse), (answer, 0, 0, allow)]
    code += [(equal, 0, 5, _SOCKET[column]), (load, 0, 0, first_argument)]
    code += [(equal, len(_FAMILIES) - i, 0, family) for i, family in enumerate(_FAMILIES)]
    code += [(answer, 0, 0, refuse), (answer, 0, 0, allow)]
    return b"".join(struct.pack("HBBI", *instruction) for instruction in code)


def _check(call: str, result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")
