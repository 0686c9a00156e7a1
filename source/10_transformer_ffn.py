# %% [markdown]
# # 10 · A Transformer: the big picture
#
# You have every brick by now, and the loop that trains them. In this last lesson you put a Transformer
# together: the feed-forward network that holds most of its numbers, the attention that lets positions talk
# to each other, the block that joins the two. Then you train one, letter by letter, on words from Jane
# Austen's novels, and it invents words of its own: those that the start notebook has shown you.
#
# **When you are through, you can**
#
# - count the parameters of a published model before you download it;
# - write causal attention, with one head and with many, and say what each of its steps is for;
# - build a Transformer block, and defend where its norms and its residual connections stand;
# - train a language model with the five lines that trained a straight line in lesson 6, and with a learning
#   rate that rises and falls;
# - recognise from a loss that looks too good that the model sees its own answers.
#
# **Time:** nearly two and a half hours, exercises included.
#
# **You need:** lesson 3 (transpose and reshape), lesson 7 (softmax, GELU, LayerNorm, embeddings,
# cross-entropy), lesson 8 (modules, optimizers) and lesson 9 (held-out data).

# %% [markdown]
# ## The same five steps, one last time
#
# | step | in this lesson |
# |---|---|
# | 1 · predict | `logits = model(tokens)`: for each position, a guess at the next letter |
# | 2 · measure the loss | `loss = next_token_loss(logits, tokens)`: cross-entropy, with the answers shifted by one |
# | 3 · compute gradients | `loss.backward()` |
# | 4 · update | `optimizer.step()` |
# | 5 · reset | `optimizer.zero_grad()` |
#
# Nothing in the loop knows that a Transformer is being trained. What is new is all in the first two lines,
# and the seven exercises build it piece by piece. Write your code in place of `raise NotImplementedError`,
# run that cell, then the check below it. Arguments stay as they were, and what you return lives on the
# device of what came in.

# %%
import functools
import math
import string
from types import SimpleNamespace

import torch
from torch import nn

from course_utils import check, check_shape, pick_device, plots, predict, widgets
from course_utils.data import load_words

device = pick_device()
torch.manual_seed(10)
print("working on", device)

# %% [markdown]
# ## The feed-forward network: widen, bend, narrow
#
# A Transformer keeps one vector for each position of the text. Its *feed-forward network* (FFN) takes each
# of these vectors, widens it (usually to four times as many numbers), bends it with GELU, and narrows it
# again. In the wide middle each unit looks for one pattern; the way back writes what the found patterns
# mean. Here are two texts of five positions with eight features. Then one position is changed, number 2.

# %% tags=["prediction"]
predict(
    "the positions whose result differs, when position 2 is changed",
    {
        "[2]": "The network takes each position by itself: nothing passes from one to another.",
        "[2, 3, 4]": "What comes later would follow if the network read on; that is attention's work.",
        "[0, 1, 2, 3, 4]": (
            "One large layer over the whole text would mix all; this one sees eight features at a time."
        ),
    },
    answer=lambda: (~same[0]).nonzero().flatten().tolist(),
)

# %%
ffn = nn.Sequential(nn.Linear(8, 32), nn.GELU(), nn.Linear(32, 8)).to(device)
x = torch.randn(2, 5, 8).to(device)  # (texts, positions, features)
changed = x.clone()
changed[:, 2] += 1
same = (ffn(changed) == ffn(x)).all(dim=2)  # (texts, positions, features) -> (texts, positions)
print(same)

# %% [markdown]
# Only position 2 differs, in both texts. The network treats every position by itself, with the same weights:
# its linear layers act on the last dim, and all other dims are part of the batch. So no position learns
# anything from its neighbours here. That is the job of attention, further down.
#
# ### Exercise 10.1 · FeedForward
#
# Write the network as a module:
#
# | attribute | what it does | shapes, for `FeedForward(8, 32)` |
# |---|---|---|
# | `layer1` | a linear layer | `(..., 8)` to `(..., 32)` |
# | | GELU on every entry | `(..., 32)` to `(..., 32)` |
# | `layer2` | a linear layer | `(..., 32)` to `(..., 8)` |


# %% exercise="FeedForward" points=2
class FeedForward(nn.Module):
    """Widen each vector to `ffn_dim`, apply GELU, and come back to `embedding_dim`.

    layer1, layer2: `nn.Linear`, both with biases
    forward: (..., embedding_dim) -> (..., embedding_dim)
    """

    def __init__(self, embedding_dim: int, ffn_dim: int):
        ### BEGIN SOLUTION
        super().__init__()
        self.layer1 = nn.Linear(embedding_dim, ffn_dim)
        self.layer2 = nn.Linear(ffn_dim, embedding_dim)
        ### END SOLUTION

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        ### BEGIN SOLUTION
        hidden = nn.functional.gelu(self.layer1(x))  # (..., ffn_dim)
        return self.layer2(hidden)  # (..., embedding_dim)
        ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `__init__` makes the two layers once, after `super().__init__()`; `forward` uses them. Which sizes does
# each layer need, so that the output of the first fits the input of the second?
#
# </details>
# <details><summary>Hint 2</summary>
#
# The GELU stands between the layers, not after the second one. `nn.GELU()` as an attribute and
# `nn.functional.gelu(...)` inside `forward` do the same.
#
# </details>

# %% [markdown]
# ## How many numbers is that?
#
# In Llama 3 8B the vectors have 4096 features, and the middle of its FFN has 14336. To build a layer of that
# size only to count its numbers would be a waste. The `meta` device of lesson 1 helps: its tensors have a
# shape and a dtype but no values, so they cost nothing. How many megabytes would the weight of `layer1`
# take, at four bytes a number?

# %%
layer = nn.Linear(4096, 14336, device="meta")
numbers = layer.weight.numel()
print(tuple(layer.weight.shape), numbers, "numbers,", round(4 * numbers / 1e6), "MB")

# %% [markdown]
# 235 MB, as in lesson 1, of which not one byte was reserved. A linear layer holds `in * out` weights
# and one bias for each output.
#
# ### Exercise 10.2 · ffn_parameter_count
#
# Give the number of parameters of a `FeedForward` by a formula, without building it. By hand, for
# `ffn_parameter_count(2, 3)`:
#
# | tensor | shape | numbers |
# |---|---|---:|
# | `layer1.weight` | `(3, 2)` | 6 |
# | `layer1.bias` | `(3,)` | 3 |
# | `layer2.weight` | `(2, 3)` | 6 |
# | `layer2.bias` | `(2,)` | 2 |
# | *sum* | | 17 |


# %% exercise="ffn_parameter_count" points=1
def ffn_parameter_count(embedding_dim: int, ffn_dim: int) -> int:
    """Count the numbers that a `FeedForward(embedding_dim, ffn_dim)` learns, weights and biases.

    returns: an int, by a formula of the two sizes
    """
    ### BEGIN SOLUTION
    return 2 * embedding_dim * ffn_dim + ffn_dim + embedding_dim
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Both weights have the same number of entries, in two shapes.
#
# </details>
# <details><summary>Hint 2</summary>
#
# A bias has one number for each output of its layer: `ffn_dim` for the first, `embedding_dim` for the
# second.
#
# </details>

# %% [markdown]
# A formula can be wrong, and so can a module. On the `meta` device the two can check each other at full
# size. Llama itself uses a variant of the network: a third matrix of the same size, which acts as a gate,
# and no biases. It has 32 such networks. Which share of its 8,030,261,248 parameters do you think they
# hold?

# %%
with torch.device("meta"):
    ffn = FeedForward(4096, 14336)
print("by formula:", ffn_parameter_count(4096, 14336))
print("on meta:   ", sum(p.numel() for p in ffn.parameters()))
gated = 3 * 4096 * 14336
print(f"32 gated networks: {32 * gated}, {32 * gated / 8_030_261_248:.0%} of the model")

# %% [markdown]
# Both give 117,458,944. And 70% of the whole model are feed-forward networks: attention gets the fame, the
# FFN gets the parameters.
#
# ## Attention: who looks at whom
#
# Now positions exchange news. Each of them offers a *key* ("this is what I am"), asks a *query* ("this is
# what I look for"), and holds a *value* ("this is what I pass on"). A query and a key are compared by their
# dot product: the better they match, the higher the *score*. Softmax turns the scores of one query into
# weights, and the result is the weighted mean of the values.
#
# In the cell, position 0 looks for something in feature 0, which both positions offer alike; position 1 looks in
# feature 1.

# %% tags=["prediction"]
predict(
    "whom position 1 listens to, whose query is `[0, 2]`, with the keys `[1, 1]` and `[1, -1]`",
    {
        "mostly to position 0": "The scores are 2 and -2: a query finds the keys that point its way.",
        "mostly to itself": "Nothing makes a position prefer itself; only queries and keys decide.",
        "to both alike": "So does position 0, which looks where the keys are equal.",
    },
    answer=lambda: (
        "to both alike"
        if scores[0, 1, 0] == scores[0, 1, 1]
        else ("mostly to position 0" if scores[0, 1, 0] > scores[0, 1, 1] else "mostly to itself")
    ),
)

# %%
q = torch.tensor([[[2.0, 0.0], [0.0, 2.0]]], device=device)  # (1, 2, 2): texts, positions, features
k = torch.tensor([[[1.0, 1.0], [1.0, -1.0]]], device=device)  # (1, 2, 2)
scores = q @ k.mT  # (1, 2, 2) @ (1, 2, 2) -> (1, 2, 2): row t holds the scores of query t
print("scores: ", scores[0].tolist())
print("weights:", scores.softmax(dim=-1)[0])

# %% [markdown]
# Row 0 matches both keys equally well and splits its weight in halves. Row 1 matches key 0 and puts 0.98 on
# it. Each row sums to 1: the softmax runs over the keys, the last dim. (`k.mT` swaps the last two dims,
# and leaves the batch alone.)
#
# Two things are missing. The first: position 0 has looked at position 1, which comes *later*. A model that
# writes one letter after the other has no later letters to look at, so in training it must not see them
# either. The cure is a *mask* before the softmax: scores of later positions become $-\infty$, and
# $e^{-\infty}$ is 0.

# %%
scores = torch.randn(3, 3).to(device)  # (queries, keys)
later = torch.ones(3, 3, dtype=torch.bool, device=device).triu(diagonal=1)  # True above the diagonal
print(later)
print(scores.masked_fill(later, -math.inf).softmax(dim=-1))

# %% [markdown]
# Position 0 sees itself alone, with weight 1. Position 1 shares its weight between two, position 2 among
# three. Because the mask comes before the softmax, each row still sums to 1.
#
# The second thing is size. A dot product of two vectors with $C$ random features sums $C$ terms, so it is
# about $\sqrt{C}$ large. Move the slider: random queries weigh eight random keys, on the left by the scores
# as they are, on the right by scores divided by $\sqrt{C}$. What happens on the left as the vectors grow
# longer?

# %% tags=["demo"]
widgets.attention_scale()

# %% [markdown]
# With 64 features, the best of eight random matches takes 88% of the weight, and with 1024 it takes 98%:
# softmax has become an `argmax`, and its gradient has all but gone. Divided by $\sqrt{C}$ the best match
# gets 36% and 37%, however long the vectors are. So the full formula, with $M$ as the mask, is
#
# $$\text{attention}(q, k, v) = \text{softmax}\left(\frac{q k^T}{\sqrt{C}} + M\right) v .$$
#
# The picture shows the weights for eight positions with random queries and keys.

# %% tags=["demo"]
torch.manual_seed(10)
q, k = torch.randn(8, 16), torch.randn(8, 16)  # (positions, features)
later = torch.ones(8, 8, dtype=torch.bool).triu(diagonal=1)
scores = (q @ k.T / math.sqrt(16)).masked_fill(later, -math.inf)  # (8, 8)
plots.plot_attention(scores.softmax(dim=-1), list("sensible"))

# %% [markdown]
# Read it row by row: the second row is the first "e", which puts 0.77 on the "s" and 0.23 on itself. The
# upper right is empty, and every row sums to 1. These weights mean nothing yet; after training they will.
#
# ### Exercise 10.3 · causal_attention
#
# Write the four steps: scores, scale, mask, weighted mean. For the `q` and `k` from above and
# `v = [[1, 0], [0, 10]]`:
#
# | position | scores / $\sqrt 2$ | masked | weights | result |
# |---:|---|---|---|---|
# | 0 | 1.4142, 1.4142 | 1.4142, $-\infty$ | 1, 0 | 1, 0 |
# | 1 | 1.4142, -1.4142 | 1.4142, -1.4142 | 0.9442, 0.0558 | 0.9442, 0.5581 |


# %% exercise="causal_attention" points=4
def causal_attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """Give each position the mean of the values up to its own, weighted by how well its query matches their keys.

    q, k, v: (B, T, C), one query, key and value of C features for each of T positions
    returns: (B, T, C)

    Scores are divided by the square root of C; position t sees the positions 0 to t.
    Build it from matrix products, a mask and softmax; no `scaled_dot_product_attention`, no
    `nn.MultiheadAttention`. Gradients reach q, k and v; dtype and device are kept; no argument is changed.
    """
    ### BEGIN SOLUTION
    positions, features = q.shape[1:]
    scores = q @ k.mT / math.sqrt(features)  # (B, T, C) @ (B, C, T) -> (B, T, T)
    later = torch.ones(positions, positions, dtype=torch.bool, device=q.device).triu(diagonal=1)
    weights = scores.masked_fill(later, -math.inf).softmax(dim=-1)  # (B, T, T), rows sum to 1
    return weights @ v  # (B, T, T) @ (B, T, C) -> (B, T, C)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The scores have the shape `(B, T, T)`: for each text, a row for each query and a column for each key.
# `q @ k.mT` gives them for the whole batch at once.
#
# </details>
# <details><summary>Hint 2</summary>
#
# The mask has one entry for each pair of positions, `(T, T)`, and broadcasts over the batch. Make it on
# `q.device`. `masked_fill` writes $-\infty$ where the mask is true; it comes before the softmax.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `softmax(dim=-1)` runs over the keys. If position 0 gives `nan`, its own score was masked too: start the
# triangle one above the diagonal, with `triu(diagonal=1)`.
#
# </details>

# %% [markdown]
# ## Heads: several questions at once
#
# A position has one query, so it asks one question: its weights sum to 1, and whoever wants to know the letter
# before *and* the beginning of the word gets a blend of both. So attention is split into *heads*. Each head takes
# its own share of the features, of `q`, `k` and `v` alike, and attends by itself; in the end the results stand
# side by side again. No new numbers are learned: the layers are as large as before, only the scores are summed
# over fewer features.
#
# ### Break it · cutting by reshape
#
# Here are three positions with four features, to be shared by two heads. The result is to be `(B, n_heads, T,
# width)`: heads beside the batch, so that the matrix products leave them apart. Two ways offer themselves, and
# both run. Position 0 holds the features 0 to 3. Who gets what?

# %%
x = torch.arange(12).reshape(1, 3, 4)  # (texts, positions, features)
halves = x.reshape(1, 3, 2, 2)  # (1, 3, 4) -> (1, 3, 2, 2): texts, positions, heads, features of a head
print("transposed:", halves.transpose(1, 2)[0].tolist())  # (1, 2, 3, 2): texts, heads, positions, features
print("reshaped:  ", x.reshape(1, 2, 3, 2)[0].tolist())  # the same shape

# %% [markdown]
# In the first, head 0 has the features 0 and 1 of position 0, 4 and 5 of position 1, 8 and 9 of position 2: half
# of every position. In the second it has all of position 0 and half of position 1, and none of position 2.
# `reshape` keeps the numbers in their order and cuts the row anew. To *move* a dim, transpose; to *cut* one dim or
# *merge* neighbours, `reshape` is safe, and so are its forms for one purpose: `x.unflatten(2, (2, -1))` cuts dim 2 in
# two, `x.flatten(0, 1)` merges dims 0 and 1. (Lesson 3 has this step as an exercise, `split_heads`.)
#
# ### Exercise 10.4 · MultiHeadAttention
#
# Write causal attention with heads, its four linear layers included. With two heads, for one text of three
# positions with four features:
#
# | | in words | shape |
# |---|---|---|
# | 1 | `q`, `k` and `v` of `x` | `(1, 3, 4)` each |
# | 2 | cut the features: head 0 gets the first half, head 1 the second | `(1, 3, 2, 2)` |
# | 3 | heads beside the batch | `(1, 2, 3, 2)` |
# | 4 | causal attention in each head, scaled by the root of *its* width, 2 | `(1, 2, 3, 2)` |
# | 5 | the way back: positions first, then the heads side by side | `(1, 3, 2, 2)`, `(1, 3, 4)` |
# | 6 | `proj`, which mixes what the heads have found | `(1, 3, 4)` |
#
# Your `causal_attention` may do step 4: it takes `(B, T, C)`, and to it a head can be a text of its own.


# %% exercise="MultiHeadAttention" points=3
class MultiHeadAttention(nn.Module):
    """Causal attention in `n_heads` heads: head h attends with features h * width to (h + 1) * width of q, k and v.

    q, k, v, proj: `nn.Linear(embedding_dim, embedding_dim)`, with biases; width: embedding_dim / n_heads
    forward: (B, T, embedding_dim) -> (B, T, embedding_dim); the heads' results, side by side in order, go through proj

    Scores are divided by the square root of the width; with one head this is `causal_attention` between the layers.
    A `ValueError` says so where embedding_dim is no multiple of n_heads. No `scaled_dot_product_attention`, no
    `nn.MultiheadAttention`.
    """

    def __init__(self, embedding_dim: int, n_heads: int):
        ### BEGIN SOLUTION
        super().__init__()
        if embedding_dim % n_heads:
            raise ValueError(f"{n_heads} heads cannot share {embedding_dim} features evenly")
        self.n_heads = n_heads
        self.q, self.k, self.v, self.proj = (nn.Linear(embedding_dim, embedding_dim) for _ in range(4))
        ### END SOLUTION

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        ### BEGIN SOLUTION
        heads = []
        for layer in (self.q, self.k, self.v):
            cut = layer(x).unflatten(2, (self.n_heads, -1))  # (B, T, C) -> (B, T, n_heads, width)
            heads.append(cut.transpose(1, 2).flatten(0, 1))  # -> (B, n_heads, T, width) -> (B * n_heads, T, width)
        found = causal_attention(*heads).unflatten(0, (-1, self.n_heads))  # -> (B, n_heads, T, width)
        return self.proj(found.transpose(1, 2).flatten(2))  # -> (B, T, n_heads, width) -> (B, T, C)
        ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `__init__` makes four layers, keeps `n_heads`, and refuses what cannot be shared: `%` gives what is left of a
# division.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `t.unflatten(2, (n_heads, -1))` cuts the features, and `transpose(1, 2)` brings the heads beside the batch.
# `flatten(0, 1)` then makes `(B * n_heads, T, width)`, which `causal_attention` takes.
#
# </details>
# <details><summary>Hint 3</summary>
#
# The way back does the same steps in the opposite order: `unflatten(0, (-1, n_heads))`, `transpose(1, 2)`,
# `flatten(2)`. A reshape that leaves the transpose out has the right shape and mixes the positions.
#
# </details>

# %% [markdown]
# ## The block: gather, then think
#
# A *Transformer block* joins the two: attention gathers news from earlier positions, the FFN works on what
# has been gathered. Blocks are stacked, a dozen or a hundred of them, and that raises an old worry: in
# lesson 7, slopes multiplied along the way back. The cure is a *residual connection*: each part *adds* its
# result to what came in, `x + part(x)`, instead of replacing it. What does that do to the gradient that
# arrives at the bottom of 30 layers? And does it matter how large the numbers at the bottom are?

# %%
torch.manual_seed(10)
parts = [nn.Sequential(nn.Linear(16, 16), nn.GELU()) for _ in range(30)]
norm = nn.LayerNorm(16)
forms = {
    "part(x)": lambda part, x: part(x),
    "x + part(x)": lambda part, x: x + part(x),
    "x + part(norm(x))": lambda part, x: x + part(norm(x)),
}
points = torch.randn(4, 16)  # (batch, features)
for name, form in forms.items():
    for size in (1.0, 0.01):
        x = start = (size * points).requires_grad_()  # (4, 16)
        for part in parts:
            x = form(part, x)  # (4, 16)
        x.sum().backward()
        print(f"{name:18} numbers of size {size:4}: gradient at the bottom {start.grad.norm():.0e}")

# %% [markdown]
# Without residual connections nothing arrives: $10^{-16}$. With them the gradient has a straight way
# down, because the slope of `x + part(x)` is 1 plus the slope of the part. But 30 such factors multiply, and here
# the gradient, 8 long at the top, arrives more than a thousand long: it grows by about a fifth to a quarter at
# every layer. A LayerNorm in front of each part, *inside* the branch, divides by the deviation of `x`, and so
# divides the slope of the branch by it too. Where `x` is of size 1 and grows from there, that tames the factors.
# Where `x` is tiny it does the opposite, and the last line is no smaller than without the norm: pre-norm wants
# numbers of a sensible size at the bottom.
#
# This form is called *pre-norm*. The first Transformers normalised after the sum, `norm(x + part(x))`, which
# bends the straight way at every block. Deep ones needed a *warm-up* to train, a learning-rate schedule that
# begins with tiny steps.
#
# ### Exercise 10.5 · TransformerBlock
#
# Write the block. `TransformerBlock(8, 32)` has one head, `TransformerBlock(8, 32, 2)` has two:
#
# | | in words | layers |
# |---|---|---|
# | 1 | normalise `x` | `norm1` |
# | 2 | attend to the result, with your `MultiHeadAttention` | its `q`, `k`, `v` and `proj` |
# | 3 | add what that gives to `x` | |
# | 4 | normalise the sum, send it through the FFN, add the result to the sum | `norm2`, `ffn` |


# %% exercise="TransformerBlock" points=3
class TransformerBlock(nn.Module):
    """Let positions exchange news, then let each work on what it has.

    q, k, v, proj: `nn.Linear(embedding_dim, embedding_dim)`, with biases; they may lie in a `MultiHeadAttention`
        that the block holds under any name, or in the block itself
    norm1, norm2: `nn.LayerNorm`; ffn: a `FeedForward(embedding_dim, ffn_dim)`
    forward: (B, T, embedding_dim) -> (B, T, embedding_dim), causal, pre-norm, each half added to its input
    """

    def __init__(self, embedding_dim: int, ffn_dim: int, n_heads: int = 1):
        ### BEGIN SOLUTION
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(embedding_dim), nn.LayerNorm(embedding_dim)
        self.attention = MultiHeadAttention(embedding_dim, n_heads)
        self.ffn = FeedForward(embedding_dim, ffn_dim)
        ### END SOLUTION

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        ### BEGIN SOLUTION
        x = x + self.attention(self.norm1(x))  # (B, T, embedding_dim), as all that follows
        return x + self.ffn(self.norm2(x))
        ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `forward` is two lines of the same form: `x = x + something(norm(x))`. In the first, *something* is
# attention, in the second the FFN. `__init__` makes four parts for them, and hands `n_heads` on.
#
# </details>
# <details><summary>Hint 2</summary>
#
# The second half starts from the sum that the first has made, not from the `x` at the beginning. Each half
# has its own norm.
#
# </details>

# %% [markdown]
# ## Your block, at the size of GPT-2
#
# GPT-2 of 2019 is a stack of blocks like yours, with a table of 50,257 token embeddings below (which also
# serves as the last layer), 1024 position embeddings, and a LayerNorm on top. So your block, on the `meta`
# device, can tell how large the published models are, and GPT-3 with its longer texts too. Of each width the
# heads take 64 features, in GPT-3 128. What do you expect to see in the last column?

# %%
for name, published, dim, n_heads, blocks, places in [
    ("GPT-2 small", "124M", 768, 12, 12, 1024),
    ("GPT-2 medium", "355M", 1024, 16, 24, 1024),
    ("GPT-2 large", "774M", 1280, 20, 36, 1024),
    ("GPT-2 XL", "1558M", 1600, 25, 48, 1024),
    ("GPT-3", "175B", 12288, 96, 96, 2048),
]:
    with torch.device("meta"):
        block = TransformerBlock(dim, 4 * dim, n_heads)
    in_block = sum(p.numel() for p in block.parameters())
    total = blocks * in_block + (50257 + places) * dim + 2 * dim
    share = blocks * ffn_parameter_count(dim, 4 * dim) / total
    print(f"{name:13} published {published:>5}   counted {total:>15,}   in FFNs {share:.0%}")

# %% [markdown]
# Every count agrees with the published one, down to the last digit that is published. The share
# of the FFNs grows from 46% to 66%: with the width, the embeddings matter less and less, and of a block's
# weights two thirds are in its FFN.
#
# ## The loss: guess the next token
#
# A language model reads $T$ tokens and gives logits `(B, T, V)`: at each position a score for each of $V$
# tokens, as a guess at what comes *next*. So the answers are the tokens themselves, shifted by one. For the
# word "cat", with "." as the sign that begins and ends a word:
#
# | position | 0 | 1 | 2 | 3 | 4 |
# |---|---|---|---|---|---|
# | the model reads | . | c | a | t | . |
# | it should guess | c | a | t | . | *nobody knows* |
#
# The guess at the last position has no answer, and nobody guesses the first token: $T$ tokens make $T - 1$
# predictions, each a classification as in lesson 7.
#
# `nn.functional.cross_entropy` wants the classes in dim 1, and here they are last. As with the heads, a dim is
# moved by `transpose(1, 2)`, never by `reshape`, which gives the same shape and a loss from which nothing can be
# learned. Or merge the batch with the positions, which are neighbours: `flatten(0, 1)`.
#
# ### Exercise 10.6 · next_token_loss
#
# Give the mean cross-entropy of all predictions. For `tokens = [[1, 0, 1]]`:
#
# | position | logits | its answer | loss |
# |---:|---|---|---:|
# | 0 | 2, 0 | 0 | 0.1269 |
# | 1 | 0, 2 | 1 | 0.1269 |
# | 2 | 3, 0 | none | |
# | *mean* | | | 0.1269 |


# %% exercise="next_token_loss" points=2
def next_token_loss(logits: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """Average minus the log-probability that the logits at each position give to the token that follows.

    logits: (B, T, V), raw; tokens: (B, T), int64, from 0 to V - 1; T is at least 2
    returns: a 0-d tensor, the mean over all B * (T - 1) predictions

    The library's cross-entropy is fine here. Gradients reach logits; no argument is changed.
    """
    ### BEGIN SOLUTION
    guesses = logits[:, :-1].flatten(0, 1)  # (B, T - 1, V) -> (B * (T - 1), V)
    answers = tokens[:, 1:].flatten()  # (B, T - 1) -> (B * (T - 1),)
    return nn.functional.cross_entropy(guesses, answers)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Which position's logits have no answer, and which token is nobody's answer? Cut off one position on each
# side: the two slices then line up.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `logits[:, :-1]` and `tokens[:, 1:]` have the shapes `(B, T - 1, V)` and `(B, T - 1)`. Merge the batch with
# the positions in both, and the loss of lesson 7 takes them.
#
# </details>

# %% [markdown]
# ## Writing: one token at a time
#
# A trained model writes by guessing on. It reads the text so far, you draw a token from the probabilities at
# the *last* position, append it, and start over with the longer text. Lesson 7's temperature decides how
# daring the draw is. Drawing matters: whoever always takes the likeliest token gets the same word each
# time. Two ways to turn probabilities into tokens, eight times each:

# %%
generator = torch.Generator().manual_seed(10)
probabilities = torch.tensor([[0.5, 0.3, 0.2]]).repeat(8, 1)  # (8, 3): rows, tokens
print("argmax:     ", probabilities.argmax(dim=-1).tolist())
print("multinomial:", torch.multinomial(probabilities, num_samples=1, generator=generator).flatten().tolist())

# %% [markdown]
# `multinomial` gives token 0 about half of the time, the others as often as their probability says, and the
# same tokens again for the same seed.
#
# ### Exercise 10.7 · generate
#
# Continue every row of `tokens` by `steps` tokens. As a plain list of what happens, for one row:
#
# | step | the model sees | you draw from | then the row is |
# |---:|---|---|---|
# | 1 | `. c` | the logits after `c` | `. c a` |
# | 2 | `. c a` | the logits after `a` | `. c a t` |
# | 3 | `. c a t` | the logits after `t` | `. c a t .` |
#
# The generator keeps its numbers on the CPU, so draw there, and bring the tokens to where the others are.
# Nobody will call `backward` on this: let no graph be recorded. The check brings models of its own, whose
# logits are rows of a small `table`; which row, depends on all the tokens so far.


# %% exercise="generate" points=3
def generate(
    model: nn.Module, tokens: torch.Tensor, steps: int, temperature: float, generator: torch.Generator
) -> torch.Tensor:
    """Draw `steps` tokens for each row, one after the other, each from the model's guess after the whole row so far.

    model: gives logits (B, T, V) for tokens (B, T), for any T; tokens: (B, T), int64; temperature: above 0
    generator: on the CPU; the same generator gives the same tokens
    returns: (B, T + steps), int64, beginning with `tokens`

    The probabilities are the softmax of logits / temperature. No graph is recorded; no argument is changed.
    """
    ### BEGIN SOLUTION
    with torch.no_grad():
        for _ in range(steps):
            logits = model(tokens)[:, -1]  # (B, T, V) -> (B, V)
            probabilities = (logits / temperature).softmax(dim=-1).cpu()
            drawn = torch.multinomial(probabilities, num_samples=1, generator=generator)  # (B, 1)
            tokens = torch.cat([tokens, drawn.to(tokens.device)], dim=1)  # (B, T + 1)
    return tokens
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# A loop over `steps` around four lines: ask the model, take the logits of the last position, draw, append.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `torch.multinomial(probabilities, num_samples=1, generator=generator)` draws one token for each row of
# `(B, V)`, as `(B, 1)`. `torch.cat([tokens, drawn], dim=1)` makes a new, longer tensor and leaves the old
# one alone.
#
# </details>
# <details><summary>Hint 3</summary>
#
# Give the model all of `tokens` in each step, not only the new one. A `with torch.no_grad():` around the
# loop keeps the graph away.
#
# </details>

# %% [markdown]
# ## Capstone: a model that invents words
#
# The course comes with 8,384 English words from Jane Austen's six novels, which are in the public domain.
# A tenth of them is held out. The others are written one after the other, with a "." in between, and each
# training row is a window of 16 letters that begins with the "." before a word.

# %% tags=["prediction"]
predict(
    'how many different tokens there are, for lower-case words with a "." between them',
    {
        "26": 'One for each letter; and the "." is a token too, or no word would ever end.',
        "27": 'The letters and the ".".',
        "8384": "One for each word is another way; this model spells.",
    },
    answer=lambda: len(letters),
)

# %%
context = 16
letters = "." + string.ascii_lowercase
words = load_words()
order = torch.randperm(len(words), generator=torch.Generator().manual_seed(10)).tolist()
held_out, training = [words[i] for i in order[:838]], [words[i] for i in order[838:]]


def windows(words):
    stream = torch.tensor([letters.index(c) for c in "." + ".".join(words) + "."])
    starts = torch.nonzero(stream[:-context] == 0).flatten()  # where words begin: (rows,)
    return stream[starts[:, None] + torch.arange(context)]  # (rows, 1) + (16,) -> (rows, 16)


train_rows, held_out_rows = windows(training), windows(held_out).to(device)
print(len(letters), "tokens", tuple(train_rows.shape), tuple(held_out_rows.shape))
print("".join(letters[i] for i in train_rows[0]))

# %% [markdown]
# 27 tokens: the letters and the ".". A row holds a word, and what fits of the next ones. (The last words
# of each part have too few letters behind them for a row of 16, so there are a few rows fewer than words.)
#
# A loss needs something to be compared with. A model that guesses evenly among 27 tokens has a loss of
# $\log 27 = 3.30$ *nats*: that is the unit of a loss that is made with the natural logarithm. One nat less, and
# the right letter gets $e$ times the probability. A better rival looks at the last letter alone: the *bigram*
# model counts, in the training rows, which letter follows which. Its table of log-probabilities serves as
# logits, so your loss can measure it.

# %% tags=["demo"]
pairs = (train_rows[:, :-1] * 27 + train_rows[:, 1:]).flatten()  # one number for each pair: (rows * 15,)
counts = torch.bincount(pairs, minlength=27 * 27).reshape(27, 27) + 1  # (27, 27): this letter, the next
bigram = (counts / counts.sum(dim=1, keepdim=True)).log().to(device)  # (27, 27)
baseline = next_token_loss(bigram[held_out_rows], held_out_rows).item()  # logits: (rows, 16, 27)
print(f"even guess {math.log(27):.2f}   bigrams {baseline:.2f}")

# %% [markdown]
# Bigrams bring the loss from 3.30 down to 2.48. That is the number to beat, on words that the model has not
# seen.
#
# The model: an embedding for each letter plus one for each position (attention itself does not know what
# comes first), a stack of your blocks with four heads each, a LayerNorm, and a linear layer that gives the logits.
# Where there is a GPU that computes in *bfloat16* (two bytes a number, with the range of float32 and two to three
# digits), the loop uses it: `torch.autocast` runs the matrix products in that dtype, and keeps float32 where digits
# matter. And `large = True` makes a model 30 times the size; with so few words, watch when it begins to know them
# by heart.

# %% tags=["demo"]
use_bf16 = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
large = False  # an option for such a GPU
dim, n_heads, depth, lr = (256, 4, 6, 1e-3) if large and use_bf16 else (64, 4, 3, 1e-2)
torch.set_num_threads(1)  # so small a model runs about as fast on one CPU core, and in peace


class CharacterModel(nn.Module):
    def __init__(self, block, depth):
        super().__init__()
        self.letter = nn.Embedding(len(letters), dim)
        self.position = nn.Embedding(context, dim)
        self.blocks = nn.Sequential(*(block(dim, 4 * dim, n_heads) for _ in range(depth)))
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, len(letters))

    def forward(self, tokens):
        places = torch.arange(tokens.shape[1], device=tokens.device)  # (T,)
        x = self.letter(tokens) + self.position(places)  # (B, T, dim) + (T, dim) -> (B, T, dim)
        return check_shape(self.head(self.norm(self.blocks(x))), ("batch", "time", 27))


# %% [markdown]
# A learning rate of 0.01 is bold. At the start, Adam knows nothing yet about the size of the gradients; at the end
# such steps jump over the valley's floor. A *learning-rate schedule* helps with both: the rate warms up over
# 50 steps, then falls to 0 along half a cosine. And if one batch has a huge gradient, *clipping* shortens it, that of
# all parameters together, to length 1. In lesson 8 you built both, as `warmup_cosine` and `clip_gradients_`. Here the
# library's forms do it: `LambdaLR` multiplies the optimizer's rate by a share that you name, and `clip_grad_norm_`
# returns the length that it found. What share do you expect at step 325, halfway down the cosine?


# %% tags=["demo"]
def share_of_peak(step, steps, warmup=50):
    if step < warmup:
        return (step + 1) / warmup
    return (1 + math.cos(math.pi * (step - warmup) / (steps - warmup))) / 2


print([round(share_of_peak(step, 600), 2) for step in (0, 24, 49, 325, 599)])

# %% [markdown]
# The rate starts at a fiftieth of its peak, has all of it after 50 steps, and half of it at step 325, in the middle
# of the cosine.
#
# And the loop. In the middle stand the five steps of lesson 6; around them a random batch in each step, the
# held-out loss every hundred steps, and a progress bar. `functools.cache` keeps the result, so asking for
# the same training again costs nothing.


# %% tags=["demo"]
@functools.cache
def train(block, depth=depth, steps=600, schedule=share_of_peak, max_norm=1.0):
    torch.manual_seed(10)
    generator = torch.Generator().manual_seed(10)
    model = CharacterModel(block, depth).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=0.1)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: schedule(step, steps))
    run = SimpleNamespace(model=model, losses=[], held_out={}, rates=[], norms=[])
    for step in (bar := widgets.Progress(steps, "training")):
        batch = train_rows[torch.randint(len(train_rows), (64,), generator=generator)].to(device)  # (64, 16)
        with torch.autocast(device.type, torch.bfloat16, enabled=use_bf16):
            loss = next_token_loss(model(batch), batch)  # 1 predict, 2 measure the loss
        loss.backward()  # 3 compute gradients
        run.norms.append(nn.utils.clip_grad_norm_(model.parameters(), max_norm).item())
        run.rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()  # 4 update
        scheduler.step()
        optimizer.zero_grad()  # 5 reset
        run.losses.append(loss.item())
        if (step + 1) % 100 == 0:
            with torch.no_grad():
                run.held_out[step + 1] = next_token_loss(model(held_out_rows), held_out_rows).item()
            bar.note = f"held-out loss {run.held_out[step + 1]:.2f}"
    return run


# %% [markdown]
# A fresh model should start near the even guess of 3.30, as you know from lesson 7. Then watch the bar: the
# training takes about a quarter of a minute on a CPU. When will it pass the bigrams?

# %% tags=["demo"]
run = train(TransformerBlock)
print(sum(p.numel() for p in run.model.parameters()), "parameters, first loss", round(run.losses[0], 2))
plots.plot_loss_and_baseline(run.losses, run.held_out, baseline)

# %% [markdown]
# Its first batch costs 3.44. (The drawn curve starts lower, because each of its points is the mean of 25 steps. If your
# block makes its layers in another order, it begins with other weights, and your numbers differ a little from ours.)
# It passes the bigrams within the first hundred steps, and ends at a held-out loss of 1.96, half a nat below them.
# So the right letter gets $e^{-1.96} = 0.14$, where bigrams give it $e^{-2.48} = 0.08$. These are *geometric
# means*: the logarithms were averaged, not the probabilities. Meanwhile the gap between the two curves grows: the
# model begins to learn its 7,546 training words by heart, as in lesson 9.
#
# What did the schedule bring? The same training once more, with the bare five steps: a rate of 0.01 from
# the first step to the last, and gradients of any length.


# %% tags=["demo"]
def constant(step, steps):
    return 1.0


runs = {"constant": train(TransformerBlock, schedule=constant, max_norm=math.inf), "schedule": train(TransformerBlock)}
print({name: f"longest gradient {max(run.norms):.2f}" for name, run in runs.items()})
plots.plot_schedules(
    {name: run.rates for name, run in runs.items()}, {name: run.held_out for name, run in runs.items()}
)

# %% [markdown]
# The schedule ends at 1.96, the constant rate at 2.03. Look at the right picture from left to right: while the rates
# are alike the two losses are close, and the constant one is even ahead after 100 steps, half of which the other has
# spent on warming up. The gain comes late, when small steps settle what large ones keep stirring. Clipping has done
# nothing: with the schedule no gradient was longer than 0.74. It is a seat belt, for long trainings in which one odd
# batch can throw the model off the road.
#
# What have the heads learned? The next cell takes the queries and keys of the first block for a word, and
# draws the weights of all four; a title says where most of a head's weight lies. (The cell looks for `q` and `k` by
# their names, wherever your block keeps them.)

# %% tags=["demo"]
model = train(TransformerBlock).model
text = ".sensibility"
tokens = torch.tensor([[letters.index(c) for c in text]], device=device)  # (1, 12)
layers = {name.split(".")[-1]: layer for name, layer in model.blocks[0].named_modules()}
with torch.no_grad():
    x = layers["norm1"](model.letter(tokens) + model.position(torch.arange(len(text), device=device)))  # (1, 12, dim)
    # (1, 12, dim) -> (1, 12, heads, width) -> (1, heads, 12, width)
    q, k = (layers[name](x).unflatten(2, (n_heads, -1)).transpose(1, 2) for name in "qk")
    scores = q @ k.mT / math.sqrt(q.shape[-1])  # (1, heads, 12, 12)
later = torch.ones_like(scores, dtype=torch.bool).triu(diagonal=1)
plots.plot_heads(scores.masked_fill(later, -math.inf).softmax(dim=-1)[0], list(text))

# %% [markdown]
# Nobody has told the heads what to look at. Head 3 has found out that the letter before pays: it puts 93% of its
# weight there. Head 0 looks two letters back more than anywhere else, with 37%. The other two spread theirs over the
# last few letters. So after the first block a position can know which letters stand before it, and the blocks above
# build on that.
#
# Let it write. Each row starts with a "." and goes on for 13 letters; its first word is kept if it is
# finished. Which temperature gives the most words that Jane Austen did use?


# %% tags=["demo"]
def invent(model, temperature, n=60):
    start = torch.zeros(n, 1, dtype=torch.int64, device=device)  # (n, 1): a "." each
    rows = generate(model, start, 13, temperature, torch.Generator().manual_seed(10))  # (n, 14)
    texts = ["".join(letters[i] for i in row[1:]) for row in rows.tolist()]
    return list(dict.fromkeys(text.split(".")[0] for text in texts if "." in text))  # each once


model = train(TransformerBlock).model
for temperature in (0.3, 0.8, 1.5):
    written = invent(model, temperature)
    new = [word for word in written if word not in words]
    print(f"temperature {temperature}: {len(written) - len(new)} known, {len(new)} invented:", *new[:9])

# %% [markdown]
# At 0.3 the model plays safe: 19 of its words are in the novels. At 1.5 two are, and letters follow each other that no
# English word has. In between lie words that could be English ("implated", "enrowness"), and one that is
# ("picking"), although it is not in the novels. All of it came from one table of 27 letters, three blocks, and
# the five lines from lesson 6. And you have met it before: a model from this very loop, its numbers rounded to two
# bytes, invents the words of the start notebook.
#
# ## Break it · attention without the mask
#
# Here is a block whose attention has no mask (and one head, which is enough). The model gets one block in place
# of three, and a third of the steps. What loss do you expect?


# %% tags=["demo"]
class LeakyAttention(MultiHeadAttention):
    def forward(self, x):
        scores = self.q(x) @ self.k(x).mT / math.sqrt(dim)  # (B, T, T), and no mask
        return self.proj(scores.softmax(dim=-1) @ self.v(x))


class LeakyBlock(TransformerBlock):
    def __init__(self, embedding_dim, ffn_dim, n_heads):
        super().__init__(embedding_dim, ffn_dim, n_heads)
        self.leaky = LeakyAttention(embedding_dim, 1)

    def forward(self, x):
        x = x + self.leaky(self.norm1(x))
        return x + self.ffn(self.norm2(x))


run = train(LeakyBlock, depth=1, steps=200)
print(f"training loss {run.losses[-1]:.3f}   held-out loss {run.held_out[200]:.3f}")

# %% [markdown]
# A loss of 0.001, on words that it has never seen! It is no genius; it copies. The answer to position $t$ is
# the letter at $t + 1$, and without a mask it lies in plain sight. The held-out words do not give the
# cheat away, since their letters are just as visible.
#
# Two things do. Hide the later letters, by giving the model one prefix after the other, and an honest
# model's loss stays as it is. Or let the model write: then there is nothing to copy from.

# %% tags=["demo"]
for block, settings in ((TransformerBlock, {}), (LeakyBlock, {"depth": 1, "steps": 200})):
    model = train(block, **settings).model
    with torch.no_grad():
        seen = next_token_loss(model(held_out_rows), held_out_rows)
        guesses = [model(held_out_rows[:, :t])[:, -1] for t in range(1, context + 1)]  # 16 times (rows, 27)
        hidden = next_token_loss(torch.stack(guesses, dim=1), held_out_rows)  # (rows, 16, 27)
    start = torch.zeros(1, 1, dtype=torch.int64, device=device)
    (row,) = generate(model, start, 15, 1.0, torch.Generator().manual_seed(10)).tolist()
    print(f"{block.__name__:17} all visible {seen:.2f}   later hidden {hidden:.2f}  ", "".join(letters[i] for i in row))

# %% [markdown]
# Your model's two losses agree, at 1.96. The leaky one goes from 0.00 to 9.82, nearly three times the loss of an
# even guess, and all that it can write is "." after "." after ".". A loss that is too good to be true is the
# symptom to remember, in every field: somewhere, the answer has leaked into the input.

# %% [markdown] question="what_each_half_does" points=0
# ## In your own words
#
# A classmate builds two crippled models. In the first, the blocks have no attention: `x + ffn(norm2(x))` is
# all that is left. In the second they have no FFN. In four to six sentences: what can a position of the
# first model know, and which rival of this lesson does it become, whatever its size? What can the second
# model still do, and what does it lack?
#
# ### BEGIN SOLUTION
# Without attention nothing connects the positions. Each one knows its own letter and its place, and nothing
# else, so the best that the first model can learn is how often one letter follows another: it becomes a
# bigram model (one that also knows the place), and more layers do not help. Trained like the capstone it ends
# at a held-out loss of about 2.4, a little below the 2.48 of the counted bigrams. The second model can gather
# earlier letters, so it does better, about 2.07. But what it adds up are weighted means of linear functions of
# the letters: between gathering and guessing nothing bends, apart from the softmax and the norms. It has no
# units that could recognise a pattern of several letters, such as an ending in "ing", and act on it as a
# whole. Both halves together reach about 1.96.
# ### END SOLUTION

# %% [markdown]
# ## Summary
#
# | you built | the library's form |
# |---|---|
# | `FeedForward` | the `linear1`, `linear2` in `nn.TransformerEncoderLayer` |
# | `ffn_parameter_count` | `sum(p.numel() for p in ...)` on the `meta` device |
# | `causal_attention` | `F.scaled_dot_product_attention(q, k, v, is_causal=True)` |
# | `MultiHeadAttention` | `nn.MultiheadAttention`, whose `q`, `k` and `v` are one layer of three times the width |
# | `TransformerBlock` | `nn.TransformerEncoderLayer`, with the settings below |
# | `next_token_loss` | `F.cross_entropy`, on shifted slices |
# | `generate` | `model.generate(...)` in the Transformers library, which also keeps what it has computed |
#
# `nn.TransformerEncoderLayer` computes what your block does if you pass `nhead` (your `n_heads`), `dim_feedforward`
# (your `ffn_dim`; it is 2048 otherwise), `activation="gelu"`, `norm_first=True`, `batch_first=True` (its batch is
# not the first dim otherwise), `dropout=0.0` (it drops a tenth in training otherwise), and a causal mask in every
# call.
#
# - The FFN treats every position alone, and holds most of a large model's numbers.
# - Attention is the only place where positions meet: scores, scale, mask, softmax, weighted mean.
# - The mask goes in front of the softmax, and the scores are divided by the root of their width.
# - Heads share the features, each attends by itself, and to share them a dim is moved by transpose, not by reshape.
# - Residual connections give the gradient a straight way; pre-norm keeps its factors near 1 where the numbers
#   are of a sensible size.
# - The answers of a language model are its own tokens, shifted by one.
# - A learning rate that warms up and then falls may be bolder in between; clipping guards against odd batches.
# - Compare a loss with a baseline. Above it, something is missing; far too good, something leaks.
#
# ## Where to go from here
#
# Ten lessons ago a tensor was six numbers in a row. You have since written the loop, the layers, the
# optimizer and the Transformer, and each of them is a few lines. Three next steps, in order of effort:
#
# 1. Put other words in, such as names of towns or your own notes, or dropout into the block, and see which
#    held-out loss you can reach.
# 2. Change one thing at a time: `n_heads` to 1 or 8, `depth`, the peak of the rate. Which of them matters?
# 3. Read a whole project. Karpathy's [nanochat](https://github.com/karpathy/nanochat) goes from raw text to a model
#    that chats, and in its `nanochat/gpt.py` you will meet your block again: two lines, each `x = x + ...`. What is
#    new there has names to search for: rotary embeddings in place of your position table, RMSNorm for LayerNorm,
#    a squared ReLU for GELU.
