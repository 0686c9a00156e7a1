# %% [markdown]
# # 3 · Math and reductions: verbs
#
# A tensor is the noun of this course. Here come the verbs: what you can do to tensors, and what happens to
# their shapes when you do it. Some verbs work entry by entry, one combines rows with columns, and some
# collapse many numbers into one. Almost everything that a network computes is made of these three kinds.
#
# **When you are through, you can**
#
# - say before you run it whether `*` or `@` is meant, and what shape comes out;
# - read `dim=0` and `dim=1` without guessing, in tensors of any number of dims;
# - predict which shapes broadcast, and to what;
# - say what `keepdim` is for, and what happens without it;
# - replace a loop by one operation, and compute with `exp` without overflow;
# - cut, turn and join tensors, and say when a reshape mixes what belongs together.
#
# **Time:** about two hours and twenty minutes, exercises included.
#
# **You need:** lesson 1 (creating tensors, shape, dtype).

# %% [markdown]
# ## Where the verbs go
#
# The five steps that hold this course together are all made of them:
#
# | step | the verb in it |
# |---|---|
# | 1 · predict | `X @ W + b`: a matrix product, then a broadcast sum |
# | 2 · measure the loss | `((prediction - y) ** 2).mean()`: entry by entry, then a reduction |
# | 3 · compute gradients | the same verbs, taken backwards |
# | 4 · update | `W -= 0.1 * grad`: entry by entry |
# | 5 · reset | the one step that needs no arithmetic |
#
# ## How the exercises work
#
# Write your code in place of `raise NotImplementedError`, run that cell, then run the check below it. A
# failed check shows the call that went wrong and asks you a question. Hints wait below, folded. Three rules
# hold for all seven:
#
# - arguments and results are float32 tensors (in the last exercise of any dtype), and a `dim` may be negative;
# - the arguments stay as they were;
# - loops and library functions are fine, unless the exercise says otherwise. Three of them do.
#
# The first cell picks your device. Random numbers are drawn on the CPU from a fixed seed, so you see the
# numbers that the text speaks of.

# %%
import timeit

import torch

from course_utils import check, check_shape, pick_device, plots, predict, widgets

device = pick_device()
torch.manual_seed(3)
print("working on", device)

# %% [markdown]
# ## Entry by entry, or rows by columns
#
# The operators `+ - * / **` and functions such as `torch.exp` or `torch.sqrt` treat each entry by itself:
# entries in the same place meet, and a plain number meets every entry. Each operation makes a new tensor
# and leaves its arguments alone. Work out the bottom right entry of the three results before you run the
# cell.

# %%
a = torch.tensor([[1.0, 2.0], [3.0, 4.0]], device=device)
b = torch.tensor([[0.0, 10.0], [20.0, 30.0]], device=device)
print(a + b)
print(a**2 - 1)
print(10 * a)

# %% [markdown]
# They are 34, 15 and 40. The product that textbooks write as $AB$ is of another kind, and Python has a sign of its
# own for it, `@`. It pairs each row of `a` with each column of `b`, multiplies entry by entry, and adds up.
#
# | `a @ b` | column 0 of `b`: 0, 20 | column 1 of `b`: 10, 30 |
# |---|---:|---:|
# | row 0 of `a`: 1, 2 | 1·0 + 2·20 = 40 | 1·10 + 2·30 = 70 |
# | row 1 of `a`: 3, 4 | 3·0 + 4·20 = 80 | 3·10 + 4·30 = 150 |
#
# Rows come from the left factor, columns from the right one. Does `b @ a` give the same four numbers?

# %%
print(a @ b)
print(b @ a)

# %% [markdown]
# It does not: with `@` the order counts.
#
# The shapes tell the two products apart as well. `*` wants the same shape twice. `@` wants a row of the
# left factor to be as long as a column of the right one: $(n, k)$ times $(k, m)$ gives $(n, m)$, and the
# inner size $k$ is summed away. (`.T` exchanges rows and columns.) Which of the next three lines works?

# %%
wide = torch.ones(2, 3, device=device)
print("wide * wide:  ", tuple((wide * wide).shape))
print("wide @ wide.T:", tuple((wide @ wide.T).shape))  # (2, 3) @ (3, 2) -> (2, 2)
try:
    wide @ wide
except RuntimeError as error:
    print("wide @ wide:  ", error)

# %% [markdown]
# The error message names both shapes, `2x3 and 2x3`: the inner sizes 3 and 2 differ. You will meet it
# often, and a transpose is often what is missing. Square matrices give no such warning: with them, `*`, `@`
# and a forgotten transpose all run.
#
# ### Exercise 3.1 · two_products
#
# Return both products of two square matrices, as a tuple: first entry by entry, then the matrix product. For
# `a = [[1, 0], [2, 1]]` and `b = [[5, 6], [7, 8]]` the two are `[[5, 6], [17, 20]]` and `[[5, 0], [14, 8]]`, though
# not in this order. Work out which is which, by one entry of each.


# %% exercise="two_products" points=1
def two_products(a: torch.Tensor, b: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Multiply two square matrices in both ways.

    a, b: (n, n)
    returns: a tuple of the entry-by-entry product (n, n) and the matrix product (n, n), in this order
    """
    ### BEGIN SOLUTION
    return a * b, a @ b
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Check a candidate by hand on the example: in which product is the top right entry $0 \cdot 6 = 0$, and in
# which is it $1 \cdot 6 + 0 \cdot 8 = 6$?
#
# </details>
# <details><summary>Hint 2</summary>
#
# `return first, second` gives back a tuple. One product has the sign of every other product in Python, the other
# the sign in every e-mail address.
#
# </details>

# %% [markdown]
# Are there matrices for which both products agree? Think of one pair before you run the cell, which needs your
# function. The second pair has numbers on the diagonal only.

# %% tags=["demo"]
diagonals = torch.diag(torch.tensor([2.0, 3.0])), torch.diag(torch.tensor([10.0, 100.0]))
for pair in ((a, b), diagonals):
    by_entry, by_rows = two_products(*pair)
    print(by_entry.tolist(), by_rows.tolist(), "equal:", torch.equal(by_entry, by_rows))

# %% [markdown]
# Diagonal matrices agree: in each sum of the matrix product at most one term is not 0. So a test with such a pair
# could not tell the two signs apart. Test with numbers that differ.

# %% [markdown]
# ## Reductions: the dim you name is the dim that goes
#
# A reduction makes one number out of many: `sum`, `mean`, `amin`, `amax`, `std`. Without arguments it takes all
# entries. With `dim=` it takes *slices*, such as single rows or single columns, and makes one number of each. Here
# is the rain in two towns on three days, in millimetres:
#
# | `rain` | day 0 | day 1 | day 2 | `sum(dim=1)` |
# |---|---:|---:|---:|---:|
# | town 0 | 6 | 8 | 10 | **24** |
# | town 1 | 2 | 4 | 6 | **12** |
# | `sum(dim=0)` | **8** | **12** | **16** | |
#
# The shape is `(2, 3)`: dim 0 counts towns, dim 1 counts days. `dim=0` does not mean "for each town". It means
# that dim 0 *goes*: the towns are added up, and one number is left for each day. Which shapes do the three results
# have?

# %%
rain = torch.tensor([[6.0, 8.0, 10.0], [2.0, 4.0, 6.0]], device=device)  # (towns, days)
print("dim=0:", rain.sum(dim=0))  # (2, 3) -> (3,)
print("dim=1:", rain.sum(dim=1))  # (2, 3) -> (2,)
print("all:  ", rain.sum())  # (2, 3) -> ()

# %% [markdown]
# Cross the named dim out of the shape, and you have the shape of the result. Side by side:
#
# | | `dim=0` | `dim=1` |
# |---|---|---|
# | crossed out of `(2, 3)` | the 2, which leaves `(3,)` | the 3, which leaves `(2,)` |
# | which cells collapse | those of a column | those of a row |
# | the index that runs in the sum | `rain[i, 0]` for every `i` | `rain[0, j]` for every `j` |
# | one number for each | day | town |
#
# The picture shows which cells collapse into which. Before you move a control, say what you expect.
# (`keepdim` has its own section below; you may switch it on and watch the shape.)

# %% tags=["demo"]
widgets.reduction_explorer(torch.tensor([[6.0, 8.0, 10.0, 4.0], [2.0, 4.0, 6.0, 0.0], [9.0, 1.0, 5.0, 5.0]]))

# %% [markdown]
# The rule needs no picture, so it works where pictures fail. Take three dims: 2 classes of 3 students with
# 4 assignments each. Negative numbers count from the end, so `dim=-1` is the last dim whatever the number
# of dims, and a tuple names several. Cross out, then compare.

# %%
school = torch.ones(2, 3, 4, device=device)  # (classes, students, assignments)
for dim in (0, 1, 2, -1, (0, 2)):
    print(f"dim={dim!s:8}", tuple(school.sum(dim=dim).shape))

# %% [markdown]
# `dim=2` and `dim=-1` agree. The tuple `(0, 2)` leaves `(3,)`.
#
# Some reductions behave in a way that you should have seen once. `min` and `max` with a `dim` return two tensors,
# the values and where they stand; `amin` and `amax` return the values alone. Without a `dim`, `min()` is one
# number. And what is the mean of whole numbers?

# %%
print(rain.min(dim=1))
print("amin:", rain.amin(dim=1), "  min():", rain.min())
try:
    torch.tensor([1, 2]).mean()
except RuntimeError as error:
    print(error)

# %% [markdown]
# A mean is seldom whole, so PyTorch refuses to guess a dtype: convert with `.float()` first.
#
# ### Exercise 3.2 · score_summary
#
# Return three means of a table of scores: one for each assignment, one for each student, and one overall, in this
# order. For `scores = [[6, 8, 10], [2, 4, 6]]`, two students with three assignments each:
#
# | | result | shape |
# |---|---|---|
# | per assignment | `[4, 6, 8]` | `(3,)` |
# | per student | `[8, 4]` | `(2,)` |
# | overall | `6` | `()` |


# %% exercise="score_summary" points=1
def score_summary(scores: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Average a table of scores in three ways.

    scores: (students, assignments)
    returns: a tuple of the means per assignment (assignments,), per student (students,) and overall, ()
    """
    ### BEGIN SOLUTION
    return scores.mean(dim=0), scores.mean(dim=1), scores.mean()
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Write the shape `(students, assignments)` down. To be left with one number per assignment, which of the
# two must go?
#
# </details>
# <details><summary>Hint 2</summary>
#
# What is left is what you did *not* name. The overall mean needs no `dim`, and it is a tensor already: leave
# `.item()` away.
#
# </details>

# %% [markdown]
# ## Broadcasting: a size of 1 stretches
#
# `a * b` wants entries in the same place to meet. What if the shapes differ? Then PyTorch *broadcasts*:
#
# 1. write the two shapes below each other, lined up **from the right**;
# 2. in each place the sizes must be equal, or one of them must be 1 or missing;
# 3. a size of 1, or a missing one, stretches to the other's size: its entries are used again and again.
#
# | left | right | lined up | result |
# |---|---|---|---|
# | `(3, 4)` | `(4,)` | 4 meets 4, 3 meets nothing | `(3, 4)` |
# | `(3, 1)` | `(4,)` | 1 meets 4, 3 meets nothing | `(3, 4)` |
# | `(2, 3, 4)` | `(3, 1)` | 4 meets 1, 3 meets 3, 2 meets nothing | `(2, 3, 4)` |
# | `(3, 4)` | `(3,)` | 4 meets 3 | an error |
#
# The picture adds a column of tens, `(3, 1)`, and a row of ones, `(4,)`. Dashed cells are the stretched
# copies. They exist in the rule only: no memory is used for them. (For the result it is; more on that below.)

# %% tags=["demo"]
tens = torch.tensor([[0.0], [10.0], [20.0]])  # (3, 1)
ones = torch.tensor([1.0, 2.0, 3.0, 4.0])  # (4,)
plots.plot_broadcast(tens, "+", ones, names=("tens", "ones"))

# %% [markdown]
# Every entry on the left has met every entry on the right. That is the use of a size of 1: it says "meet
# them all".
#
# You put such a dim in with `None` inside an index, or with `unsqueeze`; `squeeze(1)` takes dim 1 out again,
# if its size is 1. Where the new dim goes decides who meets whom.

# %% tags=["prediction"]
predict(
    "the shape of `x[:, None] + x`, where `x` is `(3,)`",
    {
        "(3,)": "The same three numbers on both sides, but the left ones stand upright.",
        "(3, 1)": "The left side has this shape; the right side stretches it to three columns.",
        "(3, 3)": "A column meets a row, so every number meets every number.",
    },
    answer=lambda: tuple(grid.shape),
)

# %%
x = torch.arange(3.0, device=device)  # (3,)
print(tuple(x[:, None].shape), tuple(x.unsqueeze(1).shape), tuple(x[None, :].shape))
print(tuple((x + x).shape))  # (3,) + (3,) -> (3,)
grid = x[:, None] + x  # (3, 1) + (3,) -> (3, 3)
print(tuple(grid.shape))
print(tuple((x[None, :] + x).shape))  # (1, 3) + (3,) -> (1, 3)

# %% [markdown]
# In the first sum each entry met its namesake, in the second every entry met every other, and in the third
# the new dim came in front, where it stretched nothing.
#
# ## Why not a loop?
#
# A loop could do all this. But each turn goes through Python, which hands PyTorch two numbers and takes one
# back. One operation on whole tensors goes through Python once. The cell multiplies two `(20, 20)` matrices
# in both ways; the loop has $20 \cdot 20 \cdot 20 = 8000$ turns.


# %% tags=["demo"]
def by_loops(a, b):
    c = torch.zeros(len(a), b.shape[1])
    for i in range(len(a)):
        for j in range(b.shape[1]):
            for k in range(len(b)):
                c[i, j] += a[i, k] * b[k, j]
    return c


a, b = torch.rand(20, 20), torch.rand(20, 20)
print("same result:", torch.allclose(by_loops(a, b), a @ b))
print(f"loops: {timeit.timeit(lambda: by_loops(a, b), number=1):.6f} s")
print(f"a @ b: {timeit.timeit(lambda: a @ b, number=100) / 100:.6f} s")

# %% [markdown]
# The times depend on your machine; the gap stays. It grows with the matrices, because the loop pays Python
# for every turn, and the product once. On a GPU, which does thousands of products at the same moment, a
# loop would feed them in one by one.
#
# ### Exercise 3.3 · matmul_by_hand
#
# Write the matrix product with broadcasting and one sum, without a loop. Here is what it computes:
#
# ```python
# for i in range(n):  # a is (n, k)
#     for j in range(m):  # b is (k, m)
#         for l in range(k):
#             c[i][j] += a[i][l] * b[l][j]
# ```
#
# Three indices run, so all the products together fill a tensor of three dims. For `a = [[1, 2]]` and
# `b = [[3, 4, 5], [6, 7, 8]]`, with $n = 1$, $k = 2$, $m = 3$:
#
# | | values | shape |
# |---|---|---|
# | all products | `[[[3, 4, 5], [12, 14, 16]]]` | `(1, 2, 3)`, which is `(n, k, m)` |
# | summed | `[[15, 18, 21]]` | `(1, 3)` |


# %% exercise="matmul_by_hand" points=3
def matmul_by_hand(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Multiply two matrices.

    a: (n, k); b: (k, m)
    returns: (n, m)

    Build it from broadcasting and a sum: no Python loop, and no `@`, `matmul`, `mm`, `einsum`, `tensordot`,
    `linear` or other op that makes the product by itself.
    """
    ### BEGIN SOLUTION
    products = a[:, :, None] * b  # (n, k, 1) * (k, m) -> (n, k, m)
    return products.sum(dim=1)  # (n, m)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Plan the shapes first. The products fill `(n, k, m)`, with `products[i, l, j] = a[i, l] * b[l, j]`. Which
# of the three dims does `a` lack, and which does `b` lack?
#
# </details>
# <details><summary>Hint 2</summary>
#
# `a` has nothing to say about `m`: make it `(n, k, 1)`. Written below that, lined up from the right, `b` is
# `(k, m)`. Do the two broadcast to `(n, k, m)`?
#
# </details>
# <details><summary>Hint 3</summary>
#
# `a[:, :, None] * b` makes all the products. The result is `(n, m)`, so the dim in the middle has to go.
#
# </details>

# %% [markdown]
# ### What the recipe costs
#
# Your function gives what `@` gives, but it takes a detour. Stretching an input is free. What you compute from
# it is not: all the products together fill a tensor of their own, until the sum makes it small again. How
# large does it get? `expand` stretches without computing anything, `untyped_storage()` is the memory that really
# lies behind a tensor, and `nbytes` what its entries would take one by one.

# %%
square = torch.ones(100, 100)
stretched = square.expand(100, 100, 100)  # (100, 100) -> (100, 100, 100)
print(f"stretched input: {stretched.untyped_storage().nbytes():9,} bytes")
print(f"all products:    {(stretched * 2).nbytes:9,} bytes")
print(f"square @ square: {(square @ square).nbytes:9,} bytes")
large = torch.empty(2000, 2000, 2000, device="meta")  # labels only, no numbers
print(f"for size 2000: {large.nbytes / 1e9:.0f} GB of products, {large[0].nbytes / 1e6:.0f} MB of result")

# %% [markdown]
# The stretched input uses the same 40,000 bytes again and again; the products take a hundred times as many.
# With matrices of size 2000 they would take 32 GB for a result of 16 MB. So the recipe, a dim for each index
# and then a sum, is for small sizes, and for operations that PyTorch does not have. For a matrix product take
# `@`, which adds up as it goes.
#
# ## keepdim: keep your place
#
# To *centre* each student's scores, subtract the student's mean. The means `mean(dim=1)` have the shape
# `(2,)`, the scores `(2, 3)`. Line them up from the right: 3 meets 2. With `keepdim=True` the dim does not
# go; it stays, with size 1, and then it stretches.

# %%
scores = torch.tensor([[6.0, 8.0, 10.0], [2.0, 4.0, 6.0]], device=device)  # (students, assignments)
try:
    scores - scores.mean(dim=1)
except RuntimeError as error:
    print(error)
means = scores.mean(dim=1, keepdim=True)
print(tuple(means.shape))
print(scores - means)  # (2, 3) - (2, 1) -> (2, 3)

# %% [markdown]
# Both students now have -2, 0 and 2: how far each score lies from that student's own mean.
#
# ### Break it · the missing keepdim on a square matrix
#
# Three students, three assignments, with scores on very different scales. Every row should have the mean 0
# after centring. The cell forgets `keepdim` once more.

# %% tags=["prediction"]
predict(
    "the means of the rows of `x - x.mean(dim=1)`, where `x` is `(3, 3)`",
    {
        "0 in each row": "That is what was meant, but `(3,)` lies along the columns.",
        "an error about shapes": "On a `(2, 3)` table it was one; here 3 meets 3, and it runs.",
        "other numbers, and no error": "The mean of row j is taken from column j.",
    },
    answer=lambda: "0 in each row" if wrong.mean(dim=1).abs().max() < 1 else "other numbers, and no error",
)

# %%
x = torch.tensor([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0], [100.0, 200.0, 300.0]], device=device)
wrong = x - x.mean(dim=1)  # (3, 3) - (3,) -> (3, 3)
right = x - x.mean(dim=1, keepdim=True)  # (3, 3) - (3, 1) -> (3, 3)
print("means of the rows, wrong:", wrong.mean(dim=1))
print("means of the rows, right:", right.mean(dim=1))

# %% [markdown]
# The error before was a kindness. This time it runs, the shape is right, the dtype is right, and the numbers are
# nonsense: -72, -54 and 126 instead of 0. That is the symptom to remember: *no* symptom. The picture shows why.

# %% tags=["demo"]
plots.plot_broadcast(x, "-", x.mean(dim=1), names=("x", "row means"))

# %% [markdown]
# The means of the rows lie down as a row, so the mean of row 0 is subtracted from column 0, that of row 1
# from column 1. Only on the diagonal does a number meet its own mean.
#
# Two habits protect you. Test with sizes that all differ and are not 1, `(2, 3)` rather than `(3, 3)`, and the
# mistake turns into an error. And check the shape where you make a thing, not where it hurts:

# %%
try:
    check_shape(x.mean(dim=1), ("rows", 1))
except ValueError as error:
    print(error)

# %% [markdown]
# The message even says how to mend it.
#
# ## Two standard deviations
#
# The standard deviation says how far values typically lie from their mean: the root of the mean squared
# distance. There are two of them. The *population* deviation divides the sum of the squares by $n$, the
# *sample* deviation by $n - 1$. For the eight numbers below, with mean 5, the squares add up to 32.

# %% tags=["prediction"]
predict(
    "what `values.std()` divides by, when you do not ask",
    {
        "n - 1": "PyTorch takes the sample deviation; `correction=0` asks for the other one.",
        "n": "NumPy's `std` does, and PyTorch's own LayerNorm; its `std` does not.",
    },
    answer=lambda: "n - 1" if values.std() > 2.01 else "n",
)

# %%
values = torch.tensor([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0], device=device)
print("std():            ", round(values.std().item(), 4))  # root of 32 / 7
print("std(correction=0):", round(values.std(correction=0).item(), 4))  # root of 32 / 8

# %% [markdown]
# The sample deviation, 2.1381, is what you get unasked. It guesses the spread of a larger group from a few
# members. To describe the numbers at hand, as normalisation in a network does, take the population's, here
# exactly 2. (NumPy's `std` has it the other way round: it divides by $n$ unless told otherwise.)
#
# ### Exercise 3.4 · standardize
#
# Subtract the mean along `dim`, then divide by the population standard deviation along `dim`. Every slice
# ends with mean 0 and deviation 1. For `x = [[1, 3], [10, 50]]`:
#
# | | means | deviations | result |
# |---|---|---|---|
# | `dim=1` | 2 and 30 | 1 and 20 | `[[-1, 1], [-1, 1]]` |
# | `dim=0` | 5.5 and 26.5 | 4.5 and 23.5 | `[[-1, -1], [1, 1]]` |


# %% exercise="standardize" points=2
def standardize(x: torch.Tensor, dim: int) -> torch.Tensor:
    """Bring every slice of `x` along `dim` to mean 0 and population standard deviation 1.

    x: any shape; no slice along dim is constant, so nothing needs to be added to the divisor
    dim: may be negative
    returns: the same shape as x
    """
    ### BEGIN SOLUTION
    mean = x.mean(dim=dim, keepdim=True)  # like x, with size 1 at dim
    std = x.std(dim=dim, correction=0, keepdim=True)
    return (x - mean) / std
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# You need one mean and one deviation for each slice, and both must line up with `x` again. What was missing
# in the section before?
#
# </details>
# <details><summary>Hint 2</summary>
#
# `x[:, None]` would put the dim back in one fixed place, but `dim` can be any. `keepdim=True` leaves it
# where it was.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `x.std(...)` takes `dim`, `keepdim` and `correction`. With `correction=0` it divides by $n$.
#
# </details>

# %% [markdown]
# ## All pairs: make a place for each
#
# Which customers are alike, which word is nearest to this one, which cluster does a point belong to? All
# three ask for the distance of every point in one set to every point in another. With single numbers for
# points you know the trick: `(3, 1)` minus `(4,)`. Which entry of the result is 5 minus 1?

# %%
x = torch.tensor([0.0, 5.0, 9.0], device=device)  # (3,)
y = torch.tensor([1.0, 2.0, 4.0, 8.0], device=device)  # (4,)
print(x[:, None] - y)  # (3, 1) - (4,) -> (3, 4)

# %% [markdown]
# Entry `[1, 0]`: row 1 belongs to `x[1]`, column 0 to `y[0]`.
#
# ### Exercise 3.5 · pairwise_sq_distances
#
# Now the points have `d` coordinates. Return the squared distance, $\sum_c (x_{ic} - y_{jc})^2$, of every
# row of `x` to every row of `y`, without a loop. For `x = [[0, 0], [1, 1]]` and
# `y = [[0, 0], [3, 4], [1, 0]]`:
#
# | | to `[0, 0]` | to `[3, 4]` | to `[1, 0]` |
# |---|---:|---:|---:|
# | from `[0, 0]` | 0 | 9 + 16 = 25 | 1 |
# | from `[1, 1]` | 1 + 1 = 2 | 4 + 9 = 13 | 0 + 1 = 1 |


# %% exercise="pairwise_sq_distances" points=3
def pairwise_sq_distances(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Give the squared distance of every point in `x` to every point in `y`.

    x: (n, d); y: (m, d)
    returns: (n, m), where entry [i, j] belongs to x[i] and y[j]

    Any operation will do, but no Python loop.
    """
    ### BEGIN SOLUTION
    differences = x[:, None, :] - y  # (n, 1, d) - (m, d) -> (n, m, d)
    return (differences**2).sum(dim=-1)  # (n, m)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Plan the shapes as you did for the matrix product. All the differences together have three dims: which
# point of `x`, which point of `y`, which coordinate.
#
# </details>
# <details><summary>Hint 2</summary>
#
# The differences are `(n, m, d)`. `x` lacks the `m` in the middle, so it becomes `(n, 1, d)`. `y` is
# `(m, d)`, which lines up from the right as it is.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `x[:, None, :] - y`, then square, then sum the coordinates away.
#
# </details>

# %% [markdown]
# ## log-sum-exp: the sum that overflows
#
# $\log \sum_i e^{x_i}$ is a softened maximum: a little above the largest entry, and nearly equal to it when
# the others are far below. You will meet it at the heart of the loss for classes, in lesson 7. Work it out
# for three numbers:
#
# | $x$ | 1 | 2 | 3 | sum | log |
# |---|---:|---:|---:|---:|---:|
# | $e^x$ | 2.7183 | 7.3891 | 20.0855 | 30.1929 | 3.4076 |
#
# ### Break it · exp(1000)
#
# Adding 999 to each number must add 999 to the result: 1002.4076. Taking 1003 away must give -999.5924.
# What does the formula give when you type it in as it stands?

# %%
x = torch.tensor([1.0, 2.0, 3.0], device=device)
for shift in (0, 999, -1003):
    print(f"shifted by {shift:5}:", (x + shift).exp().sum().log())

# %% [markdown]
# `inf` and `-inf`. float32 ends near $3.4 \cdot 10^{38}$, so `exp` overflows above 88.7; far below zero it
# rounds to 0, and the logarithm of 0 is `-inf`. The result would have been an ordinary number: only the way
# there leaves the range.
#
# So take a shift out before `exp`, and put it back after `log`:
#
# $$\log \sum_i e^{x_i} = \log \Big( e^m \sum_i e^{x_i - m} \Big) = m + \log \sum_i e^{x_i - m} .$$
#
# It holds for any finite $m$. With the largest entry as $m$, every exponent is at most 0 and one is exactly 0.
# Tiny terms may still round to 0, but the sum lies between 1 and the number of entries: it can neither overflow
# nor vanish.

# %%
x = torch.tensor([1000.0, 1001.0, 1002.0], device=device)
m = x.max()
print((x - m).exp())
print(m + (x - m).exp().sum().log())

# %% [markdown]
# There is the 1002.4076. One case is left: an $m$ that is not finite. Networks switch an entry off by
# setting it to `-inf`, and sometimes every entry of a slice is. The sum of its `exp` is 0, so the result should be
# `-inf`.

# %% tags=["prediction"]
predict(
    "`m + (x - m).exp().sum().log()`, where each entry of `x` is `-inf`, and so is `m`",
    {
        "-inf": "The log of a sum of zeros is `-inf`, but the formula does not get that far.",
        "nan": "`-inf` minus `-inf` has no value, and what has no value stays without one.",
        "0.0": "Equal numbers differ by 0, but infinities are no numbers.",
    },
    answer=lambda: (masked.max() + (masked - masked.max()).exp().sum().log()).item(),
)

# %%
masked = torch.full((3,), -torch.inf, device=device)
m = masked.max()
print("with the shift:", m + (masked - m).exp().sum().log())
print("the library's: ", torch.logsumexp(masked, dim=0))

# %% [markdown]
# `nan`: `-inf` minus `-inf` is no number. The library's function takes care of that. In your
# exercise all entries are finite.
#
# ### Exercise 3.6 · log_sum_exp
#
# Write it along any `dim`, which goes as in `sum`, for finite entries, however large or small. For
# `x = [[1, 2, 3], [0, 0, 0]]`:
#
# | | result | shape |
# |---|---|---|
# | `dim=1` | `[3.4076, 1.0986]` | `(2,)` |
# | `dim=0` | `[1.3133, 2.1269, 3.0486]` | `(3,)` |


# %% exercise="log_sum_exp" points=3
def log_sum_exp(x: torch.Tensor, dim: int) -> torch.Tensor:
    """Compute log(sum(exp(x))) along `dim`, without overflow.

    x: any shape, with entries of any size, such as 1000 or -1000; dim: may be negative
    returns: the shape of x without dim

    Build it from a maximum, `exp`, `sum` and `log`; no `logsumexp` of the library's, nor `logcumsumexp`.
    """
    ### BEGIN SOLUTION
    largest = x.amax(dim=dim, keepdim=True)  # like x, with size 1 at dim
    total = (x - largest).exp().sum(dim=dim)  # without dim
    return largest.squeeze(dim) + total.log()
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Whose maximum? With one for the whole tensor, the row `[0, 1]` below a row `[1000, 1001]` would become
# `exp(-1001)` and `exp(-1000)`, which are both 0. Every slice needs its own.
#
# </details>
# <details><summary>Hint 2</summary>
#
# The maximum is used twice. In `x - m` it has to line up with `x`. In the last sum it has to line up with
# the result, which has lost `dim`.
#
# </details>
# <details><summary>Hint 3</summary>
#
# Take `x.amax(dim=dim, keepdim=True)` for the subtraction, and `.squeeze(dim)` of it for the sum at the
# end. `squeeze()` without a dim would drop other dims of size 1 too.
#
# </details>

# %% [markdown]
# ## Memory and layout: cut, or turn
#
# The last verbs do not compute. They arrange. Lesson 1 showed that a tensor is one long row of numbers in memory,
# read with strides. From a `(2, 3)` you can get to a `(3, 2)` in two ways: `reshape` cuts the row into other
# portions, and `.T` turns rows into columns. Do they give the same table?

# %%
x = torch.arange(6).reshape(2, 3)  # (6,) -> (2, 3)
print(x.reshape(3, 2))  # (2, 3) -> (3, 2)
print(x.T)  # (2, 3) -> (3, 2)
print("strides", x.stride(), x.T.stride(), "  contiguous", x.is_contiguous(), x.T.is_contiguous())

# %% [markdown]
# They do not: after `reshape(3, 2)` the 1 follows the 0, and in `.T` the 3 does. The memory is one and the same
# row. What differs is the order in which it is read.

# %% tags=["demo"]
plots.plot_reading_orders({"x": x, "x.T": x.T})

# %% [markdown]
# `x` is *contiguous*: it reads its memory from left to right. Its transpose jumps 3 places ahead for the next
# column, and back for the next row. A `reshape` of the transpose follows the arrows on the right, and no strides
# give that order in one row, so it copies, as you saw in lesson 1.
#
# With more dims than two, say which you mean. `transpose(1, 2)` exchanges two dims, `.mT` the last two, and
# `permute` takes all of them in their new order. Predict the three shapes.

# %%
y = torch.zeros(2, 3, 4)  # (classes, students, assignments)
print(tuple(y.transpose(0, 1).shape), tuple(y.mT.shape), tuple(y.permute(2, 0, 1).shape))
print("same memory:", y.permute(2, 0, 1).data_ptr() == y.data_ptr())  # where a tensor's first number lies

# %% [markdown]
# `(3, 2, 4)`, `(2, 4, 3)` and `(4, 2, 3)`, and no number has moved.
#
# Joining is the other direction, and there are two ways again. `cat` joins along a dim that is there: it grows,
# and all other sizes must agree. `stack` makes a new dim, at the place that you name, and all shapes must be
# equal.

# %%
a, b = torch.zeros(2, 3), torch.ones(2, 3)
print("cat:  ", tuple(torch.cat([a, b], dim=0).shape), tuple(torch.cat([a, b], dim=1).shape))
print("stack:", tuple(torch.stack([a, b], dim=0).shape), tuple(torch.stack([a, b], dim=2).shape))
try:
    torch.cat([a, torch.ones(4, 3)], dim=1)
except RuntimeError as error:
    print(error)

# %% [markdown]
# `(4, 3)` and `(2, 6)`, then `(2, 2, 3)` and `(2, 3, 2)`. Along dim 1, a height of 2 and one of 4 do not fit side
# by side.
#
# ### Break it · a reshape in place of a transpose
#
# Three words, each with four numbers, as rows of a table. You want to split the numbers into two halves, so that
# the first half of every word comes first: shape `(halves, words, 2)`. A reshape gives that shape. What is in its
# first half?

# %%
words = torch.tensor([[0, 1, 2, 3], [10, 11, 12, 13], [20, 21, 22, 23]])  # (words, features)
print(words.reshape(2, 3, 2)[0])  # (3, 4) -> (2, 3, 2), of which the first half is (3, 2)

# %% [markdown]
# The right shape, no error, and word 0 is there as a whole, with a piece of word 1. The first half should hold 0 and 1,
# then 10 and 11, then 20 and 21. A reshape keeps the order of memory, whatever you call the dims. It can cut one dim
# into two neighbours, or melt two neighbours into one; it cannot make one dim overtake another.
#
# ### Exercise 3.7 · split_heads
#
# A Transformer reads a text in pieces called *tokens*, such as words. Every token has `C` features, and several *heads*
# look at it, each at features of its own: with 6 features and three heads, head 0 at the first two, head 1 at the next
# two, and so on. Split the features, so that each head has a table of its own, a row for each token. (You will use
# this again in lesson 10.) For one sentence of two tokens, `x` is `(1, 2, 6)`:
#
# | | `x[0]` | head 0 | head 1 | head 2 |
# |---|---|---|---|---|
# | token 0 | `[0, 1, 2, 3, 4, 5]` | `[0, 1]` | `[2, 3]` | `[4, 5]` |
# | token 1 | `[10, 11, 12, 13, 14, 15]` | `[10, 11]` | `[12, 13]` | `[14, 15]` |


# %% exercise="split_heads" points=3
def split_heads(x: torch.Tensor, n_heads: int) -> torch.Tensor:
    """Share out the features of every token among heads.

    x: (B, T, C), that is batch, tokens, features; any dtype; n_heads: 1 or more
    returns: (B, n_heads, T, C // n_heads), the same dtype and device; head 0 has the first features. It may share
        memory with x
    raises: ValueError where n_heads does not divide C

    Gradients reach x; x is not changed.
    """
    ### BEGIN SOLUTION
    B, T, C = x.shape
    if C % n_heads:
        raise ValueError(f"{C} features cannot be shared out evenly among {n_heads} heads")
    x = x.reshape(B, T, n_heads, C // n_heads)  # (B, T, C) -> (B, T, n_heads, C // n_heads)
    return x.transpose(1, 2)  # (B, n_heads, T, C // n_heads)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Two steps. The features of a token are neighbours in memory, so one of the steps can cut them into portions: which
# dim becomes which two?
#
# </details>
# <details><summary>Hint 2</summary>
#
# After the cut the shape is `(B, T, n_heads, C // n_heads)`. Every number is with its head, and the heads stand
# behind the tokens. What exchanges two dims?
#
# </details>
# <details><summary>Hint 3</summary>
#
# `C % n_heads` is the rest of the division. Where it is not 0, `raise ValueError("...")` before you cut, with both
# numbers in the text.
#
# </details>

# %% [markdown]
# ## Your verbs at work: which flat is like mine?
#
# The cell needs your `standardize` and `pairwise_sq_distances`. Four flats, each with an area in square
# metres and a number of rooms. Which of the others is most like the first one, `[50, 1]`? `inf` on the
# diagonal keeps a flat from being its own neighbour, and `argmin` says where the smallest entry stands.

# %% tags=["demo"]
flats = torch.tensor([[50.0, 1.0], [56.0, 3.0], [60.0, 1.0], [90.0, 4.0]], device=device)  # (flats, features)
itself = torch.full((4,), torch.inf, device=device).diag()  # (4,) -> (4, 4)
for name, features in (("raw", flats), ("standardized", standardize(flats, dim=0))):
    from_first = (pairwise_sq_distances(features, features) + itself)[0]  # (4,)
    print(f"{name:12}", [round(d, 2) for d in from_first.tolist()], "nearest:", from_first.argmin().item())

# %% [markdown]
# In raw numbers it is flat 1, at 40, although it has three rooms: areas are larger numbers than room
# counts, so they decide nearly alone. Standardized along dim 0, over the flats, each feature counts by its
# own spread, and flat 2, also with one room, is nearest, at 0.42. Networks care in the same way about the
# scale of what they are fed.

# %% [markdown] question="why_square_hides_it" points=0
# ## In your own words
#
# A classmate writes `x / x.sum(dim=1)` so that each row sums to 1. On a `(2, 3)` tensor it raises an error;
# on a `(3, 3)` tensor it runs. In three to five sentences: what is the shape of the sum, what does
# broadcasting do with it in both cases, what sums to 1 in the end, and what is the cure?
#
# ### BEGIN SOLUTION
# `x.sum(dim=1)` takes dim 1 away, so its shape is `(2,)` or `(3,)`: one number for each row. Broadcasting
# lines shapes up from the right, so that number's dim meets the *columns* of `x`. With `(2, 3)` the sizes 3
# and 2 differ, and there is an error. With `(3, 3)` they happen to agree, so column $j$ is divided by the
# sum of row $j$: in general neither the rows nor the columns of the result sum to 1, and nothing warns you.
# The cure is `x.sum(dim=1, keepdim=True)`, of shape `(n, 1)`, which stretches along the columns, so that
# each row is divided by its own sum.
# ### END SOLUTION

# %% [markdown]
# ## Summary
#
# | you want | you write | the shape |
# |---|---|---|
# | entries in the same place to meet | `a * b` | unchanged |
# | rows of `a` with columns of `b` | `a @ b` | `(n, k), (k, m)` to `(n, m)` |
# | a dim to go | `x.sum(dim=1)` | that dim is crossed out |
# | a dim to stay, with size 1 | `x.sum(dim=1, keepdim=True)` | lines up with `x` again |
# | every entry to meet every other | `x[:, None] + y` | `(n, 1), (m,)` to `(n, m)` |
# | two dims to change places | `x.transpose(1, 2)`, `x.mT`, `x.permute(...)` | the sizes change places |
# | tensors joined | `torch.cat([a, b], dim=0)` | that dim grows |
# | tensors on top of each other | `torch.stack([a, b], dim=0)` | a new dim there |
#
# - The dim you name is the dim that goes; negative dims count from the end.
# - Shapes line up from the right. A size that is 1 or missing stretches; other sizes must be equal.
# - After `mean(dim=1)` a missing `keepdim` raises an error on most shapes, and hides on square ones. Test with
#   sizes that differ and are not 1.
# - To replace a loop, give each running index a dim of its own, multiply or subtract, then reduce. The tensor in
#   between takes memory for every combination; where `@` does the same, take `@`.
# - `reshape` cuts the row in memory and keeps its order; `transpose` and `permute` change the order of reading.
#   To bring a dim past another takes a transpose.
# - `std()` divides by $n - 1$ unless you pass `correction=0`.
# - Before `exp`, subtract the largest entry of each slice; after `log`, add it back. (A slice of nothing but
#   `-inf` needs `torch.logsumexp`.)
#
# **Next:** lesson 4 picks entries out of tensors: slices, masks, `where`, and one column of its own for
# every row with `gather`.
