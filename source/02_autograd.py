# %% [markdown]
# # 2 · Autograd: the nervous system
#
# A network learns by asking the same question of every number in it: if you grew a little, would the result
# get better or worse, and how fast? The answer is a slope. Autograd finds all of them at once, however long
# the computation was. In this lesson you ask it for slopes, look at the graph that it keeps, meet the three
# surprises it has for beginners, and build an engine of your own that does the same.
#
# **When you are through, you can**
#
# - ask for the slope of any computation, with `requires_grad` and `backward`;
# - say what a gradient's sign and shape tell;
# - read the graph behind a tensor, and tell a leaf from a result;
# - keep gradients apart that would add up, and switch recording off;
# - check a gradient by nudging, and say why that needs float64;
# - write `backward` yourself, for any graph of numbers;
# - fit a line to points, and say what each of five lines of code does.
#
# **Time:** about two hours and twenty minutes, exercises included.
#
# **You need:** lesson 1 (tensors, shape, dtype, device), and from school what the slope of a curve is.

# %% [markdown]
# ## How the exercises work
#
# Write your code in place of `raise NotImplementedError`, run that cell, then run the check below it. A
# failed check shows the call that went wrong and asks you a question. Hints wait below, folded. Two rules
# hold for the first seven; the last works with plain numbers:
#
# - tensors that come in stay as they were: their numbers, their `.grad`, their `requires_grad`. Where you
#   need `.grad`, work on a detached copy that requires grad; you will see how;
# - what autograd does everywhere else stays as it was: if you switch recording off, switch it on again.
#
# The first cell picks your device.

# %%
import math

import torch

from course_utils import check, pick_device, plots, predict, widgets

device = pick_device()
print("working on", device)

# %% [markdown]
# ## Ask for a slope, and it arrives
#
# Take $y = (3x + 1)^2$ at $x = 2$. The inside is 7, so $y$ is 49. How steep is $y$ there? By hand, with the
# chain rule: the square changes by $2 \cdot 7 = 14$ for each unit of its inside, and the inside by 3 for each
# unit of $x$. Multiplied: 42.
#
# Autograd needs two things from you. *Before* the computation: which input do you ask about? That is
# `requires_grad=True`. *After* it: from where? That is `backward()`.

# %%
x = torch.tensor(2.0, device=device, requires_grad=True)
y = (3 * x + 1) ** 2
print("before:", x.grad)
y.backward()
print("y:     ", y.item())
print("after: ", x.grad)

# %% [markdown]
# `backward` returned nothing. It left the slope where it belongs, with the input: `x.grad` was `None`, and is
# now a tensor of its own with 42 in it. A slope is a forecast. If $x$ grows by 0.01, $y$ should grow by about
# $42 \cdot 0.01 = 0.42$. Does it?

# %%
with_a_nudge = (3 * 2.01 + 1) ** 2
print(f"forecast {49 + 42 * 0.01:.4f}   real {with_a_nudge:.4f}")

# %% [markdown]
# 49.4200 against 49.4209: nearly. The forecast is exact for the straight line that touches the curve, and
# good as long as you stay close.
#
# ### Exercise 2.1 · slope_at
#
# Make a function of it: a Python float goes in, the slope of $(3x + 1)^2$ comes out, as a Python float. You know
# the formula, $6(3x + 1)$, and it is not wanted here: the check sees whether autograd has run.
#
# | x | $(3x + 1)^2$ | its slope |
# |---:|---:|---:|
# | 2.0 | 49 | 42.0 |
# | 0.0 | 1 | 6.0 |
# | -1.0 | 4 | -12.0 |


# %% exercise="slope_at" points=1
def slope_at(x: float) -> float:
    """Give the slope of (3x + 1)**2 at `x`, found by autograd.

    x: a Python float
    returns: a Python float, not a tensor

    A formula for the slope is not enough: autograd has to run.
    """
    ### BEGIN SOLUTION
    t = torch.tensor(x, requires_grad=True)
    y = (3 * t + 1) ** 2
    y.backward()
    return t.grad.item()
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# A Python float cannot require grad. What makes a tensor of it, and where do you say `requires_grad=True`?
#
# </details>
# <details><summary>Hint 2</summary>
#
# After `backward()` the slope is in `.grad` of the tensor that you made. It is a tensor too: `.item()` takes
# the number out.
#
# </details>

# %% [markdown]
# ## One backward, a slope for every entry
#
# A tensor with many entries gets a gradient with as many: each says how the result would change if that
# entry alone grew. Here the result is the mean of three squares, $(9 + 0 + 36) / 3 = 15$.

# %% tags=["prediction"]
predict(
    "the gradient of the mean of the squares of `[-3, 0, 6]`",
    {
        "[-6.0, 0.0, 12.0]": "These are the slopes of the squares; the mean takes a third of each.",
        "[-2.0, 0.0, 4.0]": ("Twice each entry, and a third of that for each of three entries in the mean."),
        "[5.0, 5.0, 5.0]": "The mean is shared by all, but each entry changes it by a slope of its own.",
    },
    answer=lambda: t.grad.tolist(),
)

# %%
t = torch.tensor([-3.0, 0.0, 6.0], device=device, requires_grad=True)  # (3,)
mean = (t**2).mean()  # ()
mean.backward()
print(mean.item(), t.grad)

# %% [markdown]
# The gradient has the shape of `t`. Read its signs: if the entry -3 grew, the mean would *fall*, by 2 for
# each unit. If the 6 grew, the mean would rise, twice as fast. The 0 sits at the bottom of its parabola, where
# nothing changes at first. This is all that training is going to need: a positive slope says *make me
# smaller*, a negative one *make me larger*.
#
# A result with several entries has no single slope. What does `backward` say to that?

# %%
try:
    (t**2).backward()
except RuntimeError as error:
    print("RuntimeError:", error)

# %% [markdown]
# *Implicitly created only for scalar outputs*: `backward` starts from one number. A sum or a mean makes one,
# and so does every loss that you will meet.
#
# ### Whose .grad is it?
#
# `backward` writes into a tensor, and inside a function that tensor may be somebody else's. So the function
# takes a copy to ask about. There are two ways to make one, and only one of them works. What differs?

# %%
recorded = t.clone()
cut_off = t.detach().clone().requires_grad_()
print("t               leaf", t.is_leaf)
print("clone           leaf", recorded.is_leaf, "  made by", type(recorded.grad_fn).__name__)
print("detach, clone   leaf", cut_off.is_leaf, "   made by", cut_off.grad_fn)

# %% [markdown]
# A *leaf* is where gradients arrive: a tensor that you made, not the result of a recorded computation. `t`
# requires grad, so cloning it was recorded, and the clone is a result. Its `.grad` would stay `None`, while
# the gradient flows on into `t`. `detach` gives the same numbers without history, `clone` gives them memory of
# their own, and `requires_grad_()`, whose `_` says *in place*, asks about the copy.
#
# ### Exercise 2.2 · mean_square_grad
#
# Give the gradient of the mean of all squared entries, for a tensor of any shape, that may require grad or
# not. As a plain loop:
#
# ```python
# t = [1, 2, 3, 4]
# print([2 * entry / len(t) for entry in t])  # [0.5, 1.0, 1.5, 2.0]
# ```


# %% exercise="mean_square_grad" points=1
def mean_square_grad(t: torch.Tensor) -> torch.Tensor:
    """Give the gradient of the mean of the squared entries of `t`.

    t: any shape; it may require grad, and have a gradient already
    returns: the same shape

    Work on a detached copy that requires grad: `t` stays as it was, with its `.grad` and `requires_grad`.
    """
    ### BEGIN SOLUTION
    x = t.detach().clone().requires_grad_()
    (x**2).mean().backward()
    return x.grad
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Three lines: make the copy, call `backward` on the one number, return what it left in the copy.
#
# </details>
# <details><summary>Hint 2</summary>
#
# The copy is the one called `cut_off` above. The one number is `(x**2).mean()`: square first, then average.
#
# </details>

# %% [markdown]
# ## The graph: how it knows
#
# How can `backward` find a slope after the fact? Because every operation on a tensor that requires grad
# leaves a note. The result keeps it as `grad_fn`, a *node* that knows how to send a gradient back to its
# inputs, and whose notes those came from. Linked together, the notes are a graph. Nothing about it is hidden:

# %%
a = torch.tensor(3.0, device=device, requires_grad=True)
b = torch.tensor(4.0, device=device, requires_grad=True)
x = torch.tensor(2.0, device=device, requires_grad=True)
z = x * (a + 2 * b)
print(z)
print(z.grad_fn)

# %% [markdown]
# $2 \cdot (3 + 2 \cdot 4) = 22$, and the last thing that happened was a multiplication. `draw_graph` starts at
# that node and follows the links. The arrows point the way a gradient takes, from the result down to the
# leaves. Before you look: how many operations will there be, and how many leaves?

# %% tags=["demo"]
plots.draw_graph(z, a=a, b=b, x=x)

# %% [markdown]
# Three operations and three leaves. Each leaf has a node `AccumulateGrad`, whose job is to add what arrives to
# the leaf's `.grad`; remember the word *add*. The number 2 is nowhere: nobody asked about it.
#
# Now let a gradient walk. It starts at the top as 1. A product hands each factor the gradient times the
# *other* factor; a sum hands it to both unchanged:
#
# | at | receives | hands on |
# |---|---:|---|
# | `x * (...)`, factors 2 and 11 | 1 | 11 to `x`, 2 to the bracket |
# | `a + ...` | 2 | 2 to `a`, 2 to the right |
# | `2 * b` | 2 | 2 · 2 = 4 to `b` |

# %%
z.backward()
print("dz/da", a.grad.item(), "  dz/db", b.grad.item(), "  dz/dx", x.grad.item())

# %% [markdown]
# One walk through the graph filled all three. That is the whole trick, and it is cheap: a few times the work of
# the computation itself, for three inputs or for three billion.
#
# After the walk PyTorch throws away the numbers that the nodes had saved for it, such as the factors. Calling
# `z.backward()` again raises "Trying to backward through the graph a second time": compute `z` again first.
#
# ### Exercise 2.3 · product_grads
#
# Give all three slopes of $z = x \cdot (a + 2b)$, in this order: with respect to `a`, to `b`, to `x`. For
# `a = 3`, `b = 4`, `x = 2` that is 2, 4 and 11.


# %% exercise="product_grads" points=2
def product_grads(a: torch.Tensor, b: torch.Tensor, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Give the slopes (dz/da, dz/db, dz/dx) of z = x * (a + 2 * b).

    a, b, x: (), that is 0-d; they may require grad or not
    returns: three 0-d tensors

    Work on detached copies that require grad: a, b and x stay as they were.
    """
    ### BEGIN SOLUTION
    a, b, x = (t.detach().clone().requires_grad_() for t in (a, b, x))
    z = x * (a + 2 * b)
    z.backward()
    return a.grad, b.grad, x.grad
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Three copies, one `z` computed from the copies, one `backward`. Each copy then has its own `.grad`.
#
# </details>
# <details><summary>Hint 2</summary>
#
# If an entry of your result is `None`, its copy did not take part: either it does not require grad, or `z` was
# computed from the original.
#
# </details>

# %% [markdown]
# ## Gradients add up
#
# Gradients are added in two places. The first is *within* a graph: in `h * h` both factors are `h`, and both
# slopes count. The cell hangs a function on the leaf's `AccumulateGrad`, which prints what arrives there.
# (`next_functions` leads from a node to the next ones; a later section takes a walk with it.) At $h = 3$, will
# it see 3 twice, or 6 once?

# %%
h = torch.tensor(3.0, device=device, requires_grad=True)
square = h * h
leaf_node = square.grad_fn.next_functions[0][0]
leaf_node.register_prehook(lambda grads: print(type(leaf_node).__name__, "receives", grads[0].item()))
square.backward()

# %% [markdown]
# 6 once: the two paths were added up on the way, before the leaf. So within one `backward`, `AccumulateGrad`
# has nothing to add. Its work is in the second place, *between* calls.
#
# ### Break it · backward twice
#
# The cell computes the same slope of $w^2$ at 3 three times, from scratch each time, and nobody clears anything. The
# slope is 6. (Then it does so three times more, and clears before each.)

# %% tags=["prediction"]
predict(
    "`w.grad` after the third `backward` without a reset, where the slope is 6",
    {
        "6.0": "Each call finds 6, but none of them clears what the one before has left.",
        "18.0": "`backward` adds to what is there: 6 + 6 + 6.",
        "216.0": "Slopes are multiplied along a path through the graph; three calls are added up.",
    },
    answer=lambda: piled_up,
)

# %%
w = torch.tensor(3.0, device=device, requires_grad=True)
for _ in range(3):
    (w**2).backward()
    print("without a reset:", w.grad.item())
piled_up = w.grad.item()
for _ in range(3):
    w.grad = None
    (w**2).backward()
    print("with a reset:   ", w.grad.item())

# %% [markdown]
# 6, 12, 18. What arrives is added to what `.grad` holds from earlier calls. No error, no warning: the
# second gradient landed on top of the first. In a training loop that means steps that still follow all the old
# gradients, so every loop has a line that clears them.
#
# There is a second trap beside it. `w.grad` is *one* tensor, which `backward` changes in place. Put it in a
# list twice, and the list holds the same tensor twice:

# %%
w.grad = None
kept = []
for power in (1, 2):
    (w**power).backward()
    kept.append(w.grad)
print([grad.item() for grad in kept], "the same tensor:", kept[0] is kept[1])

# %% [markdown]
# The slopes are 1 and 6, and the list shows 7 and 7. `.clone()` would have kept the first number, though not
# cleared it.
#
# ### Exercise 2.4 · fresh_grads
#
# Given several loss functions and one parameter `w`, list the gradient of each loss, each on its own. A loss
# function is called as `loss_fn(w)`, and gives one number. With `w = [1, 2]`:
#
# | loss function | value | its gradient |
# |---|---:|---|
# | `lambda w: w.sum()` | 3 | `[1, 1]` |
# | `lambda w: (w ** 2).sum()` | 5 | `[2, 4]` |


# %% exercise="fresh_grads" points=2
def fresh_grads(loss_fns: list, w: torch.Tensor) -> list[torch.Tensor]:
    """List the gradient of `loss_fn(w)` for each loss function, each on its own.

    loss_fns: functions of a tensor that give one number; w: any shape, requires grad, may have a gradient already
    returns: one tensor of the shape of `w` for each loss function, in their order

    Work on a detached copy that requires grad, or several: `w` stays as it was, with its `.grad`.
    """
    ### BEGIN SOLUTION
    grads = []
    for loss_fn in loss_fns:
        x = w.detach().clone().requires_grad_()
        loss_fn(x).backward()
        grads.append(x.grad)
    return grads
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# What adds up is in `.grad` of one tensor. How many copies of `w` could you make?
#
# </details>
# <details><summary>Hint 2</summary>
#
# With a new copy for every loss, inside the loop, each `.grad` is a tensor of its own that starts empty:
# nothing to clear, nothing to clone.
#
# </details>

# %% [markdown]
# ## Off the record
#
# Recording costs memory, because nodes keep numbers for the way back, and sometimes it is in the way.
#
# ### Break it · change a leaf in place
#
# A parameter has to be changed, or nothing would ever learn. Try it the direct way:

# %%
w = torch.tensor([3.0, 4.0], device=device, requires_grad=True)  # (2,)
try:
    w -= 0.1
except RuntimeError as error:
    print("RuntimeError:", error)

# %% [markdown]
# If that were recorded, `w` would become the result of a subtraction, and no leaf any more: the place where
# gradients arrive would be gone. PyTorch refuses. You have two ways to step off the record. Inside
# `with torch.no_grad():` nothing is recorded. And `detach()` gives a tensor without history, as above.

# %% tags=["prediction"]
predict(
    "which of `recorded`, `unrecorded` and `detached` require grad",
    {
        "recorded": "It alone was computed from `w` while autograd was recording, and kept its history.",
        "recorded, unrecorded": "`w` requires grad in both lines, but inside `no_grad` nothing is recorded.",
        "recorded, unrecorded, detached": (
            "All three come from `w`, but a result requires grad only where its history was kept."
        ),
    },
    answer=lambda: ", ".join(
        name
        for name, t in {"recorded": recorded, "unrecorded": unrecorded, "detached": detached}.items()
        if t.requires_grad
    ),
)

# %%
recorded = w * 2
with torch.no_grad():
    w -= 0.1  # no complaint
    unrecorded = w * 2
detached = recorded.detach()
for name, t in {"w": w, "recorded": recorded, "unrecorded": unrecorded, "detached": detached}.items():
    print(f"{name:10}  requires grad {t.requires_grad!s:5}  {t.grad_fn}")

# %% [markdown]
# `w` is still a leaf that requires grad: the block ended, and recording went on as before. That is the
# advantage over `w.requires_grad_(False)`, which changes the tensor itself. Whoever trains `w` later would get
# no gradients, or an error, far away from the line that caused it.
#
# A word of warning: `detach()` shares its memory with the original, as lesson 1 showed for NumPy. Write into
# one and you change both. That is why the copies above say `.detach().clone()`.
#
# ### Exercise 2.5 · predict_without_graph
#
# Give `x @ w` without any history. `@` is the matrix product, which lesson 3 takes apart; here it forms a
# weighted sum of each row of `x`. For `x = [[1, 2]]` and `w = [[3], [4]]` that is `[[11]]`, because
# $1 \cdot 3 + 2 \cdot 4 = 11$.


# %% exercise="predict_without_graph" points=1
def predict_without_graph(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    """Give `x @ w` with no history.

    x: (samples, features), data that does not require grad; w: (features, outputs), requires grad
    returns: (samples, outputs), which does not require grad

    Afterwards `w` still requires grad, and autograd still records what others compute.
    """
    ### BEGIN SOLUTION
    with torch.no_grad():
        return x @ w
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Either nothing is recorded while you compute, or you compute with something that has no history. Both fit
# on two lines.
#
# </details>
# <details><summary>Hint 2</summary>
#
# A `return` inside a `with` block is fine: Python leaves the block properly, and recording goes on.
#
# </details>

# %% [markdown]
# ## Do not trust, check: nudge and see
#
# There is a second way to a slope, which needs no graph. Nudge the input a little to both sides, and divide
# the rise by the run:
#
# $$\frac{f(x + \varepsilon) - f(x - \varepsilon)}{2 \varepsilon}$$
#
# This *central difference* is slow, two calls for every entry, and seldom exact. But it knows nothing of
# autograd, and so it can check it. Move `eps` in the widget: the dashed line runs through the two nudged
# points, the solid one has autograd's slope. Here $f$ is the sine.

# %% tags=["demo"]
widgets.slope_explorer(torch.sin)

# %% [markdown]
# At $x = 1$, with `eps = 1`, nudging gives 0.45 and autograd 0.54. Make `eps` smaller, and they agree. So the
# smaller the better?
#
# ### Break it · nudging in float32
#
# This cell takes the slope of $f(x) = x^3 + 1000$ at 2, which is $3 \cdot 2^2 = 12$, with smaller and smaller
# `eps`. It works on the CPU, because some accelerators have no float64.


# %% tags=["prediction"]
predict(
    "the slope of `x**3 + 1000` at 2 in float32, with an `eps` of 0.000001",
    {
        "12.0": "That is the true slope, and the smallest `eps` sounds like the most exact one.",
        "11.9": "Rounding can spoil a slope by as little as that at a larger `eps`; here nothing is left of it.",
        "0.0": "Near 1008 two float32 neighbours are 0.00006 apart: both values round to the same number.",
    },
    answer=lambda: f"{((f(torch.tensor(2.0) + 1e-6) - f(torch.tensor(2.0) - 1e-6)) / 2e-6).item():.1f}",
)


# %%
def f(x):
    return x**3 + 1000


for eps in (1e-2, 1e-4, 1e-6):
    for dtype in (torch.float32, torch.float64):
        x = torch.tensor(2.0, dtype=dtype)
        slope = (f(x + eps) - f(x - eps)) / (2 * eps)
        print(f"eps {eps:.0e}   {dtype}   {slope.item():.6f}")

# %% [markdown]
# float64 reaches 12 to all six decimals. float32 gets worse, and ends at 0: it keeps about seven digits, so near
# 1008 it cannot tell numbers apart that differ by less than 0.00006. At `eps = 1e-6` both calls give the same
# number. What is left of such a difference is mostly rounding.
#
# The picture shows the whole range for $x^3$ at 2. On the right the nudge is too coarse, and both dtypes agree
# on the error. On the left rounding takes over, for float32 much earlier.

# %% tags=["demo"]
plots.plot_rounding(lambda x: x**3, 2.0)

# %% [markdown]
# At `eps = 1e-4` float32 is off by about four parts in ten thousand, float64 by about one in a billion. So
# gradients are *computed* in float32, and *checked* in float64.
#
# ### Exercise 2.6 · numerical_grad
#
# Check any function that turns a tensor into one number. Nudge one entry at a time, the others stay. For
# $f(x) = x_0^3 + x_1^3$ at `[1, 2]`, with a coarse `eps = 0.5`:
#
# | entry | `f` with entry + eps | `f` with entry - eps | difference | divided by 2 eps |
# |---:|---:|---:|---:|---:|
# | 0 | 1.5³ + 2³ = 11.375 | 0.5³ + 2³ = 8.125 | 3.25 | 3.25 |
# | 1 | 1³ + 2.5³ = 16.625 | 1³ + 1.5³ = 4.375 | 12.25 | 12.25 |


# %% exercise="numerical_grad" points=3
def numerical_grad(f, x: torch.Tensor, eps: float = 1e-4) -> torch.Tensor:
    """Estimate the gradient of `f` at `x` by central differences, one entry at a time, in float64.

    f: takes a float64 tensor of the shape of `x`, gives a 0-d tensor; x: one dim or more, float64; eps: the nudge
    returns: the shape of `x`, float64: entry by entry (f(x + eps) - f(x - eps)) / (2 * eps)

    Afterwards `x` holds what it held before.
    """
    ### BEGIN SOLUTION
    slopes = torch.zeros(x.numel(), dtype=x.dtype, device=x.device)
    for i in range(x.numel()):
        step = torch.zeros_like(slopes)
        step[i] = eps
        step = step.reshape(x.shape)  # (entries,) -> the shape of x
        slopes[i] = (f(x + step) - f(x - step)) / (2 * eps)
    return slopes.reshape(x.shape)  # (entries,) -> the shape of x
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# For one dim: `plus = x.clone()`, then `plus[i] += eps`, and `minus` likewise. Without `clone`, `plus` would be
# `x` itself under a second name. The slope is a number that belongs at place `i` of the result.
#
# </details>
# <details><summary>Hint 2</summary>
#
# For any number of dims: count the entries with `range(x.numel())`, make a flat tensor of zeros with `eps` at
# place `i`, and give it the shape of `x` with `.reshape(x.shape)`. Then `x + step` moves one entry.
#
# </details>
# <details><summary>Hint 3</summary>
#
# Collect the slopes in a flat result, `flat[i] = ...`, and reshape at the end. Mind the brackets:
# `/ (2 * eps)`. A result made by `torch.zeros(...)` is float32 unless you say `dtype=x.dtype`.
#
# </details>

# %% [markdown]
# Now use it. Your numerical gradient knows nothing of autograd, and your `mean_square_grad` knows nothing of
# nudging. How many digits will they agree on?

# %% tags=["demo"]
t = torch.tensor([[0.3, -1.2], [2.5, 0.7]], dtype=torch.float64)  # (2, 2)
by_autograd = mean_square_grad(t)
by_nudging = numerical_grad(lambda t: (t**2).mean(), t)
print(by_autograd)
print("largest difference below 1e-9:", (by_autograd - by_nudging).abs().max().item() < 1e-9)

# %% [markdown]
# Nine decimals at least. Remember this cell for the day when you write a gradient by hand, in lesson 5: it tells
# you in a second whether you got it right.
#
# ## Walk the graph yourself
#
# `draw_graph` used nothing secret. Every node has `next_functions`: one pair `(node, number)` for each input of
# the operation, in order. The number says which of several outputs of that node is meant, and can be ignored
# here. What stands where the 2 went in?

# %%
a, b, x = (torch.tensor(value, requires_grad=True) for value in (3.0, 4.0, 2.0))
z = x * (a + 2 * b)
node = z.grad_fn
while node is not None and node.next_functions:
    print(f"{type(node).__name__:13}", [type(following).__name__ for following, _ in node.next_functions])
    node = node.next_functions[-1][0]

# %% [markdown]
# The loop followed the last link each time. `NoneType` is the type of `None`: the 2 asked for no gradient, so
# there is no node, and the loop ended there. A node `AccumulateGrad` has no `next_functions`: every walk ends at
# the leaves.
#
# When a tensor is used twice, two links lead to the same node, and a walk that does not notice would list it
# twice:

# %% tags=["demo"]
h = a.exp()
plots.draw_graph(h * h, a=a)

# %% [markdown]
# Two arrows from the product to the one `ExpBackward0`.
#
# ### Exercise 2.7 · graph_ops
#
# In the next section you build an engine that walks a graph like this one. Here is the walk alone. List the type
# names of all nodes behind `z`, *breadth first*: the node of `z`, then its inputs' nodes, then theirs, level by
# level, in the order of `next_functions`, each node once. Keep a queue: take a node from the front, put the nodes
# that it leads to at the end. For `h = a.exp()`, `z = h * h + b`:
#
# | taken | leads to | queue afterwards |
# |---|---|---|
# | `AddBackward0` | `MulBackward0`, `AccumulateGrad` | both |
# | `MulBackward0` | `ExpBackward0`, twice | `AccumulateGrad`, `ExpBackward0` |
# | `AccumulateGrad`, of `b` | | `ExpBackward0` |
# | `ExpBackward0` | `AccumulateGrad`, of `a` | `AccumulateGrad` |
# | `AccumulateGrad`, of `a` | | empty |
#
# The left column, from top to bottom, is the result. The two `AccumulateGrad` are two nodes of one name.


# %% exercise="graph_ops" points=3
def graph_ops(z: torch.Tensor) -> list[str]:
    """List the type names of the backward nodes of `z`, breadth first, each node once.

    z: the result of a computation that autograd recorded
    returns: `type(node).__name__` for each node, from `z.grad_fn` on, level by level, in the order of
        `next_functions`; `AccumulateGrad` included, `None` left out
    """
    ### BEGIN SOLUTION
    nodes = [z.grad_fn]
    for node in nodes:  # the list grows while the loop walks along it: a queue that keeps what it has served
        for following, _ in node.next_functions:
            if following is not None and following not in nodes:
                nodes.append(following)
    return [type(node).__name__ for node in nodes]
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# A list can be the queue: `node = queue.pop(0)` takes from the front, `queue.append(...)` adds at the end. Go on
# while there is something in it.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Two things must not go into the queue: `None`, and a node that has been in it before. Remember the nodes
# themselves, in a second list or a set, not their names.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `for following, _ in node.next_functions:` takes the pairs apart. Add a node to the remembered ones at the
# moment you put it into the queue, not when you take it out; then it cannot come in twice.
#
# </details>

# %% [markdown]
# One last look, at something larger. This is the loss of a small network, the kind that lesson 5 takes apart:
# two layers with a ReLU between them. How many leaves does it have, and which operation stands first?

# %% tags=["demo"]
X, y = torch.ones(4, 3), torch.ones(4, 1)  # (samples, features), (samples, 1)
W1, b1 = torch.ones(3, 2, requires_grad=True), torch.zeros(2, requires_grad=True)  # (3, 2), (2,)
W2, b2 = torch.ones(2, 1, requires_grad=True), torch.zeros(1, requires_grad=True)  # (2, 1), (1,)
loss = ((torch.relu(X @ W1 + b1) @ W2 + b2 - y) ** 2).mean()  # ()
print(graph_ops(loss))

# %% [markdown]
# The mean first, because it happened last; then back through the square, the difference, and layer after
# layer. Four leaves, `W1`, `b1`, `W2` and `b2`: the parameters. `X` and `y` are data, and nobody asked about
# them.

# %% [markdown]
# ## Build the engine
#
# You can find every node of a graph. Now fill a graph with slopes, in plain Python, without PyTorch. Here is a
# number that remembers how it was computed. An operation notes two things in its result: which numbers went in,
# its *parents*, and how fast the result changes with each of them, the *local gradients*. Which local gradients
# does a product note?


# %%
class Value:
    """A number that remembers how it was computed."""

    def __init__(self, data, parents=(), local_grads=()):
        self.data = data  # the number itself, a float
        self.grad = 0.0  # how fast the end result changes with it: for backward to fill in
        self.parents = parents  # the Values that it was computed from; a leaf has none
        self.local_grads = local_grads  # for each parent: how fast this Value changes with it

    def __add__(self, other):  # what + calls
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __sub__(self, other):
        return Value(self.data - other.data, (self, other), (1.0, -1.0))

    def __mul__(self, other):
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def exp(self):
        result = math.exp(self.data)
        return Value(result, (self,), (result,))


# %% [markdown]
# The *other* factor, as in the walk through $x \cdot (a + 2b)$. The slope of `exp` is `exp` itself. So a little
# computation leaves a graph behind it:

# %%
a, b = Value(2.0), Value(3.0)
h = a * b
z = h + a
for name, value in {"a": a, "h": h, "z": z}.items():
    print(name, value.data, [parent.data for parent in value.parents], value.local_grads, value.grad)

# %% [markdown]
# The parents of `z` are `h`, which is 6, and `a`, which is 2. Every `grad` is still 0.0. Here is how they are
# filled in. Each Value hands each of its parents its own gradient times the local one:
#
# | takes its turn | has | hands on |
# |---|---:|---|
# | `z` | 1, to begin with | 1 · 1 = 1 to `h`, 1 · 1 = 1 to `a` |
# | `h` | 1 | 1 · 3 = 3 to `a`, 1 · 2 = 2 to `b` |
# | `b` | 2 | nothing: it has no parents |
# | `a` | 1 + 3 = 4 | nothing |
#
# `a` was used twice, and what arrives adds up. By hand: $z = ab + a$ grows by $b + 1 = 4$ for each unit of $a$.
#
# ### Break it · a hasty walk
#
# Whose turn is it? The shortest program lets every parent go on as soon as it has received something. Here
# $z = h \cdot h$ with $h = a + b$ is 9, and its slope along $a$ is $2h = 6$. What will the hasty walk say?


# %%
def hasty(value):
    for parent, slope in zip(value.parents, value.local_grads, strict=True):
        parent.grad += slope * value.grad
        hasty(parent)


a, b = Value(1.0), Value(2.0)
h = a + b
z = h * h
z.grad = 1.0
hasty(z)
print("h", h.grad, "  a", a.grad)

# %% [markdown]
# `h` ends with the right 6, and `a` with 9. `h` is a parent of `z` twice. It received 3, and handed on 3 at once.
# Then it received 3 more, had 6, and handed on all 6: the first 3 went down twice.
#
# So a Value has to wait until it has everything. That holds in any order in which each Value comes after all those
# that were computed from it, a *topological order*: `z`, `h`, `b`, `a`. To find one, build it from the other end.
# Go to the parents of a Value first, and write down the Value itself afterwards, unless it is in the list already.
# From `z` that gives `a`, `b`, `h`, `z`. Read it from right to left.
#
# ### Exercise 2.8 · backward
#
# Write the engine. The check hands you Values made by its own copy of the class, and reads every `.grad` afterwards:
#
# | | `a.grad` | `b.grad` | `h.grad` | `z.grad` |
# |---|---:|---:|---:|---:|
# | `h = a * b`, `z = h + a`, with `a` = 2 and `b` = 3 | 4 | 2 | 1 | 1 |
# | `h = a + b`, `z = h * h`, with `a` = 1 and `b` = 2 | 6 | 6 | 6 | 1 |


# %% exercise="backward" points=4
def backward(value):
    """Fill in `.grad` of `value` and of every Value that it was computed from: how fast `value` changes with it.

    value: a Value, whose graph is new: every `.grad` in it is 0.0
    returns: nothing. Afterwards `value.grad` is 1.0, and that of every Value behind it a float: over all ways that
        lead there from `value`, the sum of the products of the local gradients

    Each Value hands on once, however many ways lead to it: forty lines `h = h + h` have 2**40 ways. No way is longer
    than 300 steps, so recursion is fine. `data`, `parents` and `local_grads` stay as they were. A second call on the
    same graph is not asked for.
    """
    ### BEGIN SOLUTION
    order, seen = [], set()

    def visit(v):
        if v not in seen:
            seen.add(v)
            for parent in v.parents:
                visit(parent)
            order.append(v)  # after its parents

    visit(value)
    value.grad = 1.0
    for v in reversed(order):
        for parent, slope in zip(v.parents, v.local_grads, strict=True):
            parent.grad += slope * v.grad
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Two parts, one after the other. First the order: a list that you fill. Then a loop through that list, in which
# each Value hands on what it has. Only in the second part do gradients move.
#
# </details>
# <details><summary>Hint 2</summary>
#
# For the order, write a function inside the function: `visit(v)` calls itself for each parent of `v`, then appends
# `v`. A set of the Values that it has met keeps it from doing so twice.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `value.grad = 1.0`, then `for v in reversed(order)`. The body is that of `hasty`, without the call of itself. If a
# Value that is used twice comes out too small, look at `=` and `+=`.
#
# </details>

# %% [markdown]
# Does it agree with PyTorch? The same lines run with your Values and with tensors, because both know `+`, `-`, `*`
# and `exp`.


# %% tags=["demo"]
def compute(a, b):
    h = a * b
    i = (h - a).exp()
    return i * h + i * i


a, b = Value(0.5), Value(-1.5)
backward(compute(a, b))
print(f"your engine:  {a.grad:.6f} {b.grad:.6f}")
a, b = (torch.tensor(number, requires_grad=True) for number in (0.5, -1.5))
compute(a, b).backward()
print(f"PyTorch:      {a.grad.item():.6f} {b.grad.item():.6f}")

# %% [markdown]
# To six decimals. What PyTorch adds is speed, and tensors in place of single numbers; the walk is the one that you
# wrote.
#
# ## A look ahead: a line finds its points
#
# Slopes are there to be followed. Forty points were made from a rule, $1.5x - 2$, with noise on top. A line that
# knows nothing of it starts flat, at 0. Then five lines run two hundred times, and every time the slope says which
# way to move. Which of the five lines do you know by now?

# %% tags=["demo"]
x = torch.linspace(0, 4, 40)  # (40,)
y = 1.5 * x - 2 + 0.5 * torch.randn(40, generator=torch.Generator().manual_seed(2))  # (40,)
line = torch.zeros(2, requires_grad=True)  # (2,): slope and intercept
stages = {"start": line.tolist()}
for step in range(1, 201):
    loss = ((line[0] * x + line[1] - y) ** 2).mean()  # how wrong is the line?
    loss.backward()  # which way makes it worse?
    with torch.no_grad():  # off the record:
        line -= 0.1 * line.grad  # a small step the other way
    line.grad = None  # and forget
    stages[f"after step {step}"] = line.tolist()
plots.plot_fitted_line(x, y, {name: stages[name] for name in ("start", "after step 5", "after step 200")})

# %% [markdown]
# The line ends at $1.51x - 2.16$, close to the rule; the noise keeps it from finding 1.5 and -2 exactly. You know
# all five lines, and together they are training. Lesson 6 takes them apart one by one: why 0.1, why in this order.
# Lesson 10 runs the same five with a small Transformer in place of the line.

# %% [markdown] question="why_gradients_add" points=0
# ## In your own words
#
# A classmate finds it absurd that `backward` adds to `.grad` instead of replacing it. In three to five
# sentences: why would the slope of `h * h` be right even if `backward` replaced what is in `.grad`, what does
# adding let you do with several calls of `backward`, and what price does a training loop pay for it?
#
# ### BEGIN SOLUTION
# In `h * h` the tensor influences the result along two paths, and the chain rule says that its slope is the sum
# over both. But that sum is made on the way down, within one `backward`: the leaf receives it in one piece, so
# replacing would give the same. Adding to `.grad` matters between calls. The gradient of a sum of losses is the
# sum of their gradients: call `backward` for each piece of a batch that is too large for the memory, and `.grad`
# ends up with the gradient of all pieces together. The price is that nobody clears `.grad` for you: a loop has
# to do so in every step, or old gradients keep pulling.
# ### END SOLUTION

# %% [markdown]
# ## Summary
#
# | you want | you write |
# |---|---|
# | to ask about a tensor | `requires_grad=True`, or `t.requires_grad_()` |
# | the slopes of one number | `y.backward()`, then `.grad` of the leaves |
# | a copy of your own to ask about | `t.detach().clone().requires_grad_()` |
# | to clear a gradient | `t.grad = None` |
# | a stretch off the record | `with torch.no_grad():` |
# | the graph | `t.grad_fn` and `next_functions` |
# | to learn | loss, `backward`, a small step under `no_grad`, clear: again and again |
#
# - A gradient has the shape of what it belongs to. Its sign says which way the result would go if the entry
#   grew.
# - Operations leave notes; linked together they are the graph. `backward` walks it once, from the result to
#   the leaves, and multiplies and adds slopes on the way. In a topological order, each node has all of its gradient
#   before it hands on.
# - Within one `backward`, the paths to a leaf are added up before they arrive. Between calls, gradients add up
#   in `.grad` until somebody clears them, and `.grad` is one tensor that changes in place.
# - A leaf must not change on the record; `no_grad` is for that.
# - Central differences check a gradient. They need float64: small differences of large numbers are mostly
#   rounding.
#
# **Next:** lesson 3 takes tensors apart and puts them together: products, sums, and the dims that they
# collapse.
