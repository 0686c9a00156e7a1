"""pick_device gives a device on which work can be done."""

import warnings

import pytest
import torch

from course_utils import device, pick_device


def pretend(monkeypatch, accelerator):
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available=False: accelerator)


def test_work_can_be_done_on_the_device_that_is_picked():
    ones = torch.ones(2, 3, device=pick_device())

    assert (ones @ ones.T).tolist() == [[3.0, 3.0], [3.0, 3.0]]


def test_the_cpu_is_picked_where_pytorch_finds_no_accelerator(monkeypatch):
    pretend(monkeypatch, None)

    assert pick_device() == torch.device("cpu")


@pytest.mark.parametrize("kind", ["cuda", "mps", "xpu"])
def test_an_accelerator_that_works_is_picked_without_a_warning(monkeypatch, kind):
    pretend(monkeypatch, torch.device(kind))
    monkeypatch.setattr(device, "_try_out", lambda picked: None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")

        assert pick_device() == torch.device(kind)


def test_an_accelerator_that_is_listed_and_fails_gives_the_cpu_and_the_reason(monkeypatch):
    pretend(monkeypatch, torch.device("cuda"))

    def fail(picked):
        raise torch.AcceleratorError("CUDA error: no kernel image is available\nCompile with ...")

    monkeypatch.setattr(device, "_try_out", fail)
    with pytest.warns(UserWarning, match="fails") as caught:
        picked = pick_device()

    assert picked == torch.device("cpu")
    assert [str(warning.message) for warning in caught] == [
        'pick_device: working on the CPU, because "cuda" fails: CUDA error: no kernel image is available'
    ]
    assert caught[0].filename == __file__


def test_a_device_without_values_does_not_count_as_working(monkeypatch):
    pretend(monkeypatch, torch.device("meta"))

    with pytest.warns(UserWarning, match='"meta" fails'):
        assert pick_device() == torch.device("cpu")
