"""Make the server do once what would else cost every submission: imports, and what PyTorch sets up on first use."""

from __future__ import annotations

import importlib
import pkgutil

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import course_utils
from course_utils.probes.watch import watch_calls

_LIBRARIES = ("matplotlib.pyplot", "ipywidgets", "torch.testing", "torch.optim", "torch.utils.data")


def warm_up() -> None:
    """Import and use what lessons use. Afterwards there is still one thread, so that forking is safe."""
    torch.set_num_threads(1)
    for name in _LIBRARIES:
        importlib.import_module(name)
    for module in pkgutil.walk_packages(course_utils.__path__, "course_utils."):
        importlib.import_module(module.name)
    state = torch.default_generator.get_state()
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.LayerNorm(2), nn.Dropout(0.1))
    for Optimizer in (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW):
        optimizer = Optimizer(model.parameters(), lr=0.1)
        for (x,) in DataLoader(TensorDataset(torch.ones(4, 2)), batch_size=2, shuffle=True):
            with watch_calls():
                optimizer.zero_grad()
                nn.CrossEntropyLoss()(model(x), torch.tensor([0, 1])).backward()
                optimizer.step()
    torch.ones(2, device="meta") + torch.ones(2, device="meta")
    torch.save({}, "/dev/null")
    repr(torch.ones(2))
    torch.default_generator.set_state(state)
