"""What often stands behind an error of PyTorch's or Python's, for somebody who meets it for the first time."""

from __future__ import annotations

import re

from course_utils.probes import Raised

_LAYERS = "ReLU|LeakyReLU|GELU|SiLU|Tanh|Sigmoid|Softmax|Linear|Embedding|Dropout|LayerNorm|BatchNorm1d"
_LAYER = "A layer is made first and called then, as in nn.ReLU()(x). nn.ReLU(x) makes one, with x for a setting."
_NONE = (
    "Something is None where a value was expected. A .grad is None until backward() has filled it, and so is what a "
    "function without `return` gives. Which is it here?"
)

# (what the error's text holds, what is said of it): facts and questions that are true whatever the code was meant to do
EXPLAINED = tuple(
    (re.compile(pattern), says)
    for pattern, says in (
        (
            r"'type' object does not support the context manager protocol|^__enter__$",
            "After `with` stands a class. `torch.no_grad` only names it; `torch.no_grad()` makes what `with` needs.",
        ),
        (
            r"Boolean value of Tensor with more than one value is ambiguous",
            "A tensor with several entries is neither true nor false. What do you want to know: whether there is one "
            "(`is None`), or what holds for its entries (`.all()`, `.any()`)?",
        ),
        (rf"'({_LAYERS})' object has no attribute|unsupported operand type.*'({_LAYERS})'", _LAYER),
        (
            r"is not a Module subclass",
            "A class is given where a layer is wanted: nn.ReLU names the class, nn.ReLU() makes the layer.",
        ),
        (r"'NoneType' object|unsupported operand type.*'NoneType'", _NONE),
        (
            r"does not require grad and does not have a grad_fn",
            "backward() finds nothing that was recorded. Which tensor asks for gradients, and does a step to the loss "
            "leave the graph, as under torch.no_grad(), or by .detach() and .item()?",
        ),
        (
            r"a leaf Variable that requires grad is being used in an in-place operation",
            "A leaf that requires grad may not change while autograd is recording. What switches the recording off for "
            "a few lines?",
        ),
        (
            r"Trying to backward through the graph a second time",
            "backward() has gone through this graph before, and what it had kept for that is gone. Is the forward pass "
            "done anew before each backward()?",
        ),
        (
            r"grad can be implicitly created only for scalar outputs",
            "backward() starts from a single number. How do your many become one?",
        ),
        (
            r"shapes cannot be multiplied|Expected size for first two dimensions of batch2",
            "A matrix product takes (n, k) @ (k, m): the two sizes inside must agree. Print both shapes: does one want "
            "to be transposed, as by .mT?",
        ),
        (
            r"must match the size of tensor .* at non-singleton dimension",
            "Shapes are lined up from the last dim on, and there two sizes must be equal, or one of them 1. Print both "
            "shapes: is keepdim=True or an unsqueeze missing?",
        ),
        (
            r"Index tensor must have the same number of dimensions",
            "gather wants an index with as many dims as what it chooses from. unsqueeze gives it one more.",
        ),
        (
            r"Expected target size",
            "cross_entropy looks for the classes in dim 1. Flatten the logits to (samples, classes) and the targets to "
            "(samples,), or move the classes to dim 1.",
        ),
        (
            r"tensors used as indices must be|expected.*int64 for index|Expected dtype int64 for index",
            "Only whole numbers, or True and False, can choose entries. Which dtype does your index have?",
        ),
        (
            r"Expected all tensors to be on the same device|is not on the expected device",
            "Two tensors lie on different devices. Does a step of yours create one without device=...?",
        ),
        (
            r"to have the same dtype|expected scalar type",
            "Two dtypes meet where both must be the same. Print .dtype of each: which step made the other one?",
        ),
        (
            r"cannot be applied to a 0-dim tensor|of a 0-dim tensor|iteration over a 0-d tensor",
            "A tensor of 0 dims is a single number: it has no entries to go through. What works for every shape?",
        ),
        (
            r"cannot be converted to Scalar|only one element tensors can be converted",
            ".item() and float() take the number out of a tensor that has just one. Yours has more: which is meant?",
        ),
        (
            r"view size is not compatible",
            "view needs numbers that lie in memory in the order of the new shape. reshape copies them where they "
            "don't.",
        ),
        (
            r"must be Tensor, not (int|float)",
            "A function of torch's wants a tensor, and a plain number came. For numbers there is Python's math, as in "
            "math.sqrt(2.0).",
        ),
        (
            r"cannot access local variable",
            "There is a way through your function on which this name never gets a value. Which inputs take it: is an "
            "`else` missing, or a value before the loop?",
        ),
        (
            r"object is not callable",
            "Parentheses stand behind something that is no function. Has a name got two meanings, or is an operator "
            "missing?",
        ),
    )
)


def explain(raised: Raised) -> str | None:
    """What to think of first; None where nothing is known of the error, or the answer raises it itself."""
    if raised.by_learner:
        return None
    return next((says for pattern, says in EXPLAINED if pattern.search(raised.text)), None)
