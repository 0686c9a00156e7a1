"""Frames between the judge and the sandbox: JSON for structure, safetensors bytes for tensors. Never pickle.

A frame is two lengths (4 bytes each, big-endian), that many bytes of JSON, and that many of safetensors. What is read
from the other side is only data: plain values, and the classes of `course_utils.probes` that hold plain values.
"""

from __future__ import annotations

import json
import math
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

import safetensors.torch
import torch

from course_utils.probes import Case, Observation, Opaque, Raised, Seed

MAX_FRAME = 64 * 2**20  # bytes
MAX_TEXT = 20_000  # characters kept of one text
STATUS = struct.Struct("!i")  # the server's answer when a submission has ended
OUT_OF_MEMORY = 1  # that answer, where it had to end it for taking too much
_LENGTHS = struct.Struct("!II")
_DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        *(torch.float16, torch.bfloat16, torch.float32, torch.float64),
        *(torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64),
    )
}


class WireError(Exception):
    """The other side sent something that is no frame, sent too much, or went away."""


class TooSlow(WireError):
    """The other side did not answer in time."""


def send(channel: socket.socket, value: Any) -> None:
    """Send ``value`` in one frame.

    Raises:
        WireError: it is too large, or the other side has gone.
    """
    send_encoded(channel, encode(value))


def send_encoded(channel: socket.socket, frame: bytes) -> None:
    """Send what `encode` made. Raises WireError where the other side has gone."""
    try:
        channel.sendall(frame)
    except OSError as error:
        raise WireError(f"cannot be written to ({error})") from error


def receive(channel: socket.socket, deadline: float | None = None) -> Any:
    """Read one frame and return its value.

    Args:
        deadline: the `time.monotonic` after which to give up.

    Raises:
        TooSlow: the deadline passed.
        WireError: the other side has gone, or sent what is no frame.
    """
    n_json, n_tensors = _LENGTHS.unpack(exactly(channel, _LENGTHS.size, deadline))
    if n_json + n_tensors > MAX_FRAME:
        raise WireError(f"sent {n_json + n_tensors:,} bytes at once; {MAX_FRAME:,} is the limit")
    body = exactly(channel, n_json + n_tensors, deadline)
    try:
        tensors = safetensors.torch.load(bytes(body[n_json:])) if n_tensors else {}
        return _from_plain(json.loads(bytes(body[:n_json])), tensors)
    except RecursionError as error:
        raise WireError("sent something nested too deeply") from error
    except Exception as error:  # a hostile frame may fail anywhere in json, safetensors or torch
        raise WireError(f"sent something that is no frame ({type(error).__name__})") from error


def encode(value: Any) -> bytes:
    """``value`` as one frame: plain values, tensors, and the classes of `course_utils.probes`.

    Raises:
        WireError: the frame would be too large.
    """
    tensors: dict[str, torch.Tensor] = {}
    text = json.dumps(_to_plain(value, tensors)).encode()
    data = safetensors.torch.save(tensors) if tensors else b""
    if len(text) + len(data) > MAX_FRAME:
        raise WireError(f"{len(text) + len(data):,} bytes are too many for one frame; {MAX_FRAME:,} is the limit")
    return _LENGTHS.pack(len(text), len(data)) + text + data


def exactly(channel: socket.socket, n: int, deadline: float | None) -> bytearray:
    """Read ``n`` bytes. Raises as `receive` does."""
    data = bytearray(n)
    view, got = memoryview(data), 0
    while got < n:
        if deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TooSlow("did not answer in time")
            channel.settimeout(left)
        try:
            more = channel.recv_into(view[got:])
        except TimeoutError as error:
            raise TooSlow("did not answer in time") from error
        except OSError as error:
            raise WireError(f"cannot be read from ({error})") from error
        if not more:
            raise WireError("ended")
        got += more
    return data


def _to_plain(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    """``value`` as JSON has it; what JSON does not know becomes an object with one key, its kind."""

    def plain(item: Any) -> Any:
        return _to_plain(item, tensors)

    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)[:MAX_TEXT].encode("utf-8", "replace").decode()
    if isinstance(value, int):
        return int(value) if abs(value) < 2**63 else {"opaque": "int of more than 64 bits"}
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"float": str(float(value))}
    if isinstance(value, torch.Tensor):
        return _tensor_to_plain(value, tensors)
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, tuple):
        return {"tuple": [plain(item) for item in value]}
    if isinstance(value, torch.dtype):
        return {"dtype": str(value).removeprefix("torch.")}
    if isinstance(value, Seed):
        return {"seed": value.value}
    if isinstance(value, Raised):
        return {"raised": [value.kind, plain(value.text), plain(value.line), value.by_learner]}
    if isinstance(value, Case):
        return {"case": [plain(dict(value.args)), value.mode]}
    if isinstance(value, Observation):
        return {"observation": [plain(dict(value.parts)), plain(value.raised), plain(value.printed)]}
    if hasattr(value, "items"):
        return {"dict": [[plain(str(key)), plain(item)] for key, item in value.items()]}
    return {"opaque": value.kind if isinstance(value, Opaque) else type(value).__name__}


def _tensor_to_plain(value: torch.Tensor, tensors: dict[str, torch.Tensor]) -> dict[str, Any]:
    dtype = str(value.dtype).removeprefix("torch.")
    if dtype not in _DTYPES or value.layout != torch.strided or value.device.type not in ("cpu", "meta"):
        return {"opaque": f"{dtype} tensor"}
    if value.is_meta:
        return {"meta": [list(value.shape), dtype]}
    tensors[f"t{len(tensors)}"] = value.detach().contiguous().clone()
    return {"tensor": f"t{len(tensors) - 1}"}


def _from_plain(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    if isinstance(value, str):
        return value[:MAX_TEXT]
    if isinstance(value, list):
        return [_from_plain(item, tensors) for item in value]
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    return _KINDS[kind](content, lambda item: _from_plain(item, tensors), tensors)


_Reader = Callable[[Any, Callable[[Any], Any], dict[str, torch.Tensor]], Any]
_KINDS: dict[str, _Reader] = {
    "float": lambda text, _, __: {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[text],
    "tensor": lambda key, _, tensors: tensors[key],
    "meta": lambda content, _, __: _meta(*content),
    "tuple": lambda items, read, _: tuple(read(list(items))),
    "dict": lambda pairs, read, _: {_text(key): read(item) for key, item in pairs},
    "dtype": lambda name, _, __: _DTYPES.get(name) or Opaque(f"dtype {_text(name)}"),
    "seed": lambda number, _, __: Seed(int(number)),
    "opaque": lambda kind, _, __: Opaque(_text(kind)),
    "raised": lambda c, _, __: Raised(_text(c[0]), _text(c[1]), _text(c[2]), c[3] is True),
    "case": lambda content, read, _: Case(read(content[0]), _text(content[1])),
    "observation": lambda content, read, _: _observation(*map(read, content)),
}


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(type(value).__name__)
    return value[:MAX_TEXT]


def _meta(shape: list[int], dtype: str) -> torch.Tensor:
    return torch.empty([int(n) for n in shape], dtype=_DTYPES[dtype], device="meta")


def _observation(parts: Any, raised: Any, printed: Any) -> Observation:
    if not isinstance(parts, dict) or not isinstance(raised, (Raised, type(None))):
        raise TypeError("not an observation")
    return Observation(parts, raised, _text(printed))
