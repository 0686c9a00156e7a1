"""The sandbox: frames that nobody can break, walls that are proved, and a judge that hostile answers leave standing."""

import contextlib
import json
import math
import random
import socket
import stat
import struct
import threading
import time

import pytest
import torch

from autograder.exercises import EXERCISES
from autograder.judge import Gone
from autograder.judge.compare import Tolerance, difference
from autograder.sandbox import bubblewrap, run
from autograder.sandbox.client import Sandbox
from autograder.sandbox.errors import SandboxError
from autograder.sandbox.inside import wire
from autograder.sandbox.launch import Server
from autograder.sandbox.run import Absent, Program, Run, Target
from course_utils.probes import Case, Opaque, Raised, Seed

SOFTMAX = EXERCISES["softmax"]

# --- frames


def through_the_wire(value):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        threading.Thread(target=wire.send, args=(ours, value)).start()
        return wire.receive(theirs, time.monotonic() + 10)


def received(data, room=None):
    """What is read where the other side writes these bytes, and goes."""
    ours, theirs = socket.socketpair()
    with theirs:
        threading.Thread(target=lambda: (ours.sendall(data), ours.close())).start()
        return wire.receive(theirs, time.monotonic() + 10, room)


def frame(text, tensors=b""):
    return struct.pack("!II", len(text), len(tensors)) + text + tensors


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        -(2**62),
        "text with \x00, \ud800 and ü",
        [1, [2.5, ()], {"a": {"$b": (1, 2)}, "$tensor": 0}],
        torch.float64,
        Raised("ValueError", "no", "line 3: raise ValueError", True),
        Seed(3, drawn=5),
        Opaque("set"),
    ],
    ids=repr,
)
def test_plain_values_arrive_as_they_were(value):
    assert value == through_the_wire(value)


@pytest.mark.parametrize("dtype", [*wire._NAMES], ids=str)
def test_tensors_arrive_as_they_were(dtype):
    tensor = torch.arange(6).reshape(2, 3).to(dtype).T

    whole, empty, scalar = through_the_wire([tensor, tensor[:0], tensor[0, 0]])

    assert torch.equal(tensor, whole)
    assert (empty.shape, empty.dtype) == ((0, 2), dtype)
    assert (scalar.shape, scalar.dtype) == ((), dtype)


def test_meta_tensors_and_nan_arrive_too():
    shape, (low, nan) = through_the_wire((torch.empty(10**9, 3, device="meta"), [-math.inf, math.nan]))

    assert (shape.shape, shape.device.type) == ((10**9, 3), "meta")
    assert low == -math.inf
    assert math.isnan(nan)


def test_cases_and_observations_arrive_as_they_were():
    for case in SOFTMAX.expand(3):
        sent = SOFTMAX.observe(SOFTMAX.reference, case)
        came, observation = through_the_wire((case, sent))

        assert (came.mode, [*came.args]) == (case.mode, [*case.args])
        assert difference(observation, sent, Tolerance(0, 0)) is None


@pytest.mark.parametrize(
    "value",
    [{1, 2}, object(), 2**70, torch.zeros(2).to_sparse(), 1j],
    ids=["set", "object", "int", "sparse", "complex"],
)
def test_what_no_frame_can_hold_arrives_as_its_kind(value):
    assert isinstance(through_the_wire(value), Opaque)


def test_random_bytes_are_no_frame():
    dice = random.Random(1)
    for _ in range(3000):
        text, tensors = dice.randbytes(dice.randrange(60)), dice.randbytes(dice.choice((0, 8, 60)))
        with pytest.raises(wire.WireError):
            received(frame(b"[" + text, tensors))


def test_damaged_frames_end_in_nothing_but_a_wire_error():
    dice = random.Random(2)
    case = SOFTMAX.expand(1)[0]
    whole = wire.encode([case, SOFTMAX.observe(SOFTMAX.reference, case), torch.empty(3, device="meta"), Seed(1)])
    damaged = 0
    for _ in range(3000):
        data = bytearray(whole)
        for _ in range(dice.randint(1, 4)):
            data[dice.randrange(8, len(data))] = dice.choice(b'0123456789{}[]",:$-x\x00\xff')
        try:
            received(bytes(data[: dice.choice((len(data), dice.randrange(len(data))))]))
        except wire.WireError:
            damaged += 1

    assert damaged > 1000


LYING = json.dumps({"0": {"dtype": "F32", "shape": [10**12], "data_offsets": [0, 4]}}).encode()


@pytest.mark.parametrize(
    "data",
    [
        frame(b"[" * 100_000),
        frame(b"[" + b"9" * 5000 + b"]"),
        frame(b'{"$tensor": 0}'),
        frame(b'{"$tensor": 0}', struct.pack("<Q", len(LYING)) + LYING + b"1234"),
        frame(b'{"$tensor": 0}', struct.pack("<Q", 2**63) + b"{}"),
        frame(b'{"$meta": ["F32", -1]}'),
        frame(b'{"$meta": [["F32"]]}'),
        frame(b'{"$observation": [1, 2, 3]}'),
        frame(b'{"$raised": ["a"]}'),
        frame(b'{"$unknown": 1}'),
        frame(b"\xff\xfe"),
        b"\xff" * 8,
        b"\x00\x00",
    ],
)
def test_a_hostile_frame_ends_in_a_wire_error(data):
    with pytest.raises(wire.WireError):
        received(data)


def test_of_a_long_text_a_part_arrives():
    (raised,) = received(frame(json.dumps([{"$raised": ["x" * 10**6, "", "", False]}]).encode()))

    assert len(raised.kind) == wire.MAX_TEXT


def test_frames_share_one_room():
    room, text = wire.Room(), b'"' + b"x" * (wire.MAX_JSON // 2) + b'"'
    received(frame(text), room)

    with pytest.raises(wire.WireError, match="more than 8,388,608 bytes"):
        received(frame(text), room)


def test_a_slow_drip_comes_too_late():
    ours, theirs = socket.socketpair()
    stop = threading.Event()

    def drip():
        ours.sendall(struct.pack("!II", 1000, 0))
        while not stop.wait(0.05):
            ours.sendall(b" ")

    with ours, theirs:
        dripping = threading.Thread(target=drip)
        dripping.start()
        with pytest.raises(wire.TooSlow):
            wire.receive(theirs, time.monotonic() + 0.3)
        stop.set()
        dripping.join()


def test_who_does_not_read_is_not_waited_for():
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(wire.WireError, match="timed out"):
        wire.send_encoded(ours, bytes(10**8), 0.2)


# --- what a hostile process may say to the judge


def hostile(*said):
    """A run of a notebook whose first process says these things, whatever it is sent; the next ones are honest."""
    scripts = iter([said])
    return begun(TWO, lambda: hostile_channel(*next(scripts, [{"done": True}])))


def begun(program, begin, until=math.inf):
    """A run whose cells have run, in the processes that ``begin`` gives."""
    ran = Run(program, begin, lambda: False, until)
    ran.run_cells()
    return ran


TWO = Program(("1", "2"), {"softmax": Target(("softmax",), 1)})


def hostile_channel(*said, waits=False):
    """A channel to a process that says these things, and then nothing more; it ends, unless it ``waits``."""
    ours, theirs = socket.socketpair()
    script = [f if isinstance(f, bytes) else frame(json.dumps(f).encode()) for f in said]
    threading.Thread(target=say, args=(theirs, script, waits), daemon=True).start()
    return ours


def say(channel, script, waits):
    with contextlib.suppress(OSError):
        for words in script:
            channel.sendall(words)
        if not waits:
            channel.shutdown(socket.SHUT_WR)
        while channel.recv(2**20):  # until the judge has gone
            pass


def nested(depth, kind="$observation"):
    value = {}
    for _ in range(depth):
        value = {kind: [{"a": value}, None, ""]}
    return value


STREAM = {"output_type": "stream", "name": "stdout", "text": "said"}


@pytest.mark.parametrize(
    "outputs",
    [
        [1],
        ["text"],
        [None],
        [[STREAM]],
        [{}],
        [{"output_type": "stream", "text": nested(100)}],
        [nested(150)],
        [{"output_type": "display_data", "data": {"text/plain": {"a": 1}}}],
        [{"output_type": "error", "ename": "a", "evalue": "b", "traceback": [nested(150)]}],
        [{"output_type": "error", "ename": {"$tensor": 0}, "evalue": "b", "traceback": []}],
    ],
)
def test_outputs_that_no_cell_can_have_end_the_cell(outputs):
    ran = hostile({"cell": 0}, {"ran": 0, "outputs": outputs, "raised": None}, {"done": True})

    assert ran.ended == {0: "ended the whole process"}
    assert ran.outputs == {}


@pytest.mark.parametrize(
    "said",
    [{"cell": -1}, {"cell": 2}, {"cell": 10**40}, {"cell": "0"}, {"cell": None}, {"ran": 1}, {"done": 1}, [], 3, b"x"],
)
def test_nonsense_while_cells_run_ends_the_cell(said):
    ran = hostile({"cell": 0}, said)

    assert ran.ended == {0: "ended the whole process"}


def test_outputs_beyond_the_limit_are_dropped(monkeypatch):
    monkeypatch.setattr(run, "MAX_OUTPUT", 6)
    ran = hostile(*({"ran": 0, "outputs": [STREAM], "raised": None} for _ in range(2)), {"done": True})

    assert ran.outputs == {0: []}


def observed(*answers):
    ran = hostile({"done": True}, *answers)
    return ran.observe("softmax", SOFTMAX.probe, [Case({}), Case({})])


DEFINED = {"absent": [], "uncallable": []}


@pytest.mark.parametrize(
    "answers",
    [
        [3],
        [{"absent": 3, "uncallable": []}],
        [DEFINED, []],
        [DEFINED, [1, 2]],
        [DEFINED, {}],
        [DEFINED, [nested(100)], [3]],
        [DEFINED, b"\xff" * 8],
    ],
)
def test_nonsense_in_place_of_observations_is_the_end_of_the_exercise(answers):
    with pytest.raises(Gone, match="its process"):
        observed(*answers)


@pytest.mark.parametrize("kind", ["0.123456789", ["0.1"], {"a": 0.1}, 7, None])
def test_a_kind_of_value_that_is_made_up_is_not_told(kind):
    with pytest.raises(Absent) as absent:
        observed({"absent": [], "uncallable": [kind]})

    assert str(absent.value) == "softmax is a value of type unknown, not a function or class."


def test_more_observations_than_asked_for_are_left_out():
    assert len(observed(DEFINED, [{"$observation": [{}, None, ""]}] * 5)) == 2


# --- a submission's time


def test_where_the_time_is_used_up_nothing_runs_any_more_and_that_is_said():
    ran = begun(TWO, lambda: pytest.fail("a process was begun"), time.monotonic())

    with pytest.raises(Gone, match="the time that one submission has was used up before it was judged"):
        ran.observe("softmax", SOFTMAX.probe, [Case({})])
    assert list(ran.late) == ["softmax"]
    assert ran.ended == {}


def test_cells_that_loop_get_less_and_less_time_so_that_some_is_left(monkeypatch):
    monkeypatch.setattr(run, "CELL_SECONDS", 0.4)
    ran = begun(Program(("1",) * 9, {}), lambda: hostile_channel(waits=True))

    assert ran.ended == {i: f"did not finish within {0.4 / 2**i:.3g} s" for i in range(run.MAX_ENDED)}


def test_a_cell_that_ran_once_is_not_blamed_where_no_time_is_left_to_run_it_again(monkeypatch):
    began = iter(
        [
            hostile_channel({"cell": 0}, {"ran": 0, "outputs": [], "raised": None}, {"done": True}),
            hostile_channel(waits=True),
        ]
    )
    ran = begun(TWO, lambda: next(began))
    ran._left = 0.01
    ran.restart()

    assert ran.ended == {}
    with pytest.raises(Gone, match="used up"):
        ran.observe("softmax", SOFTMAX.probe, [Case({})])


def test_a_call_that_does_not_end_is_named_as_late(monkeypatch):
    monkeypatch.setattr(run, "CALL_SECONDS", 0.1)
    ran = begun(TWO, lambda: hostile_channel({"done": True}, DEFINED, waits=True))

    with pytest.raises(Gone, match="did not finish in time"):
        ran.observe("softmax", SOFTMAX.probe, [Case({})])
    assert ran.late["softmax"].startswith("it did not finish in time")


def test_an_exercise_may_have_a_longer_time_for_a_call_of_its_own(monkeypatch):
    monkeypatch.setattr(run, "CALL_SECONDS", 60)
    ran = Run(TWO, lambda: hostile_channel({"done": True}, DEFINED, waits=True), lambda: False)

    with pytest.raises(Gone, match=r"\(0\.1 s for one call"):
        ran.observe("softmax", SOFTMAX.probe, [Case({})], seconds=0.1)


# --- no sandbox to be had


def test_without_bubblewrap_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(bubblewrap.shutil, "which", lambda name: None)

    with pytest.raises(SandboxError, match=r"bubblewrap is not installed.*apt install bubblewrap.*--trusted"):
        Sandbox().start()


def test_where_namespaces_are_forbidden_the_error_says_what_to_allow(monkeypatch, tmp_path):
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(bubblewrap.shutil, "which", lambda name: str(fake))

    with pytest.raises(SandboxError) as error:
        Sandbox().start()

    assert "bwrap: No permissions to create new namespace" in str(error.value)
    assert "AppArmor" in str(error.value)
    assert "docs/grading.md" in str(error.value)


def test_other_systems_are_told_of_the_way_without(monkeypatch):
    monkeypatch.setattr(bubblewrap.sys, "platform", "darwin")

    with pytest.raises(SandboxError, match=r"needs Linux.*--trusted"):
        bubblewrap.command()


def test_a_server_that_was_started_beforehand_ends_with_the_sandbox_whether_it_was_used_or_not():
    unused, used = Server(), Server()
    Sandbox(server=unused).close()
    with Sandbox(server=used) as started:
        assert started._server is used

    assert unused.process.poll() is not None
    assert used.process.poll() is not None


def test_a_server_that_was_killed_is_started_again():
    with Sandbox() as started:
        started._server.process.kill()
        started._server.process.wait()
        with started.run(Program(("1 + 1",), {})) as ran:
            shown = [node["data"]["text/plain"] for node in ran.outputs[0]]

    assert shown == ["2"]
