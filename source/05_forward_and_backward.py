# %% [markdown]
# # 5 · Forward and backward: a guess and its post-mortem
#
# A model makes a guess; that is the *forward* pass. Then it is told how wrong the guess was, and every
# parameter asks what it should have done otherwise; that is the *backward* pass. This lesson goes both ways
# by hand, with a line of two numbers, so that you know what autograd does for the millions of numbers in a
# real network.
#
# **When you are through, you can**
#
# - predict with weights and a bias, for any number of features and outputs;
# - make data from a rule that you know, and say what the best possible loss is;
# - measure a guess by its mean squared error, and refuse two shapes that do not belong together;
# - say from a gradient's sign which way to move a parameter;
# - derive the gradient of that loss line by line, and write each line as code;
# - check a gradient made by hand against autograd, and take it back through a hidden layer.
#
# **Time:** about two hours and ten minutes, exercises included.
#
# **You need:** lesson 2 (leaves, `backward`, `detach`), lesson 3 (`@`, broadcasting, sums along a `dim`).

# %% [markdown]
# ## How the exercises work
#
# Write your code in place of `raise NotImplementedError`, run that cell, then run the check below it. Hints
# wait below, folded. Three rules hold for all five:
#
# - the arguments stay as they were: their values, their `.grad`, their `requires_grad`;
# - results have the dtype and the device of what came in;
# - loops and library functions are fine, unless the exercise says otherwise. Three of them do.
#
# The first cell picks your device and writes down four days at an ice cream kiosk: how many degrees each was
# warmer than usual, and how many hundreds were sold.

# %%
import torch

from course_utils import check, pick_device, plots, widgets
from course_utils import predict as foresee  # `predict` will be yours, in exercise 5.1

device = pick_device()
X = torch.tensor([[-3.0], [-1.0], [1.0], [3.0]]).to(device)  # (days, 1): degrees above the usual
y = torch.tensor([[0.5], [3.5], [7.5], [12.5]]).to(device)  # (days, 1): hundreds sold
print("working on", device)

# %% [markdown]
# ## Forward: the guess
#
# Suppose that sales follow a line. Its *weight* $W$ says how many hundreds more are sold for each degree, its
# *bias* $b$ how many on a usual day. Nobody knows the two numbers yet, so guess: one more for each degree,
# and 4 on a usual day.

# %% tags=["prediction"]
foresee(
    "the guess for the coldest day, -3 degrees, with `W = 1` and `b = 4`",
    {
        "-3.0": "One for each degree makes -3, and then comes the bias.",
        "0.5": "So much was sold; the guess does not know that.",
        "1.0": "-3 · 1 + 4.",
    },
    answer=lambda: y_hat[0].item(),
)

# %%
W = torch.tensor([[1.0]], device=device)  # (features, outputs)
b = torch.tensor([4.0], device=device)  # (outputs,)
y_hat = X * W + b  # (4, 1) * (1, 1) + (1,) -> (4, 1)
print("guess:", y_hat.flatten().tolist())
print("sold: ", y.flatten().tolist())

# %% [markdown]
# It says 1.0, and 0.5 were sold. The hat on $\hat y$ marks a prediction; plain $y$ is the truth, also called
# the *target*.
#
# With one feature and one output, `*` will do. Now take hours of sunshine as a second feature, and predict ice
# cream, lemonade and tea: `X` is `(days, 2)`, `W` is `(2, 3)` and `b` is `(3,)`, one column of `W`, and one entry
# of `b`, for each output. What does the same line say?

# %%
try:
    torch.ones(4, 2) * torch.ones(2, 3) + torch.ones(3)  # (days, features) * (features, outputs) + (outputs,)
except RuntimeError as error:
    print(error)

# %% [markdown]
# Entry by entry does not fit any more. Every output wants a weighted sum of all the features.
#
# ### Exercise 5.1 · predict
#
# Write the prediction for any sizes. It has to give the same as `X * W + b` where there is one feature and one
# output. For one day with two features, a plain loop says it:
#
# ```python
# x = [2, 3]  # degrees above the usual, hours of sunshine
# W = [[1, 0, -1], [2, 1, 0]]  # (features=2, outputs=3)
# b = [10, 0, 6]
# for j in range(3):
#     print(sum(x[k] * W[k][j] for k in range(2)) + b[j])  # 18, then 3, then 4
# ```


# %% exercise="predict" points=1
def predict(X: torch.Tensor, W: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Give the weighted sums of each row's features, one for each output, plus that output's bias.

    X: (n, d), a sample in each row; W: (d, m); b: (m,)
    returns: (n, m)

    Gradients reach X, W and b; dtype and device are kept; no argument is changed.
    """
    ### BEGIN SOLUTION
    return X @ W + b  # (n, d) @ (d, m) + (m,) -> (n, m)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# In the loop, output `j` is the row `x` times column `j` of `W`, summed. Lesson 3 had a verb that pairs rows with
# columns, multiplies and sums.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `(n, d) @ (d, m)` gives `(n, m)`. The bias `(m,)` lines up with the last dim, so a plain `+` adds it to
# every row.
#
# </details>

# %% [markdown]
# ## How wrong is the guess?
#
# The *residual* of a day is prediction minus target: positive where the guess is too high, negative where it
# is too low. The picture draws the four residuals of your guess as dashed sticks. Which day will matter most
# when they are squared?

# %%
plots.plot_residuals(X, y, W=1.0, b=4.0)

# %% [markdown]
# The warmest day: its residual is -5.5. To compare two guesses you need one number for each, so the residuals
# have to be put together. Here are three ways. One of them would call a guess perfect that is 100 too high on
# one day and 100 too low on the next. Which?

# %%
residuals = y_hat - y  # (4, 1)
print("mean of the residuals:", residuals.mean().item())
print("mean of their sizes:  ", residuals.abs().mean().item())
print("mean of their squares:", (residuals**2).mean().item())

# %% [markdown]
# The first, -2.0: signs cancel. The other two do not let them. The *mean squared error*, MSE, 9.25 here, is
# the usual choice for two reasons. A residual that is twice as large counts four times, so the warmest day
# alone makes up 30.25 of the 37 that are averaged. And a square is smooth everywhere, while the size of a
# number has a kink at 0, where it has no slope.
#
# ### Break it · (n, 1) minus (n,)
#
# Targets often arrive as a plain list of numbers, of shape `(4,)`, while predictions are `(4, 1)`. Both hold
# four numbers.

# %% tags=["prediction"]
foresee(
    "the shape of a `(4, 1)` tensor minus a `(4,)` tensor",
    {
        "(4, 4)": "The column stretches along the row: every prediction minus every target.",
        "(4, 1)": "Both hold four numbers, but they stand across each other.",
        "an error": "Broadcasting fits both into one shape, so there is none.",
    },
    answer=lambda: tuple((y_hat - flat).shape),
)

# %%
flat = y.flatten()  # (4,)
print("shape:", tuple((y_hat - flat).shape))
print("loss: ", ((y_hat - flat) ** 2).mean().item())

# %% [markdown]
# Broadcasting (lesson 3) lines up the last dims: `(4, 1)` with `(1, 4)`, which gives `(4, 4)`, *every*
# prediction minus *every* target. Then the mean hides it: 29.25 is a number like any other. No error, and no
# warning.
#
# Is it only a number on another scale? Ask both losses which of two lines is better: a good one, $W = 2$, or a
# flat one, $W = 0$, which sells the same on every day.

# %%
for name, slope in (("good line", 2.0), ("flat line", 0.0)):
    guess = X * slope + 6.0  # (4, 1)
    right = ((guess - y) ** 2).mean().item()
    broken = ((guess - flat) ** 2).mean().item()
    print(f"{name}   right loss {right:5.2f}   broken loss {broken:5.2f}")

# %% [markdown]
# The broken loss prefers the flat line. It compares every prediction with the targets of all days, so the
# best it can do is to predict their mean, 6, whatever the weather. In training it falls, then stays at 20.25: a
# loss that looks fine, and a model that has learned nothing from `X`. Where does the 20.25 come from?

# %%
print("mean squared distance of y from its mean:", ((y - y.mean()) ** 2).mean().item())
print("y.var(correction=0):", y.var(correction=0).item())
print("y.var():            ", y.var().item())

# %% [markdown]
# It is the *population* variance of `y`, the square of lesson 3's population deviation. `y.var()` divides by
# $n - 1$, and gives 27. When a model predicts the same for every input, print the two shapes.
#
# ### Exercise 5.2 · mse
#
# Write the loss, and let it refuse shapes that differ:
#
# | `y_hat` | `y` | result |
# |---|---|---|
# | `[3, 5]` | `[1, 4]` | 2.5, the mean of 4 and 1 |
# | `[[3, 5]]` | `[[1, 4]]` | 2.5 |
# | `[[3], [5]]` | `[1, 4]` | raises `ValueError` |
# | `[3, 5]` | `[1]` | raises `ValueError` |


# %% exercise="mse" points=2
def mse(y_hat: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Average the squared differences over all entries.

    y_hat, y: of one shape, any
    returns: a 0-d tensor, inside the graph
    raises: ValueError where the shapes differ, also where they would broadcast

    Build it from a difference, a square and a mean; no `F.mse_loss`, no `nn.MSELoss`.
    Gradients reach y_hat and y; dtype and device are kept; no argument is changed.
    """
    ### BEGIN SOLUTION
    if y_hat.shape != y.shape:
        raise ValueError(f"y_hat has shape {tuple(y_hat.shape)}, y has {tuple(y.shape)}; they should be the same")
    return ((y_hat - y) ** 2).mean()
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Compare `y_hat.shape` with `y.shape` before anything else. The number of entries or the length alone would
# let some wrong pairs through.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `raise ValueError("...")` stops the function. Put both shapes into the text: whoever reads it wants to know
# them.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `.item()` would turn the loss into a plain number, and a plain number has no gradient. Leave it a tensor:
# `.mean()` of all entries has the shape `()`.
#
# </details>

# %% [markdown]
# ### Data whose rule you know
#
# You have a prediction and a loss. Do they work? On real data you could not tell, because nobody knows the right
# weights. So make data from a rule that you know, here $3 x_0 - 2 x_1 + 5$, and add noise. Then start where
# training starts, at random weights that require grad. The cell needs your `predict` and `mse`. What will the start
# say about where its prediction comes from, and which loss is the best to hope for?

# %% tags=["demo"]
generator = torch.Generator().manual_seed(5)
X_made = torch.randn(1000, 2, generator=generator)  # (rows, features)
true_W, true_b = torch.tensor([[3.0], [-2.0]]), torch.tensor([5.0])  # (features, outputs), (outputs,)
noise = 0.5 * torch.randn(1000, 1, generator=generator)  # (rows, outputs)
y_made = predict(X_made, true_W, true_b) + noise
start_W = torch.randn(2, 1, generator=generator, requires_grad=True)  # (features, outputs)
start_b = torch.zeros(1, requires_grad=True)  # (outputs,)
y_start = predict(X_made, start_W, start_b)
print("prediction made by", y_start.grad_fn.name(), "  target made by", y_made.grad_fn)
print(f"loss at the start: {mse(y_start, y_made).item():.2f}")
print(f"loss of the rule:  {mse(predict(X_made, true_W, true_b), y_made).item():.2f}")

# %% [markdown]
# The prediction carries its history, with the addition of `b` as its last step: from there `backward` can find its
# way to both parameters. The target has no history, because nobody asked about data. The random start is far off, at
# 37.93. And the rule itself does not reach 0: what is left is the noise, whose mean square is about $0.5^2 = 0.25$.
# Training that stops near there has found all that there is to find.

# %% [markdown]
# ## What a gradient's sign says
#
# How should $W$ change? Nudge it and see. The next cell tries three values of $W$, with $b = 4$. At each it
# measures the loss, adds 0.01 to $W$, measures again, and divides the change of the loss by the change of $W$:
# that is the slope. The best line has $W = 2$. What sign do you expect on either side?


# %%
def loss_at(W, b):
    return ((X * W + b - y) ** 2).mean().item()


for weight in (1.0, 2.0, 3.0):
    slope = (loss_at(weight + 0.01, 4.0) - loss_at(weight, 4.0)) / 0.01
    print(f"W = {weight}   loss {loss_at(weight, 4.0):.2f}   slope {slope:6.2f}")

# %% [markdown]
# | slope along $W$ | what a larger $W$ does | so, to lower the loss |
# |---|---|---|
# | negative | the loss falls | raise $W$ |
# | 0 | nothing, at first | leave $W$ |
# | positive | the loss grows | lower $W$ |
#
# The sign says which way to go: always *against* it. The size says how steep it is there. It does not say how
# far to go, which lesson 6 has to settle. And the exact slopes are -10, 0 and 10: a nudge of 0.01 is off by
# 0.05, because the slope changes along the way.
#
# Nudging costs one more loss for every parameter, and two for nudges to both sides as in lesson 2. For a million
# parameters that is hopeless, so the slopes have to come out of one calculation.

# %% [markdown]
# ## The derivation, line by line
#
# The gradient is the list of all slopes: one number for each parameter. For the line it takes seven steps,
# and each is a line of code, or part of one. $N$ is the number of entries.
#
# | | mathematics | code | what it is |
# |---|---|---|---|
# | 1 | $\hat y_i = x_i W + b$ | `y_hat = X * W + b` | the guess |
# | 2 | $r_i = \hat y_i - y_i$ | `r = y_hat - y` | the residual |
# | 3 | $L = \frac{1}{N} \sum_i r_i^2$ | `loss = (r**2).mean()` | the loss |
# | 4 | $D_i = \partial L / \partial \hat y_i = \frac{2}{N} r_i$ | `D = 2 / N * r` | its slope along a prediction |
# | 5 | $\partial \hat y_i / \partial W = x_i, \; \partial \hat y_i / \partial b = 1$ | `X` and `1` | slopes of line 1 |
# | 6 | $\partial L / \partial W = \sum_i D_i \, x_i$ | `dW = (D * X).sum()` | line 4 times line 5, summed |
# | 7 | $\partial L / \partial b = \sum_i D_i$ | `db = D.sum()` | the same for $b$ |
#
# $\partial L / \partial W$ is read "the slope of $L$ along $W$, while everything else stays". Line 4: the slope of
# $r^2$ is $2r$, the mean divides by $N$, and $\hat y_i$ stands in one term of the sum
# only. Lines 6 and 7 are the chain rule: how fast the loss changes with a prediction, times how fast the
# prediction changes with the parameter. The parameter acts on every row, so the rows add up.
#
# Lines 1 to 3 go forward, lines 4 to 7 backward. Run them at the guess $W = 1$, $b = 4$. The slope along $W$
# should be near the -9.95 that the nudge gave.

# %%
N = y.numel()
y_hat = X * 1.0 + 4.0  # 1 the guess: (4, 1)
r = y_hat - y  # 2 the residuals: (4, 1)
loss = (r**2).mean()  # 3 the loss: ()
D = 2 / N * r  # 4 the slope along each prediction: (4, 1)
dW = (D * X).sum()  # 5 and 6 the slope along W: ()
db = D.sum()  # 7 the slope along b: ()
print("D:    ", D.flatten().tolist())
print("D * X:", (D * X).flatten().tolist())
print("dW", dW.item(), "  db", db.item())

# %% [markdown]
# -10 and -4: raise both. Read the rows, too. On the warmest day the guess is too low, so $D$ is negative, and
# the day is warm, so a larger $W$ would help: it contributes -8.25 of the -10. On the second day the guess is
# also too low, but the day is *cold*: there a larger $W$ lowers the prediction further, so it votes the other
# way, with +0.25. Residual times input: that is all there is to a weight's gradient.
#
# Now look at all guesses at once. Every point of the picture is a pair $W$, $b$, and the rings join points of
# equal loss. The gradient at your guess is an arrow. Where will it point?

# %%
plots.plot_loss_surface(X, y, W=1.0, b=4.0)

# %% [markdown]
# Uphill, at a right angle to the ring, in the direction in which the loss grows fastest. The dashed arrow goes against
# it, and downhill. Note that it does not point at the star: the gradient knows the slope where you stand, not
# where the valley ends.
#
# Move the two sliders and watch the signs. Can you find a guess where only one of the two slopes is 0? And
# where the arrows vanish?

# %% tags=["demo"]
widgets.guess_explorer(X, y, W=1.0, b=4.0)

# %% [markdown]
# With $W = 2$ the slope along $W$ is 0 for every $b$, and with $b = 6$ that along $b$ is 0 for every $W$.
# Both vanish at the best line, where the loss is 0.25: not 0, since no line goes through all four points.
#
# Is it always so tidy? It hangs on these degrees: -3, -1, 1 and 3 add up to 0. Now count them from a point
# that is 2 degrees colder, so that each number grows by 2, and look at $W = 2$ again:

# %%
for shift in (0.0, 2.0):
    moved = X + shift  # (4, 1)
    for bias in (2.0, 4.0, 6.0):
        D = 2 / N * (moved * 2.0 + bias - y)  # (4, 1)
        print(f"degrees + {shift:.0f}   W = 2, b = {bias:.0f}   slope along W {(D * moved).sum().item():5.1f}")

# %% [markdown]
# With the degrees as they were it is 0, 0, 0. With 2 more it is 0, 8, 16: what is right for $W$ now depends on
# $b$. The best line still has $W = 2$, and its $b$ is 2 now. With inputs that are centred, as in lesson 3, the
# two do not get in each other's way.
#
# ### Exercise 5.3 · mse_gradients
#
# Write the gradients for any number of features and outputs. Two things change. The mean is over all
# $N = n \cdot m$ entries. And `W[k, j]` multiplies feature `k` on its way to output `j`, so line 6 becomes
#
# ```python
# dW[k][j] = sum(X[i][k] * D[i][j] for i in range(n))
# ```
#
# With `X = [[1, 0], [2, 1]]`, `y = [[0], [2]]`, `W = [[1], [2]]` and `b = [0]`:
#
# | `y_hat` | residuals | `D`, with $N = 2$ | `dW` | `db` |
# |---|---|---|---|---|
# | `[[1], [4]]` | `[[1], [2]]` | `[[1], [2]]` | `[[5], [2]]` | `[3]` |


# %% exercise="mse_gradients" points=3
def mse_gradients(
    X: torch.Tensor, y: torch.Tensor, W: torch.Tensor, b: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Give the gradients of the mean squared error of `X @ W + b`, by formula.

    X: (n, d); y: (n, m); W: (d, m); b: (m,). The mean is over all n * m entries.
    returns: (dW, db), of shapes (d, m) and (m,)

    By hand: no autograd, so no `backward`, no `torch.autograd.grad`, nothing from `torch.func`.
    Dtype and device are kept; no argument is changed.
    """
    ### BEGIN SOLUTION
    D = 2 / y.numel() * (X @ W + b - y)  # (n, m)
    return X.T @ D, D.sum(dim=0)  # (d, n) @ (n, m) -> (d, m); (m,)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Start with `D`, as in line 4: predictions minus targets, times 2, divided by the number of entries of `y`.
# Its shape is that of `y`.
#
# </details>
# <details><summary>Hint 2</summary>
#
# A gradient has the shape of its parameter. `b` is `(m,)` and `D` is `(n, m)`: along which dim do you sum?
#
# </details>
# <details><summary>Hint 3</summary>
#
# The sum over `i` of `X[i][k] * D[i][j]` is a matrix product in which `X` lies on its side. Shapes: `(d, n)`
# times `(n, m)` gives `(d, m)`.
#
# </details>

# %% [markdown]
# ## Autograd does the same
#
# In lesson 2, `backward` filled the `.grad` of every leaf. Here it has to give the numbers that you worked out
# by hand. The cell calls it twice, and prints the gradients after each call.

# %% tags=["prediction"]
foresee(
    "`W.grad` after the second `backward`; the first gave -10",
    {
        "-10.0": "Nothing about the guess has changed, but the first result is still there.",
        "-20.0": "`backward` adds to what is there.",
        "0.0": "A step down the slope would shrink it, but nobody has taken one.",
    },
    answer=lambda: W.grad.item(),
)

# %%
W = torch.tensor([[1.0]], device=device, requires_grad=True)  # (1, 1)
b = torch.tensor([4.0], device=device, requires_grad=True)  # (1,)
for call in (1, 2):
    ((X @ W + b - y) ** 2).mean().backward()
    print(f"after call {call}: dW {W.grad.item()}   db {b.grad.item()}")

# %% [markdown]
# -10 and -4 first, as by hand. Then -20 and -8: `backward` *adds* to what is there. A function that calls
# `backward` on the tensors it was given leaves traces in them, and gives another answer the next time. So work
# on copies. A copy has to be a leaf of its own. Which of these two is?

# %%
for name, copy in (("W.clone()", W.clone()), ("W.detach().clone()", W.detach().clone())):
    print(f"{name:20} leaf {copy.is_leaf!s:5}   requires grad {copy.requires_grad}")

# %% [markdown]
# The second. A clone alone is an operation in the graph: it hangs on `W`, and `backward` goes on through it
# to `W.grad`. `detach` cuts it off first. What is left does not ask for a gradient yet, and `requires_grad_()`
# lets it.
#
# ### Exercise 5.4 · autograd_gradients
#
# Give the gradients of exercise 5.3, now through `backward`. Called twice with `W` and `b` of the cell above,
# whose gradients are -20 and -8 by now:
#
# | call | returns | `W.grad`, `b.grad` afterwards |
# |---|---|---|
# | first | -10 and -4 | -20 and -8, as before |
# | second | -10 and -4 | -20 and -8, as before |


# %% exercise="autograd_gradients" points=2
def autograd_gradients(
    X: torch.Tensor, y: torch.Tensor, W: torch.Tensor, b: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Give the gradients of the mean squared error of `X @ W + b`, through `backward`.

    X: (n, d); y: (n, m); W: (d, m); b: (m,), with or without requires_grad
    returns: (dW, db), of shapes (d, m) and (m,)

    Work on detached copies of W and b that require grad: the arguments keep their values, their `.grad` and their
    `requires_grad`. Dtype and device are kept.
    """
    ### BEGIN SOLUTION
    W = W.detach().clone().requires_grad_()
    b = b.detach().clone().requires_grad_()
    mse(predict(X, W, b), y).backward()
    return W.grad, b.grad
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Three steps: copies of `W` and `b`, the loss from the copies, `backward`. You may use `predict` and `mse`.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `W = W.detach().clone().requires_grad_()` gives the copy the old name. The caller's tensor stays what it
# was; inside the function, `W` now means the copy.
#
# </details>

# %% [markdown]
# Two ways to one number are a test. This is the *gradient check*: whenever you write a gradient by hand,
# compare it with autograd on random data whose sizes all differ, so that a mixed-up dim cannot hide. The cell
# needs your functions from exercises 5.3 and 5.4.

# %% tags=["demo"]
torch.manual_seed(5)
many = [torch.randn(shape).to(device) for shape in ((50, 3), (50, 2), (3, 2), (2,))]  # X, y, W, b
for name, by_hand, by_autograd in zip(("dW", "db"), mse_gradients(*many), autograd_gradients(*many), strict=True):
    print(name, tuple(by_hand.shape), torch.allclose(by_hand, by_autograd, atol=1e-5))

# %% [markdown]
# `True` twice. `allclose`, not `equal`: the two may add up in another order, and float32 rounds after every step.
#
# ## One layer deeper
#
# A network with a hidden layer is two layers such as $XW + b$ with a bend between them, the ReLU, which replaces
# negative numbers by 0. What the first layer gives is *hidden*: it is neither input nor prediction. Each of its columns
# is a hidden *unit*. Forward, with $h$ of them:
#
# | | step | shape |
# |---|---|---|
# | 1 | `H = X @ W1 + b1` | `(n, h)` |
# | 2 | `A = relu(H)` | `(n, h)` |
# | 3 | `y_hat = A @ W2 + b2` | `(n, m)` |
# | 4 | the loss, and `D` as before | `(n, m)` |
#
# Backward, you meet the same steps from the end. Step 3 is a line whose input is `A`, and you know a line's
# gradients. Step 2 is new. How steep is a ReLU, and how steep is it in its corner?

# %% tags=["prediction"]
foresee(
    "the slope of a ReLU at exactly 0, as autograd has it",
    {
        "0.0": "The corner has no slope of its own, and PyTorch takes the left one.",
        "0.5": "The mean of both sides would be fair, but PyTorch takes the left side.",
        "1.0": "The right side has it, from just above 0 on.",
    },
    answer=lambda: H.grad[2].item(),
)

# %%
H = torch.tensor([-2.0, -0.5, 0.0, 0.5, 3.0], device=device, requires_grad=True)
torch.relu(H).sum().backward()
print("relu: ", torch.relu(H).tolist())
print("slope:", H.grad.tolist())

# %% [markdown]
# 1 where `H` is positive, 0 where it is negative. At exactly 0 the curve has a kink and no slope; autograd takes
# 0 there, and so should you. On the way back the ReLU is a gate: a unit that was silent for a row hears nothing
# about that row.
#
# One piece is missing: how `D`, the slope along each prediction, becomes `dA`, the slope along each hidden
# unit. Unit `k` speaks to output `j` through `W2[k, j]`. It speaks to all outputs, so add them up:
#
# ```python
# dA[i][k] = sum(D[i][j] * W2[k][j] for j in range(m))
# ```
#
# Behind the gate, `dH` says for the first line what `D` says for the second.
#
# ### Exercise 5.5 · mlp_gradients, the challenge
#
# Write the four gradients by hand. With one row, `X = [[1]]`, `y = [[1]]`, `W1 = [[1, -1]]`, `b1 = [0, 0]`,
# `W2 = [[2], [3]]` and `b2 = [0]`:
#
# | forward | | backward | |
# |---|---|---|---|
# | `H` | `[[1, -1]]` | `D`, with $N = 1$ | `[[2]]` |
# | `A` | `[[1, 0]]` | `dW2` and `db2` | `[[2], [0]]` and `[2]` |
# | `y_hat` | `[[2]]` | `dA`, then `dH` | `[[4, 6]]`, then `[[4, 0]]` |
# | residual | `[[1]]` | `dW1` and `db1` | `[[4, 0]]` and `[4, 0]` |


# %% exercise="mlp_gradients" points=5
def mlp_gradients(
    X: torch.Tensor,
    y: torch.Tensor,
    W1: torch.Tensor,
    b1: torch.Tensor,
    W2: torch.Tensor,
    b2: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Give the gradients of the mean squared error of `relu(X @ W1 + b1) @ W2 + b2`, by formula.

    X: (n, d); y: (n, m); W1: (d, h); b1: (h,); W2: (h, m); b2: (m,). The mean is over all n * m entries.
    returns: (dW1, db1, dW2, db2), each of the shape of its parameter

    By hand: no autograd, so no `backward`, no `torch.autograd.grad`, nothing from `torch.func`.
    Dtype and device are kept; no argument is changed.
    """
    ### BEGIN SOLUTION
    H = X @ W1 + b1  # (n, h)
    A = torch.relu(H)  # (n, h)
    D = 2 / y.numel() * (A @ W2 + b2 - y)  # (n, m)
    dA = D @ W2.T  # (n, m) @ (m, h) -> (n, h)
    dH = dA * (H > 0)  # (n, h)
    return X.T @ dH, dH.sum(dim=0), A.T @ D, D.sum(dim=0)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Go forward first and keep `H` and `A`: the way back needs both. Then `dW2` and `db2` are exercise 5.3 with
# `A` in place of `X`.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `dA` sums over the outputs `j`, the last dim of both `D` and `W2`. As a matrix product: `(n, m)` times
# `(m, h)`. Which of the two has to be transposed?
#
# </details>
# <details><summary>Hint 3</summary>
#
# The gate is `H > 0`, a tensor of `True` and `False` that counts as 1 and 0 in a product: `dH = dA * (H > 0)`.
# Then the first layer is exercise 5.3 once more, with `dH` in place of `D`.
#
# </details>

# %% [markdown]
# What you wrote is *backpropagation*. However deep a network is, each layer takes the slope along its output,
# leaves the gradients of its own parameters, and hands the slope along its input back to the layer before.
# Autograd does this for every operation it knows, and you have checked it.

# %% [markdown] question="why_residual_times_input" points=0
# ## In your own words
#
# For a single day, the gradient of the weight is the residual times the input, up to a positive factor. In
# three to five sentences: what does its sign say when the guess is too low on a warm day, and what when it is
# too low on a cold day? And why does a day at exactly the usual temperature, $x = 0$, say nothing about $W$,
# however wrong the guess is there?
#
# ### BEGIN SOLUTION
# Too low means a negative residual. On a warm day $x$ is positive, so the gradient is negative: raise $W$,
# which raises the prediction for that day. On a cold day $x$ is negative, so the gradient is positive: lower
# $W$, because with a negative input a smaller weight gives a higher prediction. In both cases a step against
# the gradient moves the prediction towards the target. At $x = 0$ the prediction is $b$ alone, whatever $W$
# is, so no change of $W$ can mend it, and the gradient along $W$ is 0; that day speaks to $b$ only, whose
# gradient is the residual itself, up to the same factor.
# ### END SOLUTION

# %% [markdown]
# ## Summary
#
# | you built | its professional twin |
# |---|---|
# | `predict` | `nn.Linear`, which keeps its weight as `(out, in)` |
# | `mse` | `nn.MSELoss`, which broadcasts, and only warns |
# | `mse_gradients`, `mlp_gradients` | `loss.backward()` |
# | `autograd_gradients` | `torch.autograd.grad(loss, (W, b))` |
#
# - Forward is a guess, `X @ W + b`; the loss is one number that says how wrong it was.
# - `(n, 1) - (n,)` is `(n, n)`, and a mean hides it. A model trained so predicts the mean of `y` for every
#   input.
# - A negative slope says: raise the parameter. A positive one says: lower it. Always go against the gradient.
# - The gradient of a weight is residual times input, summed over the rows; that of a bias is the residuals
#   alone, summed. The 2 comes from the square, the 1/N from the mean.
# - Gradients have the shape of their parameters. On the way back, a ReLU is a gate and a matrix product is
#   another one, transposed.
# - Check what you derive against autograd, on sizes that all differ.
#
# **Next:** you know which way is downhill. Lesson 6 takes the step, again and again, and that is training.
