"""Frames between the judge and the sandbox: JSON for structure, safetensors bytes for tensors. Never pickle.

A frame is two lengths (4 bytes each, big-endian), that many bytes of JSON, and that many of safetensors. What is read
from the other side is only data: plain values, and the classes of `course_utils.probes` that hold plain values.
"""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

import safetensors
import torch

from course_utils.probes import Case, Observation, Opaque, Raised, Seed

MAX_FRAME = 64 * 2**20  # bytes
MAX_JSON = 8 * 2**20  # bytes of them: what is read from JSON takes many times the memory of its text
MAX_TEXT = 20_000  # characters kept of one text
STATUS = struct.Struct("!i")  # the server's answer when a submission has ended
OUT_OF_MEMORY = 1  # that answer, where it had to end it for taking too much
_LENGTHS = struct.Struct("!II")
_NAMES = {  # safetensors' own
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.float32: "F32",
    torch.float64: "F64",
    torch.bool: "BOOL",
    torch.uint8: "U8",
    torch.int8: "I8",
    torch.int16: "I16",
    torch.int32: "I32",
    torch.int64: "I64",
}
_DTYPES = {name: dtype for dtype, name in _NAMES.items()}


class WireError(Exception):
    """The other side sent something that is no frame, sent too much, or went away."""


class TooSlow(WireError):
    """The other side did not answer in time."""


class Room:
    """How much may still be sent, in one frame or in several."""

    def __init__(self) -> None:
        self._json, self._all = MAX_JSON, MAX_FRAME

    def take(self, n_json: int, n_tensors: int) -> None:
        """Take room for a frame. Raises WireError where there is none."""
        self._json -= n_json
        self._all -= n_json + n_tensors
        if min(self._json, self._all) < 0:
            raise WireError(f"sent more than {MAX_JSON if self._json < 0 else MAX_FRAME:,} bytes")


def send(channel: socket.socket, value: Any) -> None:
    """Send ``value`` in one frame.

    Raises:
        WireError: it is too large, or the other side has gone.
    """
    send_encoded(channel, encode(value))


def send_encoded(channel: socket.socket, frame: bytes, seconds: float | None = None) -> None:
    """Send what `encode` made. Raises WireError where the other side has gone, or takes longer to read it."""
    try:
        channel.settimeout(seconds)
        channel.sendall(frame)
    except OSError as error:
        raise WireError(f"cannot be written to ({error})") from error


def receive(channel: socket.socket, deadline: float | None = None, room: Room | None = None) -> Any:
    """Read one frame and return its value.

    Args:
        deadline: the `time.monotonic` after which to give up.
        room: how much may come in several frames together.

    Raises:
        TooSlow: the deadline passed.
        WireError: the other side has gone, sent what is no frame, or sent too much.
    """
    n_json, n_tensors = _LENGTHS.unpack(exactly(channel, _LENGTHS.size, deadline))
    (room or Room()).take(n_json, n_tensors)
    body = exactly(channel, n_json + n_tensors, deadline)
    try:
        tensors = _deserialized(bytes(body[n_json:])) if n_tensors else []
        return json.loads(body[:n_json].decode(), object_hook=lambda item: _value(item, tensors))
    except RecursionError as error:
        raise WireError("sent something nested too deeply") from error
    except Exception as error:  # a hostile frame may fail anywhere in json, safetensors or torch
        raise WireError(f"sent something that is no frame ({type(error).__name__})") from error


def encode(value: Any) -> bytes:
    """``value`` as one frame: plain values, tensors, and the classes of `course_utils.probes`.

    Raises:
        WireError: the frame would be too large.
    """
    tensors: list[torch.Tensor] = []
    text = json.dumps(_plain(value, tensors)).encode()
    data = _serialized(tensors) if tensors else b""
    if len(text) > MAX_JSON or len(text) + len(data) > MAX_FRAME:
        limits = f"{MAX_JSON:,} of text and {MAX_FRAME:,} in all are the limits"
        raise WireError(f"{len(text):,} bytes of text and {len(data):,} of tensors are too many; {limits}")
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


def _plain(value: Any, tensors: list[torch.Tensor]) -> Any:
    """``value`` as JSON has it; what JSON does not know becomes an object with one key, a kind's sign.

    This runs for every value of every call of a learner's function, so what is frequent comes first.
    """
    kind = type(value)
    if kind is str or kind is bool or value is None or kind is float:
        return value
    if kind is int:
        return value if abs(value) < 2**63 else {"$opaque": "int of more than 64 bits"}
    if kind is dict:
        return {str(key): item if type(item) in _SCALARS else _plain(item, tensors) for key, item in value.items()} | (
            {"$dict": True} if any(str(key).startswith("$") for key in value) else {}
        )
    if isinstance(value, torch.Tensor):
        return _plain_tensor(value, tensors)
    if kind is Observation:
        return {"$observation": [_plain(value.parts, tensors), _plain(value.raised, tensors), value.printed]}
    if kind is list:
        return [item if type(item) in _SCALARS else _plain(item, tensors) for item in value]
    if isinstance(value, tuple):
        return {"$tuple": [_plain(item, tensors) for item in value]}
    for known, (sign, content) in _OTHERS.items():
        if isinstance(value, known):
            return {sign: _plain(content(value), tensors)}
    return {"$opaque": kind.__name__}


_SCALARS = {str, bool, float, type(None)}
_OTHERS: dict[type, tuple[str, Callable[[Any], Any]]] = {
    torch.dtype: ("$dtype", lambda dtype: str(dtype).removeprefix("torch.")),
    Raised: ("$raised", lambda raised: [raised.kind, raised.text, raised.line, raised.by_learner]),
    Opaque: ("$opaque", lambda opaque: opaque.kind),
    Seed: ("$seed", lambda seed: [seed.value, seed.drawn]),
    Case: ("$case", lambda case: [dict(case.args), case.mode, case.barred]),
    dict: ("$mapping", lambda mapping: dict(mapping)),
    str: ("$text", lambda text: str.__str__(text)),
}


def _plain_tensor(value: torch.Tensor, tensors: list[torch.Tensor]) -> dict[str, Any]:
    if value.dtype not in _NAMES or value.layout != torch.strided or value.device.type not in ("cpu", "meta"):
        return {"$opaque": f"{str(value.dtype).removeprefix('torch.')} tensor"}
    if value.is_meta:
        return {"$meta": [_NAMES[value.dtype], *value.shape]}
    tensors.append(value)
    return {"$tensor": len(tensors) - 1}


def _serialized(tensors: list[torch.Tensor]) -> bytes:
    # by address, as safetensors.torch does too, but without its look at each tensor's neighbours in memory
    alive = [t.detach().contiguous() for t in tensors]
    return safetensors.serialize(
        {
            str(i): safetensors.TensorSpec(
                dtype=str(t.dtype).removeprefix("torch."), shape=t.shape, data_ptr=t.data_ptr(), data_len=t.nbytes
            )
            for i, t in enumerate(alive)
        }
    )


def _deserialized(data: bytes) -> list[torch.Tensor]:
    found = {int(name): _tensor(**content) for name, content in safetensors.deserialize(data)}
    return [found[i] for i in range(len(found))]


def _tensor(dtype: str, shape: list[int], data: bytearray) -> torch.Tensor:
    if not data:
        return torch.empty(shape, dtype=_DTYPES[dtype])
    return torch.frombuffer(data, dtype=_DTYPES[dtype]).reshape(shape)


def _value(item: dict[str, Any], tensors: list[torch.Tensor]) -> Any:
    """What an object of the JSON stands for; objects inside it have been read already."""
    if len(item) == 1:
        ((sign, content),) = item.items()
        if sign.startswith("$"):
            return _SIGNS[sign](content, tensors)
    item.pop("$dict", None)
    return item


_SIGNS: dict[str, Callable[[Any, list[torch.Tensor]], Any]] = {
    "$tensor": lambda i, tensors: tensors[i],
    "$meta": lambda content, _: torch.empty(content[1:], dtype=_DTYPES[content[0]], device="meta"),
    "$tuple": lambda items, _: tuple(items),
    "$dtype": lambda name, _: next((t for t in _NAMES if str(t) == f"torch.{name}"), Opaque(f"dtype {_text(name)}")),
    "$opaque": lambda kind, _: Opaque(_text(kind)),
    "$raised": lambda c, _: Raised(_text(c[0]), _text(c[1]), _text(c[2]), c[3] is True),
    "$seed": lambda content, _: Seed(int(content[0]), int(content[1])),
    "$case": lambda content, _: Case(content[0], _text(content[1]), content[2]),
    "$observation": lambda content, _: _observation(*content),
    "$mapping": lambda content, _: content,
    "$text": lambda text, _: _text(text),
    "$dict": lambda _, __: {},
}


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(type(value).__name__)
    return value[:MAX_TEXT]


def _observation(parts: Any, raised: Any, printed: Any) -> Observation:
    if not isinstance(parts, dict) or not isinstance(raised, (Raised, type(None))):
        raise TypeError("not an observation")
    return Observation(parts, raised, _text(printed))
