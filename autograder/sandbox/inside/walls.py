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

from .limits import CPU_SECONDS, MEMORY, NOTHING, OPEN_FILES, PROCESSES, SCRATCH

_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")  # the host's own, whose times could be set
OWN = ("/tmp", "/dev/shm", "/dev/pts", "/proc")  # made anew for each submission; all else is read-only
PROC = ("cpuinfo", "meminfo")  # what /proc tells of the machine; the rest tells hosts apart, or counts what they do

_LIBC = ctypes.CDLL(None, use_errno=True)
_NEW_WORLD = 0x00020000 | 0x04000000 | 0x08000000 | 0x20000000 | 0x40000000  # CLONE_NEW: mount, uts, ipc, pid, net
_ANY_NAMESPACE = 0x7E020080  # CLONE_NEW*: mount, cgroup, uts, ipc, user, pid, net, time
_RECURSIVE_PRIVATE = 0x4000 | 0x40000
_READ_ONLY, _NOSUID, _NODEV, _NOEXEC, _REMOUNT, _BIND, _RECURSIVE = 1, 2, 4, 8, 32, 4096, 16384
_DUMPABLE, _SECCOMP, _CAPBSET_DROP, _NO_NEW_PRIVS, _AMBIENT = 4, 22, 24, 38, 47
_CAPABILITY_VERSION = 0x20080522

# Calls that no lesson needs: name -> number on x86_64 and on aarch64. Some lead out of limits (memory that no limit
# counts), some out of the namespaces, some tell what others have read, some have a history of holes in the kernel.
_DENIED = {
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "shmat": (30, 196),
    "shmctl": (31, 195), "semget": (64, 190), "msgget": (68, 186), "mq_open": (240, 180),
    "mq_unlink": (241, 181), "vmsplice": (278, 75), "io_setup": (206, 0),
    "mincore": (27, 232), "preadv2": (327, 286), "cachestat": (451, 451),
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "chroot": (161, 51), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "statmount": (457, 457), "listmount": (458, 458), "open_tree_attr": (467, 467),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "pidfd_getfd": (438, 438), "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "fanotify_init": (300, 262),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104),
    "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225), "acct": (163, 89), "syslog": (103, 116),
    "sethostname": (170, 161), "settimeofday": (164, 170), "clock_settime": (227, 112), "adjtimex": (159, 171),
    "clock_adjtime": (305, 266), "kexec_file_load": (320, 294),
}  # fmt: skip
_CLONE, _CLONE3, _SOCKET, _SOCKETPAIR, _MMAP = (56, 220), (435, 435), (41, 198), (53, 199), (9, 222)
_SETSOCKOPT, _SEND_BUFFER = (54, 208), 7
_SHARED_ANONYMOUS = 0x01 | 0x20  # memory that stays when its pages are given back, so that nobody could count it
_ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
_FAMILY = 1  # AF_UNIX; there is nobody to reach by any other, and some, such as VSOCK, have no namespace


def supported() -> bool:
    """Whether the list of denied calls is known for this machine's processor."""
    return platform.machine() in _ARCHITECTURES


def number_of(call: str) -> int:
    """The number on this machine of one of the calls that are refused."""
    return _DENIED[call][_ARCHITECTURES[platform.machine()][1]]


def fork_into_new_world() -> int:
    """As `os.fork`, for a process with one thread; the child's mounts, network, System V objects, and all processes
    below it, are its own.
    """
    python = ctypes.pythonapi
    python.PyOS_BeforeFork()
    pid = ctypes.PyDLL(None, use_errno=True).syscall(
        _CLONE[_ARCHITECTURES[platform.machine()][1]], _NEW_WORLD | signal.SIGCHLD, 0, 0, 0, 0
    )
    if pid == 0:
        python.PyOS_AfterFork_Child()
        return 0
    python.PyOS_AfterFork_Parent()
    _check("clone", min(pid, 0))
    return pid


def put_up(uid: int | None) -> None:
    """All walls, around this process and those that it starts. ``uid``: whom to become; None: stay who one is.

    Raises:
        OSError: one cannot be had here.
    """
    own_session()
    fresh_folders()
    set_limits()
    drop_privileges(uid)
    deny_calls()


def own_session() -> None:
    """Share no session, process group or open file with the server: the next submission would see what is set there."""
    os.setsid()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


def fresh_folders() -> None:
    """New, empty folders in the place of those that can be written to, and a /proc that shows nothing of the host.

    A Python that is installed under /tmp, as some machines for tests have it, stays there.
    """
    _mount(None, "/", flags=_RECURSIVE_PRIVATE)
    pythons = [path for path in sorted({sys.prefix, sys.base_prefix}) if path.startswith("/tmp/")]
    opened = {path: os.open(path, os.O_PATH) for path in pythons}
    for folder in ("/tmp", "/dev/shm"):
        _mount("tmpfs", folder, "tmpfs", _NOSUID | _NODEV, f"size={SCRATCH},nr_inodes=10000,mode=1777")
    for path, descriptor in opened.items():
        if not os.path.exists(path):  # else it lies in the one before
            os.makedirs(path, mode=0o755)
            _mount(f"/proc/self/fd/{descriptor}", path, flags=_BIND | _RECURSIVE)
        os.close(descriptor)
    _mount("devpts", "/dev/pts", "devpts", _NOSUID | _NOEXEC, "newinstance,ptmxmode=0666,mode=0620")
    for device in _DEVICES:
        kept = os.statvfs(f"/dev/{device}").f_flag & (_NOSUID | _NODEV | _NOEXEC)
        _mount(None, f"/dev/{device}", flags=_REMOUNT | _BIND | _READ_ONLY | kept)
    _mount("tmpfs", NOTHING, "tmpfs", _NOSUID | _NODEV, "size=4k")
    os.mkdir(f"{NOTHING}/folder")
    os.close(os.open(f"{NOTHING}/file", os.O_CREAT | os.O_WRONLY, 0o444))
    _mount(None, NOTHING, flags=_REMOUNT | _BIND | _READ_ONLY | _NOSUID | _NODEV)
    _mount("proc", "/proc", "proc", _NOSUID | _NODEV | _NOEXEC)
    for entry in os.scandir("/proc"):
        if not (entry.name.isdigit() or entry.is_symlink() or entry.name in PROC):
            _mount(f"{NOTHING}/{'folder' if entry.is_dir() else 'file'}", entry.path, flags=_BIND)


def _mount(
    source: str | None, target: str, kind: str | None = None, flags: int = 0, options: str | None = None
) -> None:
    texts = (text and text.encode() for text in (source, target, kind))
    _check(f"mount {target}", _LIBC.mount(*texts, flags, options and options.encode()))


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
    load, equal, at_least, any_bit, mask, answer = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
    number, first_argument, third_argument, fourth_argument = (
        0,
        16,
        32,
        40,
    )  # offsets in struct seccomp_data; its architecture is at 4
    allow, kill = 0x7FFF0000, 0x80000000
    refuse, unknown, no_family = (0x00050000 | number for number in (errno.EPERM, errno.ENOSYS, errno.EAFNOSUPPORT))
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
    for numbers in (_SOCKET, _SOCKETPAIR):
        code += [(equal, 0, 4, numbers[column]), (load, 0, 0, first_argument), (equal, 1, 0, _FAMILY)]
        code += [(answer, 0, 0, no_family), (answer, 0, 0, allow)]
    code += [(equal, 0, 4, _SETSOCKOPT[column]), (load, 0, 0, third_argument), (equal, 0, 1, _SEND_BUFFER)]
    code += [(answer, 0, 0, refuse), (answer, 0, 0, allow)]
    code += [(equal, 0, 4, _MMAP[column]), (load, 0, 0, fourth_argument), (mask, 0, 0, _SHARED_ANONYMOUS)]
    code += [(equal, 0, 1, _SHARED_ANONYMOUS), (answer, 0, 0, refuse), (answer, 0, 0, allow)]
    return b"".join(struct.pack("HBBI", *instruction) for instruction in code)


def _check(call: str, result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")
