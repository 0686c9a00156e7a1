# %% [markdown]
# # 7 · Layers: bricks
#
# In lesson 6 you trained a line with raw tensors. Bigger networks are built from a handful of bricks, and
# every brick is a short function of a few tensors. In this lesson you build seven of them, look at what
# each is for, and see two of them break, because the symptoms are what you will meet later.
#
# **When you are through, you can**
#
# - say what an `nn.Linear` holds, and why its weight has the shape that it has;
# - say what an activation's slope does to learning;
# - turn scores into probabilities without overflow, and into a loss without an infinity;
# - say what Embedding, LayerNorm and Dropout do to a tensor, entry by entry;
# - tell from a stuck loss that somebody put a softmax in front of `CrossEntropyLoss`.
#
# **Time:** about two hours, exercises included.
#
# **You need:** lesson 3 (`dim`, `keepdim`, broadcasting), lesson 4 (picking entries by index), lessons 5
# and 6 (loss, gradients, the five-step loop).

# %% [markdown]
# ## Where the bricks go
#
# | step | in lesson 6 | from now on |
# |---|---|---|
# | 1 · predict | `X @ W + b` | Linear, GELU, LayerNorm, Dropout in any order; an Embedding first, where ids go in |
# | 2 · measure the loss | mean squared error | cross-entropy, when the answer is one of several classes |
# | 3 · compute gradients | `loss.backward()` | the same: autograd goes through every brick you write |
# | 4 · update | `W -= lr * W.grad` | the same, until `torch.optim` takes over in lesson 8 |
# | 5 · reset | `W.grad = None` | the same |
#
# Softmax stands beside the loop: it turns what the network says into probabilities that a person can read.

# %% [markdown]
# ## How the exercises work
#
# Write your code in place of `raise NotImplementedError`, run that cell, then run the check below it. A
# failed check shows the call that went wrong and asks you a question. Hints wait below, folded. Five rules
# hold for all seven:
#
# - build it from smaller operations, not from the library's own version (`F` is short for
#   `torch.nn.functional`);
# - gradients flow back to every argument made of floats;
# - the result has the dtype and the device of what came in;
# - the arguments stay as they were;
# - an argument may be a view, such as `x.T`, whose numbers do not lie side by side in memory.
#
# After a restart of the kernel, run the first cell and your own exercise cells again, and a widget's cell to
# bring its slider back to life.
#
# The first cell picks your device. Random numbers are drawn on the CPU from a fixed seed and then moved, so
# you see the numbers that the text speaks of.

# %%
import math

import torch
from torch import nn

from course_utils import check, check_shape, pick_device, plots, predict, widgets

device = pick_device()
torch.manual_seed(7)
print("working on", device)

# %% [markdown]
# ## Linear: one weighted sum for each output
#
# `nn.Linear(3, 2)` turns three features into two. Each output is a weighted sum of all the inputs, plus a
# number of its own, the bias: the `X @ W + b` of lesson 5, packed together with its parameters.

# %% tags=["prediction"]
predict(
    "the shape of the weight of `nn.Linear(3, 2)`",
    {
        "(3, 2)": "Lesson 5 had it so, features first; `nn.Linear` keeps a row for each output.",
        "(2, 3)": "One row for each output, with as many entries as there are inputs.",
    },
    answer=lambda: tuple(layer.weight.shape),
)

# %%
layer = nn.Linear(in_features=3, out_features=2).to(device)
for name, parameter in layer.named_parameters():
    print(name, tuple(parameter.shape))

# %% [markdown]
# The weight is `(out, in)`: one row for each output, as in the textbook's $y = Wx + b$, where $W$ stands to
# the left of a single column $x$. Row 0 holds all the weights of output 0. A batch keeps its samples in
# rows, so here $x$ stands to the left and the weight is transposed: `x @ weight.T`. That copies nothing: a
# transpose reads the same memory in another order.
#
# How many dims may `x` have? Try three: 4 sentences of 6 words of 3 features.

# %%
x = torch.randn(4, 6, 3).to(device)  # (sentences, words, features)
y = layer(x)  # (4, 6, 3) -> (4, 6, 2)
print(tuple(y.shape))

# %% [markdown]
# Only the last dim changed. Each of the 24 words went through the same weights, and every dim before the
# last is part of the batch.
#
# ### Exercise 7.1 · linear
#
# Write the rule of `nn.Linear`. For one sample, a plain loop says it:
#
# ```python
# x = [1, 2, 3]
# weight = [[1, 0, -1], [2, 1, 0]]  # (out=2, in=3)
# bias = [0.5, -1]
# for row, b in zip(weight, bias):
#     print(sum(w * v for w, v in zip(row, x)) + b)  # -1.5, then 3
# ```
#
# Yours needs no loop, and takes any number of leading dims.


# %% exercise="linear" points=1
def linear(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """Give one weighted sum of the last dim of `x` for each output, plus that output's bias.

    x: (..., in), any number of leading dims; weight: (out, in); bias: (out,)
    returns: (..., out)

    Build it from a matrix product and a sum; no `F.linear`, no `nn.Linear`.
    Gradients reach x, weight and bias; dtype and device are kept; no argument is changed.
    """
    ### BEGIN SOLUTION
    return x @ weight.T + bias  # (..., in) @ (in, out) -> (..., out)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# In the loop, each output is one row of `weight` times `x`, summed. Which operation from lesson 3
# multiplies and sums for all rows and all samples at once?
#
# </details>
# <details><summary>Hint 2</summary>
#
# `a @ b` sums over the last dim of `a` and the second-to-last of `b`, and the two must have the same size.
# `x` ends in `in`. Where does `weight` have `in`, and how do you bring it into place?
#
# </details>
# <details><summary>Hint 3</summary>
#
# Shapes: `(..., in) @ (in, out)` gives `(..., out)`. The bias `(out,)` broadcasts over all leading dims, so
# a plain `+` adds it to every sample.
#
# </details>

# %% [markdown]
# ## Activations: the bend that makes depth worth having
#
# Two linear layers in a row are one linear layer in disguise. Multiply it out: $W_2(W_1 x + b_1) + b_2$
# equals $(W_2 W_1)\,x + (W_2 b_1 + b_2)$, again a weight and a bias. The cell builds that single layer and
# compares. Then it puts a ReLU, which replaces every negative number by 0, between the two. Which of the
# two comparisons holds?

# %%
first, second = nn.Linear(3, 4), nn.Linear(4, 2)
x = torch.randn(5, 3)  # (batch, features)
weight = second.weight @ first.weight  # (2, 4) @ (4, 3) -> (2, 3)
bias = second.weight @ first.bias + second.bias  # (2, 4) @ (4,) + (2,) -> (2,)
one_layer = x @ weight.T + bias  # (5, 2)
print("two layers:          ", torch.allclose(second(first(x)), one_layer, atol=1e-6))
print("with a ReLU between: ", torch.allclose(second(torch.relu(first(x))), one_layer, atol=1e-6))

# %% [markdown]
# `True`, then `False`: without a bend, depth buys nothing. An *activation* is a function applied to each
# entry by itself, and its bend keeps the layers apart.
#
# Which bend? In step 3 the chain rule multiplies the gradient by the activation's slope, once for each
# layer it goes through. So look at the slopes beside the functions.

# %% tags=["demo"]
activations = {"sigmoid": torch.sigmoid, "ReLU": torch.relu, "GELU": nn.functional.gelu}
plots.plot_activations(activations)

# %% [markdown]
# ReLU and GELU pass a large positive input on unchanged, with slope 1. The sigmoid squeezes everything
# between 0 and 1; its slope is at most 0.25, and far from 0 it is nearly flat. There the sigmoid
# *saturates*: whatever the loss asks for, almost nothing comes through. The next cell reads three slopes
# off with autograd, and multiplies the best slopes of ten sigmoids in a row.

# %%
x = torch.tensor([-4.0, 0.0, 4.0], device=device, requires_grad=True)
for activation in (nn.Sigmoid(), nn.ReLU(), nn.GELU()):
    (slopes,) = torch.autograd.grad(activation(x).sum(), x)
    print(f"{activation!s:24}", [f"{slope:.4f}" for slope in slopes.tolist()])
print(f"ten sigmoids: {0.25**10:.7f}")

# %% [markdown]
# At 4 the sigmoid passes on 0.0177 of the gradient, ReLU all of it. The slopes of ten sigmoids multiply to a
# millionth at best: unless large weights make up for it, the first layers hardly learn. (At 0 itself ReLU has a
# corner, and no slope; autograd takes 0.) GELU bends smoothly: just left of 0 it still slopes up, further left a
# little down (-0.13 at the most), and its slope fades to -0.0005 at -4.
#
# ### Break it · a dying ReLU
#
# ReLU has a price too: below 0 its slope is 0. One step that was too large can push a unit so far down that it is
# negative for every sample. Such a unit gives 0 for all, and gets a gradient of 0 from all: it is dead. Here is one,
# with a bias of -3, that should learn to give back its input, a number from 0 to 1. Beside it `LeakyReLU`, which
# below 0 keeps a small slope, here 0.1. Which of the two will find its way up again?

# %%
x = torch.linspace(0, 1, 50, device=device)  # (samples,)
for bend in (nn.ReLU(), nn.LeakyReLU(0.1)):
    w, b = (torch.tensor(start, device=device, requires_grad=True) for start in (1.0, -3.0))
    for step in range(201):
        loss = ((bend(w * x + b) - x) ** 2).mean()
        loss.backward()
        if step % 50 == 0:
            print(f"{bend!s:30} step {step:3}   bias {b.item():5.2f}   loss {loss.item():.4f}")
        with torch.no_grad():
            for parameter in (w, b):
                parameter -= 0.5 * parameter.grad
                parameter.grad = None

# %% [markdown]
# The bias of the *dying ReLU* does not move at all, and no number of steps will change that. The leaky unit creeps up
# along its small slope until it is alive, and ends at the right bias, 0. In a large layer some dead units do no
# harm; if many die, lower the learning rate, or take an activation that leaks, as GELU does near 0.
#
# ### Exercise 7.2 · gelu
#
# $\text{GELU}(x) = x \cdot \Phi(x)$, where $\Phi(x) = \frac{1}{2}\left(1 + \text{erf}(x / \sqrt 2)\right)$
# is the chance that a standard normal number falls below $x$:
#
# | $x$ | $\Phi(x)$ | GELU$(x)$ |
# |---:|---:|---:|
# | -2 | 0.0228 | -0.0455 |
# | 0 | 0.5000 | 0.0000 |
# | 1 | 0.8413 | 0.8413 |
# | 2 | 0.9772 | 1.9545 |
#
# Some models use a faster formula with `tanh`, off by up to 0.0005. Yours is exact, like
# `approximate='none'` above.


# %% exercise="gelu" points=1
def gelu(x: torch.Tensor) -> torch.Tensor:
    """Multiply each entry of `x` by the chance that a standard normal number falls below it.

    x: any shape
    returns: the same shape

    Build it from arithmetic and `torch.erf`, exactly; no `F.gelu`, no `nn.GELU`.
    Gradients reach x; dtype and device are kept; x is not changed.
    """
    ### BEGIN SOLUTION
    return x * 0.5 * (1 + torch.erf(x / math.sqrt(2)))
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# There is no loop over entries: `torch.erf` works on a whole tensor, and so do `*`, `/` and `+`.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Write $\Phi$ first and try it alone: it gives 0.5 at 0 and 0.8413 at 1. `math.sqrt(2)` is a Python float,
# which leaves the dtype of `x` as it is.
#
# </details>

# %% [markdown]
# ## Softmax: from scores to probabilities
#
# A network that continues "The cat sat on the …" gives every word a score, its *logit*: any number,
# negative too. Softmax makes each one positive with `exp`, then divides by the sum. By hand:
#
# | word | logit $z$ | $e^z$ | $e^z / 11.1073$ |
# |---|---:|---:|---:|
# | mat | 2 | 7.3891 | 0.6652 |
# | sofa | 1 | 2.7183 | 0.2447 |
# | roof | 0 | 1.0000 | 0.0900 |
# | *sum* | | 11.1073 | 1 |
#
# Now the same in code. As you read the result, work out by which factor "mat" is more probable than "sofa".

# %%
logits = torch.tensor([2.0, 1.0, 0.0], device=device)  # (words,)
weights = logits.exp()
print(weights, weights.sum())
print(weights / weights.sum())

# %% [markdown]
# By 2.718, which is $e$, and "sofa" beats "roof" by the same factor: a step of 1 in the logit is a factor
# of $e$ in the probability. So only differences count. Add 5 to every logit, and every $e^z$ grows by the
# factor $e^5$, which cancels. Keep that in mind; it will rescue you in a minute.
#
# Dividing the logits by a *temperature* before the softmax stretches or shrinks those differences. Guess
# what a temperature near 0 does, then move the slider.

# %% tags=["demo"]
widgets.softmax_temperature(torch.tensor([2.0, 1.0, 0.0, -1.0]), ["mat", "sofa", "roof", "moon"])

# %% [markdown]
# At temperature 1, "mat" has 64.4%. At 0.50 it has 86%, and at 0.10 it takes everything: softmax now acts
# like `argmax`. At 10 all four words lie between 21% and 29%. The order never changes. In lesson 10 this
# dial decides how daring your model's invented words are.
#
# ### Break it · exp(1000)
#
# float32 ends near $3.4 \cdot 10^{38}$, so `exp` overflows above 88.7, and real logits do get there. These
# three differ exactly as 2, 1 and 0 do, so their probabilities should be the same.

# %% tags=["prediction"]
predict(
    "`logits.exp() / logits.exp().sum()` for the logits 1002, 1001 and 1000",
    {
        "[0.67, 0.24, 0.09]": "On paper it is that, but `exp(1000)` is larger than float32 can hold.",
        "[1.0, 0.0, 0.0]": "Large logits sound sure, but only their differences count.",
        "[nan, nan, nan]": "Each `exp` is `inf`, and `inf / inf` has no value.",
    },
    answer=lambda: [round(p, 2) for p in as_it_stands.tolist()],
)

# %%
logits = torch.tensor([1002.0, 1001.0, 1000.0], device=device)  # (words,)
print("exp:    ", logits.exp())
as_it_stands = logits.exp() / logits.exp().sum()  # (words,)
print("softmax:", as_it_stands)
shifted = logits - logits.max()
print("shifted:", shifted.exp() / shifted.exp().sum())

# %% [markdown]
# `exp` gives `inf`, and `inf / inf` is `nan`. That is the symptom to remember: one `nan` spreads through
# the loss and the update into the weights, and stays. The cure is what you saw above: only differences
# count, so subtract the largest logit first. Now the largest is 0, `exp` never exceeds 1, and the
# probabilities are those from the table.
#
# ### Exercise 7.3 · softmax
#
# Write softmax along any `dim`, safe for finite logits of any size. For `x = [[2, 1, 0], [0, 1, 0]]`:
#
# | | result | what sums to 1 |
# |---|---|---|
# | `dim=1` | `[[0.665, 0.245, 0.090], [0.212, 0.576, 0.212]]` | each row |
# | `dim=0` | `[[0.881, 0.500, 0.500], [0.119, 0.500, 0.500]]` | each column |


# %% exercise="softmax" points=3
def softmax(x: torch.Tensor, dim: int) -> torch.Tensor:
    """Turn logits into probabilities that sum to 1 along `dim`.

    x: any shape, with entries of any size, such as 1000 or -1000; dim: may be negative
    returns: the same shape as x

    Build it from `exp`, a maximum, a sum and arithmetic; no softmax or log_softmax of the library's.
    Gradients reach x; dtype and device are kept; x is not changed.
    """
    ### BEGIN SOLUTION
    shifted = x - x.amax(dim=dim, keepdim=True)  # each slice along dim now has 0 as its largest entry
    weights = shifted.exp()
    return weights / weights.sum(dim=dim, keepdim=True)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Two of the steps need one number for each slice along `dim`: the maximum and the sum. `x.max()` gives one
# number for the whole tensor, and then a slice far below it turns into 0 / 0.
#
# </details>
# <details><summary>Hint 2</summary>
#
# A reduction along `dim` takes that dim away, and the result no longer lines up with `x`. Lesson 3 had an
# option that keeps the dim, with size 1.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `x.amax(dim=dim, keepdim=True)` is the maximum of each slice, ready to broadcast. Subtract it, take `exp`,
# and divide by the sum made in the same way.
#
# </details>

# %% [markdown]
# ## Cross-entropy: how surprised were you?
#
# Step 2 needs a loss. Of all the probabilities, cross-entropy looks at one: that of the class which was
# right. The loss is $-\log p$. Sure and right, $p = 1$, costs 0; the less you believed in what happened,
# the more it costs. The cell gives the loss for each word of the table, should that word be the right one.

# %%
probabilities = torch.tensor([2.0, 1.0, 0.0], device=device).softmax(dim=0)  # (words,)
print("each word right:", -probabilities.log())
print("even guess among 3:", round(math.log(3), 4))

# %% [markdown]
# "mat" would cost 0.4076, "sofa" 1.4076 and "roof" 2.4076: they differ as the logits do. An even
# guess among $c$ classes costs $\log c$, here 1.0986. A classifier that has learned nothing should start
# near there, so it is the first number to check in a training run.
#
# The logarithm hides a trap, though. Take a network that is very sure, and wrong: class 1 is right, and its
# logit is 1000 below the other. How large should the loss be? Two ways to the log-probabilities: softmax
# and then `log`, and `log_softmax`, which does both in one step.

# %%
logits = torch.tensor([1000.0, 0.0], device=device)  # (classes,)
print("log of softmax:", logits.softmax(dim=0).log())
print("log_softmax:   ", logits.log_softmax(dim=0))

# %% [markdown]
# Softmax rounds the tiny probability to 0, its logarithm is `-inf`, and the loss would be `inf`. The right
# log-probability is -1000, a loss of 1000, and it comes from never forming the probability. With $m$ as
# the largest logit,
#
# $$-\log \frac{e^{z_y}}{\sum_j e^{z_j}} = \log \sum_j e^{z_j} - z_y = m + \log \sum_j e^{z_j - m} - z_y .$$
#
# This is the *log-sum-exp trick* of lesson 3, and the reason why PyTorch's loss asks for raw logits.
#
# ### Exercise 7.4 · cross_entropy
#
# Write the mean loss of a batch, from logits:
#
# | logits of the sample | label | its loss |
# |---|---:|---:|
# | `[2, 1, 0]` | 0 | 0.4076 |
# | `[0, 0, 0]` | 2 | 1.0986 |
# | *mean* | | 0.7531 |


# %% exercise="cross_entropy" points=3
def cross_entropy(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Average, over the batch, minus the log-probability that the logits give to the right class.

    logits: (n, classes), raw, of any size; labels: (n,), int64, from 0 to classes - 1
    returns: a 0-d tensor, finite even where softmax would round to 0

    Build it from smaller operations (`log_softmax` is fine); no loss from torch, F or nn.
    Gradients reach logits; dtype and device are kept; no argument is changed.
    """
    ### BEGIN SOLUTION
    shifted = logits - logits.amax(dim=1, keepdim=True)  # (n, classes)
    log_sums = shifted.exp().sum(dim=1).log()  # (n,)
    right = shifted[torch.arange(len(labels), device=labels.device), labels]  # (n,)
    return (log_sums - right).mean()
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Do it in three steps: log-probabilities `(n, classes)`, then the one entry that each label picks `(n,)`,
# then minus the mean `()`.
#
# </details>
# <details><summary>Hint 2</summary>
#
# The log-probabilities are the logits minus their log-sum-exp, row by row, and `log_softmax(dim=1)` does
# that safely. To pick one entry in each row, remember `label_log_probs` from lesson 4.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `log_probs[torch.arange(n), labels]` takes entry `labels[i]` from row `i`. By hand, make `shifted`, the
# logits minus each row's maximum, and use it in both places: in the log-sum-exp, and for the right class.
#
# </details>

# %% [markdown]
# ### Break it · softmax before CrossEntropyLoss
#
# `nn.CrossEntropyLoss` takes the log-softmax itself. Give it probabilities, and they go through a second
# softmax. No error: the shapes fit and the loss falls, so the mistake stays quiet. Watch a single sample,
# sure and wrong: the logits favour class 0, class 1 is right. `nn.Identity` hands its input on as it is.
# The gradient should tell the first logit to fall and the second one to grow.

# %% tags=["prediction"]
predict(
    "the largest gradient, sure and wrong, when a softmax stands before `CrossEntropyLoss`",
    {
        "about 1": "Without the softmax it is; so wrong a sample should pull that hard.",
        "below 0.001": "The softmax is saturated there: whatever the loss asks for, almost nothing comes through.",
    },
    answer=lambda: "below 0.001" if logits.grad.abs().max() < 0.001 else "about 1",
)

# %%
criterion = nn.CrossEntropyLoss()
label = torch.tensor([1], device=device)  # (batch,)
for squash in (nn.Identity(), nn.Softmax(dim=1)):
    logits = torch.tensor([[10.0, 0.0, 0.0]], device=device, requires_grad=True)  # (batch, classes)
    loss = criterion(squash(logits), label)
    loss.backward()
    gradient = ", ".join(f"{g:.5f}" for g in logits.grad[0].tolist())
    print(f"{squash!s:15} loss {loss.item():7.4f}   gradient {gradient}")

# %% [markdown]
# From raw logits the loss is about 10, and the gradient is clear: first logit down, second up. With softmax
# first, the worst mistake costs 1.55, and the gradient is over ten thousand times weaker.
#
# Now train with both: the five steps of lesson 6, on 90 points in three clusters. The best scores that a
# softmax can give are 1 for the right class and 0 for the others, so the second loss cannot fall below
# $-\log\frac{e}{e + 1 + 1} = 0.5514$.

# %% tags=["demo"]
torch.manual_seed(7)
labels = (torch.arange(90) % 3).to(device)  # (90,)
centres = torch.tensor([[0.0, 3.0], [3.0, -1.5], [-3.0, -1.5]], device=device)
points = centres[labels] + 0.5 * torch.randn(90, 2).to(device)  # (90, 2)

for squash in (nn.Identity(), nn.Softmax(dim=1)):
    weight = torch.zeros(3, 2, device=device, requires_grad=True)  # (classes, features)
    for step in range(301):
        scores = squash(points @ weight.T)  # 1 predict: (90, 3)
        loss = nn.functional.cross_entropy(scores, labels)  # 2 measure the loss
        loss.backward()  # 3 compute gradients
        if step in (0, 30, 300):
            print(f"{squash!s:15} step {step:3}   loss {loss.item():.4f}")
        with torch.no_grad():
            weight -= weight.grad  # 4 update, with learning rate 1
        weight.grad = None  # 5 reset

# %% [markdown]
# Both start at 1.0986, an even guess. After 300 steps, raw logits are at 0.0006; with softmax first the
# loss is at 0.5521, and cannot pass its floor. For $c$ classes the floor is $\log(e + c - 1) - 1$: 0.3133
# for two, 1.4612 for ten. When a classifier's loss settles there, look for a softmax at the end of the
# network.
#
# ## Embedding: a row for each token
#
# Before a text reaches a network it is cut into *tokens*: words, pieces of words, or letters. Each token of
# the vocabulary has a whole number, its *id*. An id has no size: token 4 is not twice token 2. So each token
# gets a row of learned numbers. The long way to fetch one is a *one-hot* vector times the table:

# %%
torch.manual_seed(7)
table = torch.randn(5, 2).to(device)  # (tokens, features)
ids = torch.tensor([3, 0, 3], device=device)  # (words,)
one_hot = nn.functional.one_hot(ids, num_classes=5).float()  # (3, 5)
print(one_hot)
print("product equals lookup:", torch.equal(one_hot @ table, table[ids]))  # (3, 5) @ (5, 2) -> (3, 2)

# %% [markdown]
# `True`. The product multiplies four of the five rows by 0; with 50,000 tokens it would be 49,999 of them.
# The lookup goes straight to the row. Same function, same gradient, far less work.
#
# Which rows of the table get a gradient, when the ids are 3, 0 and 3 again?

# %% tags=["prediction"]
predict(
    "the gradient of the five rows, for the ids 3, 0 and 3",
    {
        "[1, 0, 0, 1, 0]": "A row was looked up or not, but row 3 was looked up twice.",
        "[1, 0, 0, 2, 0]": "Each look-up hands its gradient to its row, and row 3 gets two.",
        "[1, 1, 1, 1, 1]": "The whole table is a parameter, but rows that were not used changed nothing.",
    },
    answer=lambda: table.grad[:, 0].int().tolist(),
)

# %%
table = torch.zeros(5, 2, device=device, requires_grad=True)  # (tokens, features)
ids = torch.tensor([3, 0, 3], device=device)  # (words,)
table[ids].sum().backward()
print(table.grad)

# %% [markdown]
# Row 3 was used twice and collects both gradients; row 0 was used once; the others stay at 0. From the loss, a
# token learns only where it occurs.
#
# ### Exercise 7.5 · embedding
#
# Write the lookup for ids of any shape; the features come as a new last dim. With
# `weight = [[0, 1], [10, 11], [20, 21]]`:
#
# | ids | result | shapes |
# |---|---|---|
# | `[2, 0]` | `[[20, 21], [0, 1]]` | `(2,)` to `(2, 2)` |
# | `[[1], [1], [2]]` | `[[[10, 11]], [[10, 11]], [[20, 21]]]` | `(3, 1)` to `(3, 1, 2)` |


# %% exercise="embedding" points=1
def embedding(weight: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
    """Look up one row of `weight` for each id.

    weight: (tokens, features); ids: any shape, int64, from 0 to tokens - 1
    returns: (*ids.shape, features)

    Build it from indexing or a matrix product; no `F.embedding`, no `nn.Embedding`.
    Gradients reach weight; dtype and device are kept; no argument is changed.
    """
    ### BEGIN SOLUTION
    return weight[ids]  # (*ids.shape, features)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# In lesson 4, a tensor of whole numbers inside `[...]` picked entries. What does it pick when the tensor it
# indexes has two dims?
#
# </details>
# <details><summary>Hint 2</summary>
#
# The index replaces the first dim by its own shape, and the dims behind it stay. Building the result with
# `torch.tensor(...)`, or a `.detach()`, would cut the gradient; indexing keeps it.
#
# </details>

# %% [markdown]
# ## LayerNorm: every sample on the same scale
#
# Through many layers the numbers of one sample can grow and those of another shrink, and the next layers
# have to cope with both. LayerNorm treats each sample by itself: subtract the mean of its features, divide
# by their standard deviation. Four samples of twelve features, at scales of their own, before and after:

# %% tags=["demo"]
torch.manual_seed(7)
offset = torch.tensor([[10.0], [-8.0], [2.0], [0.0]])  # (samples, 1)
spread = torch.tensor([[1.0], [5.0], [0.5], [3.0]])  # (samples, 1)
x = offset + spread * torch.randn(4, 12)  # (samples, features)
plots.plot_layer_norm(x, nn.LayerNorm(12)(x))

# %% [markdown]
# On the left, the bars that mark mean ± one deviation lie far apart; on the right all four have the same
# place and width. The dots of a row keep their order and their relative distances: that pattern is what the
# next layer reads.
#
# Two details decide whether your numbers match PyTorch's. Which variance? And what happens to a sample
# whose features are all equal?

# %%
x = torch.tensor([1.0, 1.0, 5.0, 5.0], device=device)  # (features,)
print("population variance:", x.var(correction=0).item(), "  sample variance:", round(x.var().item(), 4))
flat = torch.full((4,), 3.0, device=device)  # (features,)
print("without eps:", (flat - flat.mean()) / flat.var(correction=0).sqrt())
print("with eps:   ", (flat - flat.mean()) / (flat.var(correction=0) + 1e-5).sqrt())

# %% [markdown]
# LayerNorm divides by $n$, the population variance: 4, where `var()` alone divides by $n - 1$. And a flat
# sample is 0 / 0 unless a small `eps` stands next to the variance, under the root.
#
# ### Exercise 7.6 · layer_norm
#
# Normalise the last dim, then scale by `weight` and shift by `bias`. These are parameters, one of each for every
# feature, so that the network can learn the scale it needs; they start at 1 and 0:
#
# | feature | 0 | 1 | 2 | 3 |
# |---|---:|---:|---:|---:|
# | `x`, with mean 3 and variance 4 | 1 | 1 | 5 | 5 |
# | minus the mean, divided by $\sqrt{4 + \text{eps}}$ | -1 | -1 | 1 | 1 |
# | times `weight = [1, 1, 2, 2]` | -1 | -1 | 2 | 2 |
# | plus `bias = [0, 0, 0, 10]` | -1 | -1 | 2 | 12 |
#
# The entries -1 and 1 are rounded: `eps` takes off about one part in a million.


# %% exercise="layer_norm" points=3
def layer_norm(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, eps: float = 1e-5) -> torch.Tensor:
    """Bring the last dim of `x` to mean 0 and variance 1, then scale by `weight` and shift by `bias`.

    x: (..., features); weight, bias: (features,); eps: added to the population variance, under the root
    returns: the same shape as x

    Build it from `mean`, `var` and arithmetic; no `F.layer_norm`, no `nn.LayerNorm`.
    Gradients reach x, weight and bias; dtype and device are kept; no argument is changed.
    """
    ### BEGIN SOLUTION
    mean = x.mean(dim=-1, keepdim=True)  # (..., 1)
    variance = x.var(dim=-1, keepdim=True, correction=0)  # (..., 1)
    return (x - mean) / torch.sqrt(variance + eps) * weight + bias  # (..., features)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Every slice along the last dim has a mean and a variance of its own. As in softmax, they must line up with
# `x` again: `keepdim=True`.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `x.var(...)` divides by $n - 1$ unless you pass `correction=0`. You can also write the variance out: the
# mean of the squared distances from the mean.
#
# </details>
# <details><summary>Hint 3</summary>
#
# The root is taken of `variance + eps`, not of the variance alone. `weight` and `bias` have the shape
# `(features,)`, so they broadcast along the last dim by themselves.
#
# </details>

# %% [markdown]
# ## Dropout: train with a few colleagues missing
#
# A network may lean on a single feature that happens to work on the training data. Dropout makes that
# risky: in every training step each number is set to 0 with probability $p$, so that the others must be
# able to stand in. When the network is used, nobody is missing. Run the cell twice; which of the two lines
# changes?

# %%
drop = nn.Dropout(p=0.25)
x = torch.ones(12, device=device)  # (features,)
print("training:  ", drop.train()(x))
print("evaluation:", drop.eval()(x))

# %% [markdown]
# In training some entries are 0, other ones each time, and those that were kept have grown to 1.3333, which
# is $1 / (1 - 0.25)$. In evaluation `x` comes back as it is.
#
# The picture draws the masks of ten samples for three values of $p$. Each title counts what was dropped and
# gives the mean of the result; the input is 1 everywhere.

# %% tags=["demo"]
torch.manual_seed(10)
ones = torch.ones(10, 12)  # (samples, features)
plots.plot_dropout_masks({p: nn.Dropout(p)(ones) for p in (0.1, 0.5, 0.8)})

# %% [markdown]
# Each sample has a mask of its own. The share of crosses lies near $p$, and the mean stays near 1 even
# where only one number in five is left, because that one is worth 5.
#
# ### Exercise 7.7 · dropout
#
# In training, draw `torch.rand(x.shape, generator=generator)`, drop where it is below `p`, scale the rest
# by $1 / (1 - p)$. With `p = 0.5`:
#
# | entry | 0 | 1 | 2 | 3 |
# |---|---:|---:|---:|---:|
# | `x` | 1 | 2 | 3 | 4 |
# | drawn | 0.9 | 0.2 | 0.6 | 0.4 |
# | dropped? | no | yes | no | yes |
# | result | 2 | 0 | 6 | 0 |
#
# The generator keeps its numbers on the CPU; bring the mask to where `x` is.


# %% exercise="dropout" points=2
def dropout(x: torch.Tensor, p: float, training: bool, generator: torch.Generator) -> torch.Tensor:
    """Drop each entry of `x` with probability `p` while training, and scale the others by 1 / (1 - p).

    x: any shape; p: 0 <= p < 1; generator: on the CPU
    returns: the same shape as x; with training=False, the values of x as they are

    Drop where `torch.rand(x.shape, generator=generator) < p`; no `F.dropout`, no `nn.Dropout`.
    Gradients reach x; dtype and device are kept; x is not changed.
    """
    ### BEGIN SOLUTION
    if not training:
        return x
    kept = torch.rand(x.shape, generator=generator) >= p
    return x * kept.to(x.device) / (1 - p)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Look at `training` first. If it is false there is nothing to draw, and nothing to scale.
#
# </details>
# <details><summary>Hint 2</summary>
#
# A comparison such as `drawn < p` gives a tensor of `True` and `False`. Which comparison says *kept*?
# Multiplied with numbers, `True` counts as 1 and `False` as 0.
#
# </details>
# <details><summary>Hint 3</summary>
#
# An entry is kept where the draw is `>= p`. Move that mask with `.to(x.device)`, multiply `x` by it, and
# divide by `1 - p`.
#
# </details>

# %% [markdown]
# ## A wall of your own bricks
#
# Here is a network built from your functions alone, so this cell and the two below it need all seven. It
# learns to add two digits from 0 to 4 on a clock with five hours: 3 and 4 give 2. Each digit is a token
# with eight features. The last line checks the shape on the way out, so that a wrong one is reported where
# it arises, not three layers later.


# %% tags=["demo"]
def parameter(values):
    return values.to(device).requires_grad_()


torch.manual_seed(7)
table = parameter(torch.randn(5, 8))  # (digits, features)
W1, b1 = parameter(torch.randn(32, 16) / 4), parameter(torch.zeros(32))  # (32, 16), (32,)
gain, shift = parameter(torch.ones(32)), parameter(torch.zeros(32))  # (32,), (32,)
W2, b2 = parameter(torch.randn(5, 32) / 6), parameter(torch.zeros(5))  # (5, 32), (5,)
generator = torch.Generator().manual_seed(7)


def network(pairs, training):
    x = embedding(table, pairs).flatten(start_dim=1)  # (batch, 2, 8) -> (batch, 16)
    hidden = gelu(layer_norm(linear(x, W1, b1), gain, shift))  # (batch, 32)
    hidden = dropout(hidden, 0.1, training, generator)
    return check_shape(linear(hidden, W2, b2), ("batch", 5))  # raw logits


# %% [markdown]
# Nothing in it is new, and nothing prints yet. The network ends in raw logits, without a softmax: you know
# why.
#
# Now train it on all 25 pairs, with the same five steps as the line in lesson 6. The even guess among five
# classes costs $\log 5 = 1.61$, so the first loss should lie somewhere near that.

# %% tags=["demo"]
pairs = torch.cartesian_prod(torch.arange(5), torch.arange(5)).to(device)  # (25, 2)
labels = pairs.sum(dim=1) % 5  # (25,)
for step in range(201):
    logits = network(pairs, training=True)  # 1 predict
    loss = cross_entropy(logits, labels)  # 2 measure the loss
    loss.backward()  # 3 compute gradients
    with torch.no_grad():
        for weights in (table, W1, b1, gain, shift, W2, b2):
            weights -= 0.5 * weights.grad  # 4 update
            weights.grad = None  # 5 reset
    if step % 50 == 0:
        print(f"step {step:3}   loss {loss.item():.2f}")

# %% [markdown]
# The loss starts near 1.8 and ends around 0.1, with a wobble, because every step drops other entries. The
# gradients found their way back through every function you wrote, down to the rows of the table.
#
# To use the network, switch the dropout off with `training=False`. Softmax has its place here, after
# training, where a person wants to read how sure the network is.

# %% tags=["demo"]
probabilities = softmax(network(pairs, training=False), dim=1)  # (25, 5)
certainty, answers = probabilities.max(dim=1)  # (25,), (25,)
print((answers == labels).sum().item(), "of 25 right")
print(f"3 + 4 gives {answers[19].item()}, with probability {certainty[19].item():.2f}")

# %% [markdown]
# All 25 are right, and for 3 and 4 the network answers 2 and is almost certain. It saw every pair in
# training, so this shows that the bricks hold, not that the network would add digits it has never met;
# telling the two apart is the business of lesson 9.

# %% [markdown] question="why_dropout_scales" points=0
# ## In your own words
#
# A classmate's dropout sets entries to 0 in training, but does not scale the others. Training looks fine,
# and the accuracy drops as soon as the network is used. In three to five sentences: what does the next
# layer receive in training, what does it receive afterwards, and how does the factor $1 / (1 - p)$ mend it?
#
# ### BEGIN SOLUTION
# The next layer sums over its inputs. In training, on average only a share $1 - p$ of them is there, so
# without scaling the sums are about $1 - p$ times as large as with all inputs present, and the layer's
# weights adapt to that. In evaluation nothing is dropped: the sums are suddenly larger by a factor of
# $1 / (1 - p)$, a size that the later layers have never seen. Dividing the kept entries by $1 - p$ in
# training makes the expected value of every entry equal to the entry itself,
# $(1 - p) \cdot x / (1 - p) + p \cdot 0 = x$, so both modes agree on average. Evaluation then needs no
# correction at all, which is why the factor is applied in training.
# ### END SOLUTION

# %% [markdown]
# ## Summary
#
# | you built | the library's function | the library's module |
# |---|---|---|
# | `linear` | `F.linear` | `nn.Linear` |
# | `gelu` | `F.gelu` | `nn.GELU` |
# | `softmax` | `torch.softmax` | `nn.Softmax` |
# | `cross_entropy` | `F.cross_entropy` | `nn.CrossEntropyLoss` |
# | `embedding` | `F.embedding` | `nn.Embedding` |
# | `layer_norm` | `F.layer_norm` | `nn.LayerNorm` |
# | `dropout` | `F.dropout` | `nn.Dropout` |
#
# - A linear layer keeps one row of weights for each output, `(out, in)`, and treats all dims but the last
#   as a batch.
# - Without an activation, two linear layers are one. Slopes multiply on the way back, so a flat activation
#   stops learning.
# - Softmax sees differences only: subtract the maximum of finite logits, and `exp` cannot overflow.
# - Cross-entropy takes raw logits. A softmax in front of it raises a floor under the loss, and
#   silences the gradient where the model is sure and wrong.
# - An embedding is a lookup; the rows that were looked up are the ones that get a gradient.
# - LayerNorm acts on each sample alone, with the population variance and `eps` under the root.
# - Dropout acts in training only, and scales what it keeps.
#
# **Next:** in lesson 8, `nn.Module` keeps track of the parameters for you, and an optimiser does steps 4
# and 5.
