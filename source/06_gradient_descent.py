# %% [markdown]
# # 6 · Gradient descent: walking downhill
#
# In lesson 5 you made a guess, measured its loss and computed its gradients. That was a post-mortem: the
# guess stayed as bad as it was. Now you act on it. Take a small step against the gradient, and guess again.
# Repeated often enough, this trains everything from the line in this lesson to the Transformer in lesson 10.
#
# **When you are through, you can**
#
# - write the five steps of training with raw tensors: predict, measure the loss, compute gradients, update,
#   reset;
# - say why an update happens in place and inside `torch.no_grad()`, and what goes wrong otherwise;
# - recognise a forgotten reset by its loss curve;
# - choose a learning rate, and say where it starts to blow up;
# - speed up a slow descent with momentum, and a large data set with mini-batches.
#
# **Time:** about two hours, exercises included.
#
# **You need:** lesson 2 (leaves, `backward`, gradients that add up, `no_grad`), lesson 5 (a line, its mean
# squared error, its gradients).

# %% [markdown]
# ## How the exercises work
#
# Write your code in place of `raise NotImplementedError`, run that cell, then run the check below it. Hints
# wait below, folded. Three rules hold for all six:
#
# - work with raw tensors; no `torch.optim`, which is what you are building;
# - a function whose name ends in `_` changes what it is given, in place, and so does a training step;
#   everything else that comes in stays as it was;
# - parameters stay what they are: leaves that require grad.
#
# The first cell picks your device and writes down four days at an ice cream kiosk: how many degrees each was
# warmer than usual, and how many hundreds were sold.

# %%
import warnings

import torch

from course_utils import check, pick_device, plots, predict, widgets

device = pick_device()
X = torch.tensor([[-3.0], [-1.0], [1.0], [3.0]]).to(device)  # (days, 1): degrees above the usual
y = torch.tensor([[0.5], [3.5], [7.5], [12.5]]).to(device)  # (days, 1): hundreds sold
print("working on", device)

# %% [markdown]
# ## One step downhill
#
# The model is a line, `X @ W + b`: $W$ says how many more are sold per degree, $b$ how many on a usual day.
# Start from zeros, which predicts no sales at all. The gradient points to where the loss grows fastest, so
# you go the other way. How far? The *learning rate*, `lr`, times the gradient. (You choose it; training does
# not learn it. Such a setting is called a *hyperparameter*.) The two gradients are -20 and -12. Work out `W`
# after one step with `lr = 0.05`, and commit to it.

# %% tags=["prediction"]
predict(
    "`W` after one step from 0, with the gradient -20 and `lr = 0.05`",
    {
        "-1.00": "A gradient of -20 looks like a call to go down, but the step goes against it.",
        "1.00": "0 - 0.05 · (-20): the step goes against the gradient.",
        "20.00": "The whole gradient would be such a step; the learning rate takes a twentieth of it.",
    },
    answer=lambda: f"{W.item():.2f}",
)

# %%
W = torch.zeros(1, 1, device=device, requires_grad=True)  # (features, 1)
b = torch.zeros(1, device=device, requires_grad=True)  # (1,)
loss = ((X @ W + b - y) ** 2).mean()
loss.backward()
print(f"loss {loss.item():.2f}   gradients {W.grad.item():.2f} and {b.grad.item():.2f}")
with torch.no_grad():
    W -= 0.05 * W.grad
    b -= 0.05 * b.grad
    print(f"W {W.item():.2f}   b {b.item():.2f}   loss {((X @ W + b - y) ** 2).mean().item():.2f}")

# %% [markdown]
# Both gradients are negative: the loss falls when `W` and `b` grow. Minus a negative number adds, so `W`
# went to 1 and `b` to 0.6, and the loss fell from 56.25 to 34.41. The minus sign is the whole idea: with a
# plus you would climb.
#
# ### Break it · the update outside no_grad
#
# Two details of that cell look like decoration: `-=`, and `torch.no_grad()`. Take them away one after the
# other. First the same line, while autograd is recording:

# %%
W = torch.zeros(1, 1, device=device, requires_grad=True)
((X @ W - y) ** 2).mean().backward()
try:
    W -= 0.05 * W.grad
except RuntimeError as error:
    print("RuntimeError:", error)

# %% [markdown]
# `W` is a leaf: the place where gradients arrive. If autograd recorded its change, `W` would become the
# result of a computation, and no leaf any more. PyTorch refuses. That error is the friendly symptom.
#
# The unfriendly one comes with `W = W - ...`, which raises nothing. It makes a *new* tensor and moves the
# name `W` over to it. Is the new one a leaf, and does it require grad? Say so for a step that is
# not recorded, as inside `torch.no_grad()`.

# %% tags=["prediction"]
predict(
    "the new `W` of `W = W - 0.05 * W.grad`, without recording",
    {
        "a leaf without requires grad": "Nothing was recorded, so it has no history and asks for no gradient.",
        "a leaf that requires grad": "The old `W` was one, but the name has moved to another tensor.",
        "no leaf, and it requires grad": "That is the recorded one: the result of a computation.",
    },
    answer=lambda: (
        ("a leaf" if new.is_leaf else "no leaf")
        + (" that requires grad" if new.requires_grad else " without requires grad")
    ),
)

# %%
before = W
for recording in (True, False):
    with torch.set_grad_enabled(recording):
        new = before - 0.05 * before.grad
    print(f"recording {recording!s:5}   leaf {new.is_leaf!s:5}   requires grad {new.requires_grad}")
print("the old one is still", before.item())

# %% [markdown]
# Recorded, the new `W` is no leaf. Not recorded, it is a leaf that asks for no gradient. In both cases whoever
# holds the old `W`, a model or an optimizer, sees no change: it is still 0.0.
#
# The first round of such a loop runs through. What will the second one say?

# %%
for recording in (True, False):
    W = torch.zeros(1, 1, device=device, requires_grad=True)
    try:
        for _ in range(2):
            ((X @ W - y) ** 2).mean().backward()
            with torch.set_grad_enabled(recording), warnings.catch_warnings(record=True):
                W = W - 0.05 * W.grad
    except (TypeError, RuntimeError) as error:
        print(f"recording {recording!s:5}   {type(error).__name__}: {error}")

# %% [markdown]
# Two errors, and neither speaks of the line that is wrong. Recorded, `W` is no leaf, so `backward` leaves its
# `.grad` at `None`, and the second update raises a `TypeError` about `float` and `NoneType`. (PyTorch also
# warns about the `.grad` of a tensor that is no leaf; the cell keeps that warning to itself.) Not recorded,
# the second `backward` finds nothing that requires grad. With either of them, look for a `W = W - ...`.
#
# `W -= ...` inside `torch.no_grad()` writes into the memory that is there. Every name for that memory sees
# the new numbers, and `W` stays the leaf it was.
#
# ### Exercise 6.1 · sgd_update_
#
# Take one step for any number of parameters. Each has its gradient in `.grad`. With `lr = 0.5`:
#
# | parameter | its gradient | afterwards |
# |---|---|---|
# | `[1, 2]` | `[2, -4]` | `[0, 4]` |
# | `[[3], [4]]` | `[[1], [-1]]` | `[[2.5], [4.5]]` |


# %% exercise="sgd_update_" points=2
def sgd_update_(params: list[torch.Tensor], lr: float) -> None:
    """Move every parameter against its gradient by `lr` times the gradient.

    params: leaves that require grad, each with a gradient in `.grad`; any shapes
    returns: nothing; the parameters are changed

    The change happens in each parameter's own memory, so that another name for the same tensor sees it, and
    without autograd's knowledge: parameters stay leaves that require grad. No `torch.optim`.
    """
    ### BEGIN SOLUTION
    with torch.no_grad():
        for p in params:
            p -= lr * p.grad
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# It is the update of the first cell, in a loop. Which two details did Break it show to be needed?
#
# </details>
# <details><summary>Hint 2</summary>
#
# Inside the loop, `p = p - ...` moves the loop's name `p` to a new tensor and leaves the parameter alone.
# `p -= ...` writes into the parameter.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `with torch.no_grad():` around a `for p in params:` loop, and one line in it: `p` minus `lr` times
# `p.grad`, with the operator that works in place.
#
# </details>

# %% [markdown]
# ## Gradients add up until you clear them
#
# `backward` *adds* to `.grad`; lesson 2 showed it. That is useful when a gradient is collected from several
# pieces. In a training loop it means that the gradients of all earlier steps, computed for parameters that
# have moved on, still pull.
#
# ### Break it · no reset
#
# The cell trains twice for 40 steps, once with a reset, once without. What will the second loss curve look
# like? It begins at 56.25, as the first does.

# %% tags=["prediction"]
predict(
    "the loss without a reset, over 40 steps",
    {
        "falls, but more slowly": (
            "A forgotten line often costs a little; here each step is pulled by all the old gradients."
        ),
        "comes to rest at a higher value": "That is what too coarse a model does; here something keeps pulling.",
        "goes up and down, and above its start": (
            "Old gradients keep pulling after the lowest point, like a swing without friction."
        ),
    },
    answer=lambda: (
        "goes up and down, and above its start"
        if max(curves["without reset"][1:]) > curves["without reset"][0]
        else "falls, but more slowly"
    ),
)

# %% tags=["demo"]
curves = {"with reset": [], "without reset": []}
for name, losses in curves.items():
    W = torch.zeros(1, 1, device=device, requires_grad=True)
    b = torch.zeros(1, device=device, requires_grad=True)
    for _ in range(41):
        loss = ((X @ W + b - y) ** 2).mean()
        losses.append(loss.item())
        loss.backward()
        with torch.no_grad():
            W -= 0.05 * W.grad
            b -= 0.05 * b.grad
        if name == "with reset":
            W.grad = b.grad = None
plots.plot_losses(curves)

# %% [markdown]
# With the reset the loss falls to 0.26. Without it the loss falls even faster at first, then climbs again, and
# so on for ever: near step 39 it is higher than at the start. The old gradients act like a swing without
# friction, which runs through its lowest point and up the other side. Remember this curve: a loss that goes up
# and down in waves asks where the reset is.
#
# There are two ways to clear a gradient. `p.grad.zero_()` writes zeros into it; `p.grad = None` throws it
# away, which saves memory and is what PyTorch does today. A parameter that no `backward` has reached has
# `None` from the beginning.
#
# ### Exercise 6.2 · zero_grads_
#
# Clear the gradients of all parameters, in either way:
#
# | gradient before | afterwards |
# |---|---|
# | `[0.5, -1]` | `None` or `[0, 0]` |
# | `None` | `None` or zeros |
# | `[2]` | `None` or `[0]` |


# %% exercise="zero_grads_" points=1
def zero_grads_(params: list[torch.Tensor]) -> None:
    """Clear the gradient of every parameter: make it zeros, or None.

    params: tensors of any shapes; the `.grad` of some may be None
    returns: nothing; the gradients are changed, the parameters are not. No `torch.optim`.
    """
    ### BEGIN SOLUTION
    for p in params:
        p.grad = None
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `grad = p.grad` followed by `grad = None` changes what the name `grad` stands for, not the parameter. What
# has to stand to the left of the `=`?
#
# </details>
# <details><summary>Hint 2</summary>
#
# `None` has no `zero_`. Assigning to `p.grad` works whatever was there before.
#
# </details>

# %% [markdown]
# ## The five steps
#
# Predict, measure, compute gradients, update, reset: you have all five now. Here they are beside the lines
# that you will meet in everybody's code. Read the right-hand column as a promise. Each twin does what the
# line to its left does, for any model.
#
# | step | by hand | its professional twin |
# |---|---|---|
# | 1 · predict | `y_hat = X @ W + b` | `y_hat = model(X)` |
# | 2 · measure the loss | `loss = ((y_hat - y) ** 2).mean()` | `loss = criterion(y_hat, y)` |
# | 3 · compute gradients | `loss.backward()` | `loss.backward()` |
# | 4 · update | `with torch.no_grad(): W -= lr * W.grad`, and so for `b` | `optimizer.step()` |
# | 5 · reset | `W.grad = None`, and so for `b` | `optimizer.zero_grad()` |
#
# Step 3 is its own twin: autograd is the professional tool already. Lesson 8 completes the table, with what
# stands behind `model`, `criterion` and `optimizer`.
#
# Where does the reset belong? In the next cell it stands first. On the first round there is nothing to clear,
# and on every later one it clears what the round before has left. Compare the losses with the blue curve
# above.

# %%
W = torch.zeros(1, 1, device=device, requires_grad=True)
b = torch.zeros(1, device=device, requires_grad=True)
for step in range(4):
    W.grad = b.grad = None  # 5 reset, left over from the round before
    y_hat = X @ W + b  # 1 predict: (days, 1)
    loss = ((y_hat - y) ** 2).mean()  # 2 measure the loss
    loss.backward()  # 3 compute gradients
    with torch.no_grad():
        W -= 0.05 * W.grad  # 4 update
        b -= 0.05 * b.grad
    print(f"step {step}   loss {loss.item():.2f}   W {W.item():.2f}   b {b.item():.2f}")

# %% [markdown]
# 56.25, 34.41, 25.12: the same as before. The steps form a circle, and a circle can be cut open anywhere, as
# long as the reset does not come between `backward` and the update. There it would clear the gradient
# before anybody has used it.
#
# Look at the first line again: it prints a loss of 56.25 beside `W 1.00`. The loss is that of the parameters
# *before* the update, because step 2 comes before step 4. And `loss.item()` is a plain Python number. Keep
# the tensor itself in a list, and the whole graph behind it stays in memory, step after step.
#
# ### Exercise 6.3 · manual_train_step
#
# Write all five steps as one function. Called twice on `X = [[1], [2]]`, `y = [[3], [5]]` with `lr = 0.1`:
#
# | call | `W`, `b` before | returns | `W`, `b` after |
# |---|---|---:|---|
# | first | 0 and 0 | 17 | 1.3 and 0.8 |
# | second | 1.3 and 0.8 | 1.685 | 1.71 and 1.05 |


# %% exercise="manual_train_step" points=3
def manual_train_step(W: torch.Tensor, b: torch.Tensor, X: torch.Tensor, y: torch.Tensor, lr: float) -> float:
    """Train the line `X @ W + b` for one step of gradient descent on its mean squared error.

    W: (d, 1) and b: (1,), leaves that require grad; X: (n, d); y: (n, 1)
    returns: the loss before the update, as a float

    W and b are changed in place, and stay leaves that require grad. On the first call they have no gradient;
    after any number of calls, every update uses the gradient of its own call alone. No `torch.optim`.
    """
    ### BEGIN SOLUTION
    loss = ((X @ W + b - y) ** 2).mean()
    loss.backward()
    sgd_update_([W, b], lr)
    zero_grads_([W, b])
    return loss.item()
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Go through the table line by line. You may call `sgd_update_` and `zero_grads_`: put `W` and `b` in a list.
#
# </details>
# <details><summary>Hint 2</summary>
#
# If you clear first, `W.grad` is `None` on the very first call, and `None.zero_()` fails. Your
# `zero_grads_` copes with that.
#
# </details>
# <details><summary>Hint 3</summary>
#
# The loss was measured before the update, so it is ready: return it as a number with `loss.item()`.
#
# </details>

# %% [markdown]
# ## The learning rate: how far to step
#
# Why 0.05? For these four days you can work it out. The degrees add up to 0 and their squares average 5, so
# the loss is a bowl with two separate directions:
#
# $$\text{loss} = 5\,(W - 2)^2 + (b - 6)^2 + 0.25$$
#
# Its slope along $W$ is $10\,(W - 2)$. How fast a slope changes is the *curvature*: 10 along $W$, 2 along
# $b$. Put the slope into the update, and see what one step does to the distance from the best value:
#
# $$W_\text{new} - 2 = (W - 2) - \text{lr} \cdot 10\,(W - 2) = (1 - 10\,\text{lr})\,(W - 2)$$
#
# Every step multiplies the distance by the same factor, 1 minus the learning rate times the curvature:
#
# | lr | factor for $W$ | factor for $b$ | what you will see |
# |---:|---:|---:|---|
# | 0.05 | 0.5 | 0.9 | glides in; $b$ is slow |
# | 0.10 | 0 | 0.8 | $W$ is there in one step |
# | 0.18 | -0.8 | 0.64 | $W$ overshoots, swings, and settles |
# | 0.20 | -1 | 0.6 | $W$ swings for ever |
# | 0.21 | -1.1 | 0.58 | each swing is wider than the last: it *diverges* |
#
# A factor between -1 and 1 shrinks the distance. So the learning rate must stay below 2 divided by the
# curvature, and the steepest direction decides: $2 / 10 = 0.2$ here. Before you move the slider, say what
# 0.175, 0.200 and 0.205 will do. (Both axes have the same scale, so the contour lines show the bowl as it is:
# longer along $b$, where it is flat.)

# %% tags=["demo"]
widgets.learning_rate(X, y)

# %% [markdown]
# At 0.050 the walk glides in, and after 20 steps the loss is 0.78, on its way to 0.25. The first steps lead
# mostly along $W$; the rest is a slow crawl along $b$. At 0.175 it zigzags across the valley and gets there
# all the same, faster than at 0.050. At 0.200 the swing never dies, and the loss stays at 20.25. At 0.205
# every swing is wider than the last, and after 20 steps the loss is 141.05, far above where it began. Between
# one of the fastest walks and disaster lies a small change of `lr`. So a loss that grows to `inf` or `nan`
# asks first: is the learning rate too large?
#
# You seldom have a formula for the bowl. Autograd can measure its curvatures anyway: `torch.func.hessian`
# gives the table of all second derivatives. A bowl has directions of its own, along which it is steepest and
# flattest, and linear algebra finds the curvatures along them: they are the table's *eigenvalues*. Where the
# table has numbers on its diagonal alone, as here, its eigenvalues are those numbers.


# %%
def loss_at(point):
    return ((X[:, 0] * point[0] + point[1] - y[:, 0]) ** 2).mean()  # point: (2,), [W, b]


second_derivatives = torch.func.hessian(loss_at)(torch.zeros(2, device=device))  # (2, 2)
print(second_derivatives)
largest = torch.linalg.eigvalsh(second_derivatives).max().item()
print(f"largest curvature {largest:.1f}, so lr must stay below {2 / largest:.2f}")

# %% [markdown]
# 10 and 2, as in the formula. A network with a million weights has a table far too large to write down, and
# curvatures that change as it trains. There you find the edge by trying: raise the learning rate tenfold
# until the loss blows up, then go back.
#
# ### Exercise 6.4 · fit_line
#
# Put the step into a loop: one *epoch* is one pass over the data, here one step on all rows at once. For
# `X = [[1], [2]]`, `y = [[3], [5]]`, `lr = 0.1`, `epochs = 3`:
#
# | epoch | `W`, `b` before | loss that goes into `losses` |
# |---:|---|---:|
# | 0 | 0 and 0 | 17 |
# | 1 | 1.3 and 0.8 | 1.685 |
# | 2 | 1.71 and 1.05 | 0.1692 |
#
# The result is `W = [[1.84]]`, `b = [1.127]` and `losses = [17, 1.685, 0.1692]`, all rounded.


# %% exercise="fit_line" points=2
def fit_line(
    X: torch.Tensor, y: torch.Tensor, lr: float, epochs: int
) -> tuple[torch.Tensor, torch.Tensor, list[float]]:
    """Fit the line `X @ W + b` to y by gradient descent on its mean squared error, from zeros.

    X: (n, d); y: (n, 1); epochs: how many steps, each on all rows
    returns: W (d, 1), b (1,), and losses: a list of `epochs` floats, each measured before its update

    X and y stay as they were. W and b are made on the device of X. No `torch.optim`.
    """
    ### BEGIN SOLUTION
    W = torch.zeros(X.shape[1], 1, device=X.device, requires_grad=True)  # (d, 1)
    b = torch.zeros(1, device=X.device, requires_grad=True)  # (1,)
    losses = [manual_train_step(W, b, X, y, lr) for _ in range(epochs)]
    return W, b, losses
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Which lines run once, and which run in every epoch? Parameters that are made inside the loop forget all
# they have learned.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `X.shape[1]` is the number of features, and so the number of rows of `W`. Parameters must require grad.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `manual_train_step` returns the very number that `losses` wants: append it, once in every epoch.
#
# </details>

# %% [markdown]
# Try it on the kiosk. The learning rate 1/6 gives both directions the same factor up to its sign, 1 - 10/6
# and 1 - 2/6, which makes it the best one for this bowl. How many epochs will bring the loss within 0.01 of
# 0.25?

# %% tags=["demo"]
W, b, losses = fit_line(X, y, lr=1 / 6, epochs=20)
for epoch in (0, 5, 10, 11):
    print(f"epoch {epoch:2}   loss {losses[epoch]:.4f}")
print(f"W {W.item():.3f}   b {b.item():.3f}")

# %% [markdown]
# Each epoch leaves two thirds of the distance, and so four ninths of the loss above 0.25. After 10 epochs it is
# 0.2668, after 11 it is 0.2575. The line found: 6 hundred on a usual day, 2 hundred more for each degree.
#
# ## Momentum: roll, do not step
#
# The bowl of the kiosk is friendly: its curvatures differ by a factor of 5. Write the temperatures in
# Fahrenheit, where a degree is smaller, and the same days make a *ravine*: a bowl that is much steeper across
# than along.

# %% tags=["prediction"]
predict(
    "the curvature along `W`, which was 10, when every number in `X` is 1.8 times as large",
    {
        "10.0": "The days are the same, but the loss squares their numbers.",
        "18.0": (
            "The slope grows 1.8 times for each step of W; but each step of W also moves the guess 1.8 times as far."
        ),
        "32.4": "It is twice the mean of the squares, and 1.8 squared is 3.24.",
    },
    answer=lambda: f"{along_W:.1f}",
)

# %%
X_f = 1.8 * X  # (days, 1): the same days in Fahrenheit
along_W, along_b = 2 * X_f.square().mean().item(), 2.0
print(f"curvatures {along_W:.1f} and {along_b:.1f}, so lr must stay below {2 / along_W:.4f}")
print(f"with lr = 0.05 a step leaves {1 - 0.05 * along_b:.1f} of the way along b")

# %% [markdown]
# The curvature along `W` grew by the factor $1.8^2$, to 32.4, 16 times the one along `b`. The steep walls
# force small steps, and with small steps the walk along the flat bottom crawls: 10% a step.
#
# *Momentum* takes the swing from Break it and adds friction. Each parameter gets a velocity $v$, at rest to
# begin with. A step first slows the old velocity down by the factor $m$, adds the new gradient, and then
# moves along the velocity:
#
# $$v \leftarrow m\,v + g \qquad\qquad p \leftarrow p - \text{lr} \cdot v$$
#
# Across the ravine gradients change sign from step to step, and in the sum they cancel. Along the bottom
# they all point the same way, and pile up. With a constant gradient $g$ the velocity approaches
# $g / (1 - m)$: for $m = 0.9$, ten times the gradient.
#
# ### Exercise 6.5 · momentum_update_
#
# Write that update. With `lr = 0.1` and `momentum = 0.5`:
#
# | | parameter | velocity | gradient | new velocity | new parameter |
# |---|---:|---:|---:|---:|---:|
# | first entry | 1 | 4 | 2 | $0.5 \cdot 4 + 2 = 4$ | $1 - 0.1 \cdot 4 = 0.6$ |
# | second entry | 2 | 0 | 10 | $0.5 \cdot 0 + 10 = 10$ | $2 - 0.1 \cdot 10 = 1$ |


# %% exercise="momentum_update_" points=2
def momentum_update_(params: list[torch.Tensor], velocities: list[torch.Tensor], lr: float, momentum: float) -> None:
    """Take one step of gradient descent with momentum: v = momentum * v + g, then p = p - lr * v.

    params: leaves that require grad, each with a gradient in `.grad`
    velocities: one tensor for each parameter, of its shape, which does not require grad
    returns: nothing; both lists of tensors are changed in place, and the next call finds the new velocities

    Parameters keep their memory and stay leaves that require grad. No `torch.optim`.
    """
    ### BEGIN SOLUTION
    with torch.no_grad():
        for p, v in zip(params, velocities, strict=True):
            v.mul_(momentum).add_(p.grad)
            p -= lr * v
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `zip(params, velocities)` gives each parameter with its velocity. What you know from `sgd_update_` about
# `=` and in-place operators holds for both.
#
# </details>
# <details><summary>Hint 2</summary>
#
# The velocity comes first, because the step uses the new one. `v = momentum * v + p.grad` would make a new
# tensor and leave the one in the list as it was; `v.mul_(...)`, `v.add_(...)` and `v.copy_(...)` write into
# it.
#
# </details>
# <details><summary>Hint 3</summary>
#
# Inside `torch.no_grad()`: `v.mul_(momentum)`, then `v.add_(p.grad)`, then `p -= lr * v`.
#
# </details>

# %% [markdown]
# Now walk through the ravine twice with the same learning rate: with `momentum=0.0`, which is plain gradient
# descent, and with 0.5. Each walk takes ten steps and writes down where it has been. Which one will be
# closer to the star, and which one swings more?

# %% tags=["demo"]
walks = {}
for name, momentum in (("gradient descent", 0.0), ("with momentum", 0.5)):
    W = torch.zeros(1, 1, device=device, requires_grad=True)
    b = torch.zeros(1, device=device, requires_grad=True)
    velocities = [torch.zeros_like(W), torch.zeros_like(b)]
    walk = [[0.0, 0.0]]
    for _ in range(10):
        loss = ((X_f @ W + b - y) ** 2).mean()
        loss.backward()
        momentum_update_([W, b], velocities, lr=0.05, momentum=momentum)
        zero_grads_([W, b])
        walk.append([W.item(), b.item()])
    walks[name] = torch.tensor(walk)  # (steps + 1, 2)
plots.plot_walks(X_f, y, walks)

# %% [markdown]
# Momentum swings more at first: it carries its speed past the middle of the ravine. But along the bottom it
# gathers speed, and after ten steps its loss lies 0.16 above the lowest possible one, that of plain gradient
# descent 4.38. A usual value for $m$ is 0.9; the longer the ravine, the higher.
#
# ## Mini-batches: a rough gradient now, or an exact one later
#
# Four days fit into one gradient. Real data have millions of rows, and a step on all of them costs a pass
# over the lot. A handful of rows drawn at random gives a gradient that is right on average. The cell makes a
# kiosk with 1,000 days and compares the gradient of all with those of 20. How far off do you expect them?

# %%
torch.manual_seed(6)
X_many = (2 * torch.randn(1000, 1)).to(device)  # (days, 1)
y_many = 2 * X_many + 6 + 1.5 * torch.randn(1000, 1).to(device)  # (days, 1)
W = torch.zeros(1, 1, device=device, requires_grad=True)
b = torch.zeros(1, device=device, requires_grad=True)
for rows in (slice(0, 1000), slice(0, 20), slice(20, 40), slice(40, 60)):
    loss = ((X_many[rows] @ W + b - y_many[rows]) ** 2).mean()
    dW, db = torch.autograd.grad(loss, (W, b))
    print(f"{rows.stop - rows.start:4} days: gradients {dW.item():6.2f} and {db.item():6.2f}")

# %% [markdown]
# None of the small ones is right, and the last is about a third of what it should be along $W$. But all point
# downhill, and each costs a fiftieth of the exact one. So cut the rows into *mini-batches* and take a step
# after each: an epoch on these data becomes 50 steps.
#
# The rows must be drawn at random. Data often come sorted, by date or by class, and a batch of January days
# knows nothing of summer. So every epoch shuffles all rows anew, then cuts the shuffled order into pieces.
# `torch.randperm` draws such an order.

# %% tags=["prediction"]
predict(
    "two calls of `torch.randperm` with one seeded generator give",
    {
        "two different orders": "Each draw moves the generator on; only a new seed begins again.",
        "the same order twice": "The seed fixes where the generator begins, and every draw moves it on.",
    },
    answer=lambda: "the same order twice" if orders[0] == orders[1] else "two different orders",
)

# %%
generator = torch.Generator().manual_seed(17)
orders = [torch.randperm(5, generator=generator).tolist() for _ in range(2)]
print("first epoch: ", orders[0])
print("second epoch:", orders[1])

# %% [markdown]
# Each draw moves the generator on, so the second order is another one. Both follow from the seed: run the
# cell again, and the same two come back.
#
# ### Exercise 6.6 · minibatches
#
# Give all rows in shuffled batches, each with its own labels. Five rows in batches of two, in the order of
# the first epoch above:
#
# | batch | rows | shape of `X_batch` | shape of `y_batch` |
# |---|---|---|---|
# | first | 4 and 2 | `(2, d)` | `(2, 1)` |
# | second | 0 and 3 | `(2, d)` | `(2, 1)` |
# | last | 1 | `(1, d)` | `(1, 1)` |
#
# Any way to shuffle will do, as long as it takes its random numbers from the generator and nowhere else. A
# list of pairs is as good as a function with `yield`, which hands out one pair at a time.


# %% exercise="minibatches" points=3
def minibatches(X: torch.Tensor, y: torch.Tensor, batch_size: int, generator: torch.Generator):
    """Give every row of X and y once, in shuffled mini-batches.

    X: (n, ...); y: (n, ...), one entry for each row of X; generator: on the CPU
    returns: an iterable of pairs (X_batch, y_batch), each with `batch_size` rows; the last one has what is
        left, which may be fewer

    The order depends on the generator alone, and differs from call to call with the same generator. A row
    of X stays with its row of y. X and y stay as they were.
    """
    ### BEGIN SOLUTION
    order = torch.randperm(len(X), generator=generator).to(X.device)  # (n,)
    for rows in order.split(batch_size):
        yield X[rows], y[rows]
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Draw one order for both: two calls of `torch.randperm` would send every row of `X` to some other row's `y`.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `X[rows]` with a tensor of row numbers picks these rows, as in lesson 4. A slice of the order that reaches
# beyond its end gives what is there, and that is your last batch.
#
# </details>
# <details><summary>Hint 3</summary>
#
# Walk through `range(0, len(X), batch_size)`. For each start take `order[start : start + batch_size]`, and
# `yield` the pair, or append it to a list.
#
# </details>

# %% [markdown]
# Now compare two ways to spend 50 updates on the 1,000 days: each on all rows, which reads 50,000 rows, or
# each on 20 of them, which is a single epoch. Both use your `manual_train_step`. (If your `minibatches` turns
# random numbers into an order in its own way, the digits below differ a little from yours.)

# %% tags=["demo"]
generator = torch.Generator().manual_seed(6)
everything = [(X_many, y_many)] * 50
walks = {}
for name, batches in (
    ("all rows a step", everything),
    ("20 rows a step", minibatches(X_many, y_many, 20, generator)),
):
    W = torch.zeros(1, 1, device=device, requires_grad=True)
    b = torch.zeros(1, device=device, requires_grad=True)
    walk = [[0.0, 0.0]]
    for X_batch, y_batch in batches:
        manual_train_step(W, b, X_batch, y_batch, lr=0.05)
        walk.append([W.item(), b.item()])
    walks[name] = torch.tensor(walk)  # (51, 2)
plots.plot_walks(X_many, y_many, walks)

# %% [markdown]
# With all rows the walk is smooth and ends at the star. With 20 rows it stumbles about the same path and ends
# 0.06 above the lowest loss, having read a fiftieth of the rows. Near the star it keeps jittering: there the
# gradient is nearly 0, and what is left is mostly the luck of the draw. A smaller learning rate towards the
# end calms it: a plan of how the learning rate changes during training is a *learning-rate schedule*.
#
# Everything you built fits into one loop: epochs outside, batches inside, the five steps within. Lesson 9
# writes the same loop for real data. With momentum 0.9 a gradient counts tenfold in the long run, so `lr` is
# a tenth of what it was.

# %% tags=["demo"]
generator = torch.Generator().manual_seed(6)
W = torch.zeros(1, 1, device=device, requires_grad=True)
b = torch.zeros(1, device=device, requires_grad=True)
velocities = [torch.zeros_like(W), torch.zeros_like(b)]
for epoch in range(4):
    total = 0.0
    for X_batch, y_batch in minibatches(X_many, y_many, 20, generator):
        y_hat = X_batch @ W + b  # 1 predict: (batch, 1)
        loss = ((y_hat - y_batch) ** 2).mean()  # 2 measure the loss
        loss.backward()  # 3 compute gradients
        momentum_update_([W, b], velocities, lr=0.005, momentum=0.9)  # 4 update
        zero_grads_([W, b])  # 5 reset
        total += loss.item() * len(X_batch)
    print(f"epoch {epoch}   mean loss {total / len(X_many):.3f}   W {W.item():.2f}   b {b.item():.2f}")

# %% [markdown]
# The first epoch's mean, 10.897, includes the way down from zeros; from then on the loss stays near 2.6. It
# cannot fall to 0: the sales scatter about the line, and no line can follow that. `W` and `b` end near 2 and
# 6, the numbers that the data were made with.

# %% [markdown] question="why_scaling_diverges" points=0
# ## In your own words
#
# A classmate's line trains well with `lr = 0.1`. Then they write the same temperatures in tenths of a degree,
# so that every number in `X` is ten times as large, and after a few steps the loss is `inf`. In three to
# five sentences: what happened to the curvature and to the largest learning rate that works, and what are
# two ways out?
#
# ### BEGIN SOLUTION
# Along $W$ the curvature is twice the mean of the squared inputs, so inputs that are ten times as large make
# it a hundred times as large. The learning rate must stay below 2 divided by the largest curvature, so the
# edge has come down by a factor of 100, and 0.1 now lies far beyond it: every step multiplies the distance
# from the best $W$ by a factor below -1, until the numbers overflow. One way out is a learning rate a hundred
# times smaller; but the curvature along $b$ has not changed, so $b$ would learn a hundred times more slowly.
# The better way is to scale the inputs, for instance to mean 0 and standard deviation 1, which makes the
# curvatures alike, so that one learning rate suits both.
# ### END SOLUTION

# %% [markdown]
# ## Summary
#
# | you built | its professional twin |
# |---|---|
# | `sgd_update_` | `torch.optim.SGD(params, lr=...)`, then `optimizer.step()` |
# | `zero_grads_` | `optimizer.zero_grad()` |
# | `manual_train_step`, `fit_line` | the loop of lessons 8 and 9 |
# | `momentum_update_` | `torch.optim.SGD(params, lr=..., momentum=...)` |
# | `minibatches` | `torch.utils.data.DataLoader(..., shuffle=True)` |
#
# - Training is a circle of five steps: predict, measure the loss, compute gradients, update, reset.
# - An update writes into the parameter's own memory, inside `torch.no_grad()`. `W = W - ...` makes a new
#   tensor that nobody else knows.
# - Gradients add up. Without a reset the loss swings up and down in waves.
# - In a bowl, each step multiplies the distance from the best value, along each of the bowl's own directions, by
#   1 minus the learning rate times the curvature there. So the learning rate must stay below 2 divided by the
#   largest curvature.
# - Momentum sums gradients with friction: it cancels the swings and gathers speed along the bottom.
# - A mini-batch gives a rough gradient at a fraction of the price. Shuffle anew in every epoch, and keep X
#   and y aligned.
#
# **Next:** so far you trained lines. Lesson 7 builds the bricks of deeper networks, and the same five steps
# will train them.
