# %% [markdown]
# # 4 · Indexing: choosing
#
# So far every operation took whole tensors. Often you need a part: one column, the entries above a limit,
# the best three, or one entry from each row at a place of its own. That last one is `gather`. Every
# classifier's loss needs it, and few people can say from memory what it does. In this lesson you build it.
#
# **When you are through, you can**
#
# - predict the shape that comes out of any `x[...]`, before you run it;
# - choose by place (slices), by condition (masks) or by order (`argmax`, `topk`);
# - say which choices are a view of the same memory, and which are a copy;
# - tell `x[:, index]` from `gather`, and spot the one in place of the other by a shape;
# - write `gather` for any number of dims, without a loop over entries.
#
# **Time:** about two hours, exercises included.
#
# **You need:** lesson 1 (shape, dtype), lesson 2 (gradients), lesson 3 (`dim` and broadcasting).

# %% [markdown]
# ## How the exercises work
#
# Write your code in place of `raise NotImplementedError`, run that cell, then run the check below it. A
# failed check shows the call that went wrong and asks you a question. Hints wait below, folded. Three rules
# hold for all six:
#
# - results are tensors, or tuples of tensors;
# - the arguments stay as they were;
# - loops and library functions are fine, unless the exercise says otherwise. One of them does.
#
# The first cell makes the table that the text speaks of: what four students got in five tasks.

# %%
import time
import warnings

import torch

from course_utils import check, check_shape, pick_device, plots, predict, widgets

device = pick_device()
table = [[7.0, 9.0, 4.0, 6.0, 3.0], [8.0, 2.0, 5.0, 0.0, 1.0], [3.0, 6.0, 8.0, 2.0, 7.0], [1.0, 4.0, 0.0, 5.0, 8.0]]
scores = torch.tensor(table, device=device)  # (students, tasks)
print("working on", device)
print(scores)

# %% [markdown]
# ## By place: a number drops a dim, a slice keeps it
#
# Places are counted from 0, so the first row is `scores[0]`, and from the end with a minus: the last is
# `scores[-1]`. Inside the brackets, each dim gets an entry of its own, rows first. A *number* takes one
# place, and its dim is gone. A *slice* `start:stop` takes the places from `start` up to, but not including,
# `stop`, and its dim stays. A bare `:` takes all.

# %% tags=["prediction"]
predict(
    "the shape of `scores[0:1]`",
    {
        "(1, 5)": "A slice keeps its dim, also where it takes one place.",
        "(5,)": "`scores[0]` has this shape and the same five numbers, but a number drops its dim.",
        "(2, 5)": "From 0 to 1 sounds like two rows, but the place behind the colon is not taken.",
    },
    answer=lambda: tuple(top.shape),
)

# %%
top = scores[0:1]  # (1, tasks)
print("scores[0]     ", tuple(scores[0].shape), scores[0].tolist())
print("scores[0:1]   ", tuple(top.shape), top.tolist())
print("scores[:, 1]  ", tuple(scores[:, 1].shape), scores[:, 1].tolist())
print("scores[1:3]   ", tuple(scores[1:3].shape), scores[1:3].tolist())
print("scores[-1, -1]", tuple(scores[-1, -1].shape), scores[-1, -1].tolist())

# %% [markdown]
# `scores[0]` and `scores[0:1]` hold the same five numbers in different shapes, `(5,)` and `(1, 5)`. With
# numbers in both places nothing is left but `()`, a tensor without dims. A column comes out as `(4,)`: it
# does not stand upright any more.
#
# Nothing was copied. What numbers and slices give you is a *view*: a window on the same memory.

# %%
copy = scores.clone()
window = copy[1]  # (tasks,), a view
window[0] = 100.0
print("the copy:", copy[1].tolist())
print("scores:  ", scores[1].tolist())

# %% [markdown]
# Writing through the window changed `copy`. It did not change `scores`, because `clone` gave `copy` memory
# of its own. Keep that in mind whenever you write into a part of a tensor: it may be somebody else's.
#
# ### Exercise 4.1 · pick_three
#
# Give three parts of a table as a tuple. The exercise says *second* row and *third* column, as people do;
# the entry it gives in PyTorch's way of counting. For a table whose entry in row r and column c is
# $10r + c$:
#
# | part | result | shape |
# |---|---|---|
# | the second row | `[10, 11, 12, 13, 14]` | `(c,)` |
# | the third column | `[2, 12, 22, 32]` | `(n,)` |
# | the entry at row 1, column 3, counted from 0 | `13` | `()` |


# %% exercise="pick_three" points=1
def pick_three(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Give the second row of `x`, its third column, and its entry at row 1, column 3 (counted from 0).

    x: (n, c), with at least two rows and four columns
    returns: (c,), (n,) and (), in this order
    """
    ### BEGIN SOLUTION
    return x[1], x[:, 2], x[1, 3]
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The first row is `x[0]`. Which number has the second?
#
# </details>
# <details><summary>Hint 2</summary>
#
# A column is all rows, at one place of the second dim. `:` means all. Put the three results behind one
# `return`, with commas between them.
#
# </details>

# %% [markdown]
# ## By condition: a mask
#
# A comparison looks at each entry by itself and gives a *mask*: a tensor of the same shape that holds `True`
# or `False`. In brackets, a mask picks the entries where it is `True`. Since `True` counts as 1, the sum of
# a mask is a count and its mean a share. Count the scores above 6 in the table, or believe that there are six of
# twenty. Which shape will the picked ones have?

# %% tags=["prediction"]
predict(
    "the shape of `scores[scores > 6]`, where six entries are above 6",
    {
        "(4, 5)": "The mask has this shape, and `where`, which comes next, keeps it; picking leaves entries out.",
        "(6,)": "Each row may keep another number of entries, so one dim is all that is left.",
        "(6, 2)": "Six places, each a row and a column number, is what `nonzero` would give.",
    },
    answer=lambda: tuple(scores[mask].shape),
)

# %%
mask = scores > 6
print(mask)
print(scores[mask])
print("count", mask.sum().item(), "  share", mask.float().mean().item())

# %% [markdown]
# Six of twenty, a share of 0.3 (rounded to float32). They come in reading order, row by row, in one dim:
# each row may keep another number of entries, so no table could hold them. And this time they are a copy, since
# no window shows cells that are scattered anywhere.
#
# Masks are combined with `&` (and), `|` (or) and `~` (not), entry by entry. Python's own `and` wants a
# single True or False. Here is what it says when it gets twenty:

# %%
print(scores[(scores > 2) & (scores < 5)])
try:
    scores > 2 and scores < 5
except RuntimeError as error:
    print("and:", error)

# %% [markdown]
# The parentheses are needed, because Python does `&` before `>`. The message about a Boolean value that is
# *ambiguous* always means this: a mask stands where one answer was expected, in an `and`, an `or`, a `not` or
# an `if`.
#
# ### Exercise 4.2 · values_above
#
# Pick the entries above a threshold. For `x = [[5, 1, 2], [2, 4, 0]]`:
#
# | threshold | result | shape |
# |---:|---|---|
# | 2 | `[5, 4]` | `(2,)` |
# | 0 | `[5, 1, 2, 2, 4]` | `(5,)` |
#
# An entry that equals the threshold is not above it.


# %% exercise="values_above" points=1
def values_above(x: torch.Tensor, threshold: float) -> torch.Tensor:
    """Pick the entries of `x` that are above `threshold`, in reading order.

    x: any shape
    returns: one dim, as many entries as there are above
    """
    ### BEGIN SOLUTION
    return x[x > threshold]
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# First the mask, then the picking. Which comparison leaves out the entries that are equal?
#
# </details>
# <details><summary>Hint 2</summary>
#
# The mask has the shape of `x`, whatever that is, and goes in brackets behind `x`.
#
# </details>

# %% [markdown]
# ## By condition, keeping the shape: where
#
# `torch.where(condition, a, b)` does not leave anything out. It goes through all places and takes the entry
# of `a` where the condition is True, that of `b` where it is False. Both may be tensors or numbers. The
# result is a new tensor, and its shape is known beforehand. Here every score below 2 is lifted to 2, without
# touching `scores`:

# %%
lifted = torch.where(scores < 2, 2.0, scores)  # (students, tasks)
print(lifted)
print("entries that differ:", (lifted != scores).sum().item())

# %% [markdown]
# Four entries changed: 0, 1, 1 and 0. There is a second way to replace: a mask on the *left* of an equals
# sign, as in `x[x < 2] = 2`. On the right a mask reads and makes a copy. On the left it writes. Read
# the function below, and say what its caller is left with:


# %% tags=["prediction"]
predict(
    "`mine`, which was `[5.0, 0.0, 3.0]`, after the call `lift(mine)`",
    {
        "[5.0, 2.0, 3.0]": "A mask on the left writes into `x` itself, and `x` is the tensor of whoever called.",
        "[5.0, 0.0, 3.0]": "The name `x` is gone after the call, but the memory that it wrote into is the caller's.",
        "[2.0, 2.0, 2.0]": "Without the mask, `x[:] = 2.0` would do that; the mask spares what is not below 2.",
    },
    answer=lambda: mine.tolist(),
)


# %%
def lift(x):
    x[x < 2] = 2.0
    return x


mine = torch.tensor([5.0, 0.0, 3.0], device=device)
print("mine before:", mine.tolist())
print("result:     ", lift(mine).tolist())
print("mine after: ", mine.tolist())

# %% [markdown]
# The function wrote into `x` itself, and so into the tensor of its caller. The result is right, and `mine`
# has changed: the 0 is gone for good. Such a bug shows up far from its cause, often as "my data is different
# the second time". Write into a `clone`, or use `where`.
#
# ### Exercise 4.3 · replace_above
#
# Replace what is above a limit. For `x = [5, 1, 2, 4]` and `limit = 2`:
#
# | fill | result | `x` afterwards |
# |---:|---|---|
# | 0 | `[0, 1, 2, 0]` | `[5, 1, 2, 4]` |
# | 9 | `[9, 1, 2, 9]` | `[5, 1, 2, 4]` |


# %% exercise="replace_above" points=1
def replace_above(x: torch.Tensor, limit: float, fill: float) -> torch.Tensor:
    """Give a tensor like `x`, with `fill` in the place of every entry above `limit`.

    x: any shape; it is not changed
    returns: the same shape as x
    """
    ### BEGIN SOLUTION
    return torch.where(x > limit, fill, x)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Say it in words first: where `x` is above the limit, take one thing, elsewhere take another.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `torch.where` takes the condition, then what to use where it is True, then what to use where it is False.
# The third one is `x` itself.
#
# </details>

# %% [markdown]
# ## By order: argmax and topk
#
# A classifier gives every class a score, and its answer is not the best score but *whose* it is. Such scores,
# which can be any numbers, are called *logits*. `max` gives a value, `argmax` the place where it stands.
# `topk(k)` gives the k largest values with their places, the largest first: two tensors, to be unpacked. Which
# of the three results in this cell can have a gradient?

# %%
logits = torch.tensor([0.5, 2.5, -1.0, 1.5], device=device, requires_grad=True)  # (classes,)
values, places = logits.topk(2)  # (2,), (2,)
print("argmax:", logits.argmax())
print("values:", values)
print("places:", places)

# %% [markdown]
# Only `values` has a `grad_fn`. Places are whole numbers, int64: nudge a logit a little, and its place stays
# what it was until it jumps. So you can train on a score, but not on an argmax.
#
# On a table, `dim` says which dim goes, as in every reduction. Look for each task's best student, by going
# down the columns:

# %%
values, places = scores.max(dim=0)  # (tasks,), (tasks,)
print("best score:  ", values.tolist())
print("whose it is: ", places.tolist())
print("without dim: ", scores.argmax().item())

# %% [markdown]
# Without a `dim`, `argmax` counts through the whole table, row after row: the 9 stands at place 1. Where
# several entries are equally large, do not rely on which of them you get.
#
# ### Exercise 4.4 · best_and_top
#
# For each row, find the place of the best entry and the top k. With `k = 2`:
#
# | row of `scores` | best | top values | top places |
# |---|---:|---|---|
# | `[0, 7, 5]` | 1 | `[7, 5]` | `[1, 2]` |
# | `[9, 1, 4]` | 0 | `[9, 4]` | `[0, 2]` |
# | `[2, 6, 8]` | 2 | `[8, 6]` | `[2, 1]` |


# %% exercise="best_and_top" points=2
def best_and_top(scores: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Find in each row the place of the largest entry, and the k largest entries with their places.

    scores: (n, c), no two entries of a row are equal; k: from 1 to c
    returns: (n,) int64; (n, k) the values, the largest first; (n, k) int64, their places
    """
    ### BEGIN SOLUTION
    values, indices = scores.topk(k, dim=1)  # (n, k), (n, k)
    return scores.argmax(dim=1), values, indices
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Every row has a result of its own, so the columns are what goes. Which `dim` is that?
#
# </details>
# <details><summary>Hint 2</summary>
#
# `topk` returns a pair, values first. Unpack it into two names, and return three things.
#
# </details>

# %% [markdown]
# ## By lists of places: index tensors
#
# A tensor of int64 in brackets is a list of places to visit. One for each dim, and they are taken
# *in pairs*: the first row number with the first column number, the second with the second. If their shapes
# differ, they are broadcast against each other, as in lesson 3, and then paired. The result has the shape
# that they have in common. This first picks three single entries, then the four corners of the table:

# %%
rows, columns = torch.tensor([0, 2, 3]), torch.tensor([1, 1, 4])  # (3,), (3,)
print("pairs:  ", scores[rows, columns].tolist())

rows, columns = torch.tensor([[0], [3]]), torch.tensor([0, 4])  # (2, 1), (2,) -> pairs of shape (2, 2)
print("corners:", scores[rows, columns].tolist())

# %% [markdown]
# The pairs were `[0, 1]`, `[2, 1]` and `[3, 4]`, with the entries 9, 6 and 8. In the second line a column of
# row numbers met a row of column numbers, and broadcasting made all four pairs of them.
#
# One kind of whole number is the exception. Images are often stored as `uint8`, whole numbers from 0 to 255,
# and for historical reasons PyTorch takes a `uint8` tensor in brackets for a *mask*. It warns, which this cell
# silences. Which entries does each line pick?

# %%
picks = torch.tensor([0, 1, 1, 0, 1], dtype=torch.uint8, device=device)  # (tasks,)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    print("uint8:", scores[0, picks].tolist())
print("int64:", scores[0, picks.long()].tolist())

# %% [markdown]
# As a mask it keeps the three entries where it is not 0: 9, 4 and 3. As a list of places it visits 0, 1, 1, 0
# and 1. So make places int64, with `.long()`, as you make labels.
#
# ## gather: one place of its own for every row
#
# Now the question that comes up in every classifier: from each row take an entry, at a place that differs
# from row to row. `torch.gather(input, dim, index)` does that. For tables a plain loop says all of it:
#
# ```python
# for i in range(index.shape[0]):
#     for j in range(index.shape[1]):
#         result[i, j] = input[i, index[i, j]]  # dim=1: the row stays, the index names the column
#         result[i, j] = input[index[i, j], j]  # dim=0: the column stays, the index names the row
# ```
#
# So the result has the shape of `index`, and each entry of `index` replaces one of the two counters.

# %%
numbers = torch.tensor([[10, 11, 12, 13], [20, 21, 22, 23], [30, 31, 32, 33]], device=device)  # (3, 4)
index = torch.tensor([[2, 0], [1, 1], [0, 3]], device=device)  # (3, 2)
print(torch.gather(numbers, 1, index))  # (3, 2)

# %% [markdown]
# Row 0 was asked for its places 2 and 0, row 1 for its place 1 twice, row 2 for the places 0 and 3.
#
# Play with it. Move the entries and see which cells light up: each keeps to its own row. Then switch to
# `dim=0`, where each keeps to its own column. At the start, one entry of the index is a 3. Why does that
# work for `dim=1` and not for `dim=0`?

# %% tags=["demo"]
widgets.gather_explorer(numbers, index)

# %% [markdown]
# There are four columns, but only three rows: a 3 is one too many along dim 0. From 0 to the last place,
# everything may happen. Places may repeat or be left out, and `index` may have fewer rows than `input`: then
# the rows below are not asked.
#
# Here are the four ways to choose, side by side, on the scores. The index is each student's best task.

# %% tags=["demo"]
best = scores.argmax(dim=1, keepdim=True)  # (students, 1)
choices = {
    "x[1:3]": lambda x: x[1:3],
    "x[x > 6]": lambda x: x[x > 6],
    "torch.where(x > 6, x, 0)": lambda x: torch.where(x > 6, x, 0),
    "torch.gather(x, 1, best)": lambda x: torch.gather(x, 1, best.to(x.device)),
}
plots.plot_choices(scores, choices)

# %% [markdown]
# A slice takes a block. A mask takes six cells from anywhere and forgets where they stood. `where` passes on
# the same six, and fills the other places with something else. `gather` takes exactly one from each row.
#
# ### Break it · x[:, index] where gather was meant
#
# This is the classic. Four samples, three classes, and a network that is right about all four. `log_probs`
# is made by `log_softmax`, which turns the logits of a row into probabilities that add up to 1 (lesson 7 builds
# it), and holds the logarithm of each: near 0 where it is sure, far below 0 where it thinks "no". The
# mean over the right entries should be near 0.

# %% tags=["prediction"]
predict(
    "the shape of `log_probs[:, labels]`, for `log_probs` of shape `(4, 3)` and four `labels`",
    {
        "(4,)": "One number for each sample is what was meant; pairs of indices or `gather` would give it.",
        "(4, 1)": "That is what `gather` gives for labels that stand upright.",
        "(4, 4)": "`:` takes every row, and each row gives the four columns that the labels name.",
    },
    answer=lambda: tuple(log_probs[:, labels].shape),
)

# %%
logits = torch.tensor([[1.0, 0.0, 4.0], [3.0, 0.0, 1.0], [5.0, 2.0, 0.0], [0.0, 3.0, 1.0]], device=device)
log_probs = logits.log_softmax(dim=1)  # (samples, classes)
labels = torch.tensor([2, 0, 0, 1], device=device)  # (samples,)

meant = torch.gather(log_probs, 1, labels.reshape(-1, 1))  # (samples, 1)
for name, picked in {"x[:, index]": log_probs[:, labels], "gather": meant}.items():
    print(f"{name:12} shape {tuple(picked.shape)}   mean {picked.mean().item():.4f}")

# %% [markdown]
# `log_probs[:, labels]` takes whole columns, the same four for every row, so its shape is `(4, 4)`. Twelve of
# the sixteen entries are what a sample thinks of *another* sample's label. There was no error, and the mean
# is a number like any other, -2.0526 where -0.1151 would be right. Only the shape tells. So write it down
# where you pick:

# %%
try:
    check_shape(log_probs[:, labels], ("samples",))
except ValueError as error:
    print(error)

# %% [markdown]
# A network could go on training on the wrong number for hours; this line stops it at once.
#
# A shape does not catch every wrong choice, though. Exchange the row and the column numbers: on a square table
# everything fits, and only the numbers are wrong. What happens on the whole table, which has 4 rows and 5
# columns? (That line works on the CPU, for a reason that comes next.)

# %%
rows, columns = torch.tensor([0, 1, 2]), torch.tensor([2, 3, 4])  # (3,), (3,)
square = scores[:, 1:]  # (4, 4): without the first task
print("meant:    ", square[rows, columns - 1].tolist())
print("exchanged:", square[columns - 1, rows].tolist())
try:
    scores.cpu()[columns, rows]
except IndexError as error:
    print("4 by 5:   ", error)

# %% [markdown]
# 4, 0 and 7 were meant, and three other numbers came, in the same shape. On the table whose sizes differ, a row
# number 4 does not exist, and the mistake is an error. So do both: check the shape, and test with sizes that
# differ.
#
# ### Break it · an index that is too large
#
# A label that does not exist, such as 3 among three classes, should be an error rather than some number from
# elsewhere. This cell works on the CPU on purpose:

# %%
try:
    torch.gather(log_probs.cpu(), 1, torch.tensor([[2], [0], [3], [1]]))
except RuntimeError as error:
    print(error)

# %% [markdown]
# On the CPU you get the index, the dim and the size. An NVIDIA GPU finds out while it computes. It reports a
# *device-side assert*, often at a later line, and after that nothing runs on it until you restart the
# kernel. When you see one, run the same code on the CPU: it will name the index.
#
# And a label below 0? Data sets like to write -1 for "not known". What do brackets make of it, and what does
# `gather`?

# %%
small = numbers[:2].cpu()  # (2, 4)
print("brackets:", small[torch.tensor([0, 1]), torch.tensor([2, -1])])
try:
    torch.gather(small, 1, torch.tensor([[2], [-1]]))
except RuntimeError as error:
    print("gather:  ", error)

# %% [markdown]
# In brackets -1 is the last place, as everywhere in Python, so the sample without a label silently gets the
# last class, here the 23. `gather` does not count from the end, and raises. Where labels may be unknown, sort
# those samples out first, or let `gather` watch over them.
#
# ## Choosing passes the gradient on
#
# A chosen entry is still part of the graph. What flows back? Each entry of the result hands its gradient to
# the cell it came from. In this cell the result is summed up, so each of its entries has the
# gradient 1, and row 0 chooses its middle cell twice.

# %% tags=["prediction"]
predict(
    "`x.grad`, when row 0 chooses place 1 twice, and row 1 the places 2 and 0",
    {
        "[[0, 1, 0], [1, 0, 1]]": "A cell is chosen or not, so 1 or 0 seems right; but it hands out its value twice.",
        "[[0, 2, 0], [1, 0, 1]]": "A cell that is chosen twice gets both gradients, added up; one not chosen gets 0.",
        "[[0, 22, 0], [20, 0, 22]]": (
            "These are the sums of the values taken, and the gradient of a sum does not depend on values."
        ),
    },
    answer=lambda: x.grad.int().tolist(),
)

# %%
x = torch.tensor([[10.0, 11.0, 12.0], [20.0, 21.0, 22.0]], device=device, requires_grad=True)  # (2, 3)
index = torch.tensor([[1, 1], [2, 0]], device=device)  # (2, 2)
torch.gather(x, 1, index).sum().backward()
print(x.grad)

# %% [markdown]
# The 11 was chosen twice, gets both gradients, added up, and has a 2; a cell not chosen has a 0. In your own
# version this comes for free, as long as every step from `input` to the result is an operation of PyTorch. A
# `.item()`, a `.tolist()` or `torch.tensor(...)` on the way cuts it.
#
# And why no loop? The loop from above is right, and this is what it costs:

# %% tags=["demo"]
big = torch.rand(200, 50)  # (rows, columns)
index = torch.randint(50, (200, 20))  # (rows, chosen)
start = time.perf_counter()
slow = torch.stack([big[i, index[i, j]] for i in range(200) for j in range(20)]).reshape(200, 20)
middle = time.perf_counter()
fast = torch.gather(big, 1, index)
end = time.perf_counter()
print("equal:", torch.equal(slow, fast))
print("at least 20 times as fast:", middle - start > 20 * (end - middle))

# %% [markdown]
# 4,000 entries, and the loop pays for each of them: a few operations that take microseconds to start and
# almost no time to do. On a GPU starting one costs more still. A single indexing call starts once.
#
# ### Exercise 4.5 · gather
#
# The challenge of this lesson: write `gather` yourself, for any number of dims. With three dims and `dim=1`
# the rule is `result[i, j, k] = input[i, index[i, j, k], k]`: all counters stay but one. For
# `input = [[10, 11, 12], [20, 21, 22], [30, 31, 32]]`:
#
# | dim | index | result |
# |---:|---|---|
# | 1 | `[[2, 0], [1, 1], [0, 2]]` | `[[12, 10], [21, 21], [30, 32]]` |
# | 0 | `[[2, 0, 1]]` | `[[30, 11, 22]]` |
# | -1 | `[[1], [0]]` | `[[11], [20]]` |
#
# Do it in stages: first two dims and `dim=1`, then `dim=0`, then any. The check will tell you how far you
# are, and each hint below is one stage.


# %% exercise="gather" points=6
def gather(input: torch.Tensor, dim: int, index: torch.Tensor) -> torch.Tensor:
    """Take from `input`, for every place of `index`, the entry that the index names along `dim`.

    input: any number of dims, of floats or of whole numbers; it may be a view, such as `x.T`
    dim: from -input.dim() to input.dim() - 1
    index: int64, as many dims as input, entries from 0 to input.shape[dim] - 1; along dim it has any size,
        along the other dims at most that of input
    returns: the shape of index; the dtype and device of input

    Build it from `torch.arange` and indexing; no `gather`, no `take_along_dim`.
    No loop over entries, rows or columns; one over dims is fine.
    Gradients reach input, and add up where an entry is taken twice. An index that is too large raises an error.
    """
    ### BEGIN SOLUTION
    places = []
    for d, size in enumerate(index.shape):
        shape = [1] * index.dim()
        shape[d] = size  # (1, ..., size, ..., 1): counts along dim d, and broadcasts along the others
        places.append(torch.arange(size, device=index.device).reshape(shape))
    places[dim] = index  # along dim the index takes the place of the counter
    return input[tuple(places)]
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1 · two dims, dim=1</summary>
#
# Index tensors are taken in pairs, `input[rows, columns]`. The columns you have: they are `index`. Write down
# the row numbers that belong to the first example of the table, as a (3, 2) tensor beside the index. What
# stands in its first row?
#
# </details>
# <details><summary>Hint 2 · two dims, dim=1</summary>
#
# The row numbers are `[[0, 0], [1, 1], [2, 2]]`: place `[i, j]` holds i. You need not write every column: a
# `(3, 1)` tensor broadcasts. `torch.arange(index.shape[0])` counts the rows, and `.reshape(-1, 1)` stands it
# upright. Try `input[rows, index]` and run the check: it should now complain that you ignore `dim`, which
# is progress.
#
# </details>
# <details><summary>Hint 3 · two dims, dim=0</summary>
#
# Now the column stays: place `[i, j]` needs the column number j. `torch.arange(index.shape[1])` has the shape
# `(columns,)`, and broadcasts as it is. Which of the two goes first in the brackets?
#
# </details>
# <details><summary>Hint 4 · any number of dims</summary>
#
# You need one index tensor for each dim. For dim d it counts 0, 1, 2, … along dim d, so its shape is 1
# everywhere but in dim d. Collect them in a list, in a loop over the dims. Then put `index` into the list, at
# `dim`. A list takes -1 for its last place, as `dim` does.
#
# </details>
# <details><summary>Hint 5 · any number of dims</summary>
#
# The shape for dim d: start from `[1] * index.dim()` and set its entry d to `index.shape[d]`, or to -1. Count
# up to the sizes of `index`, not of `input`: it may be smaller. At the end, `x[a, b]` is short for
# `x[(a, b)]`, so a list of index tensors goes in as `input[tuple(places)]`. It refuses an index that is too
# large, and keeps the gradient.
#
# </details>

# %% [markdown]
# ## One entry for each label
#
# Where do you meet this? A classifier's loss looks at one number in each row of `log_probs`: the one that
# belongs to the right class. The labels come as `(n,)`, one for each sample, and the loss wants `(n,)` back.
# In lesson 7 the mean of these numbers, with a minus, becomes the cross-entropy. And top-k results fit into
# `gather` as they are:

# %%
values, places = scores.topk(2, dim=1)  # (students, 2), (students, 2)
print(torch.equal(torch.gather(scores, 1, places), values))

# %% [markdown]
# `True`: gathering at the places gives back the values.
#
# ### Exercise 4.6 · label_log_probs
#
# Take the log-probability of each sample's label. For two samples and three classes:
#
# | `log_probs` of the sample | label | result |
# |---|---:|---:|
# | `[-0.4, -1.5, -2.2]` | 0 | -0.4 |
# | `[-1.0, -2.5, -0.6]` | 1 | -2.5 |
#
# Use whatever you like: pairs of index tensors, your `gather` or PyTorch's. Mind the shape.


# %% exercise="label_log_probs" points=2
def label_log_probs(log_probs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Take from each row of `log_probs` the entry that the row's label names.

    log_probs: (n, c), float; labels: (n,), int64, from 0 to c - 1
    returns: (n,), in the dtype of log_probs; gradients pass through to log_probs
    """
    ### BEGIN SOLUTION
    chosen = log_probs.gather(1, labels.unsqueeze(1))  # (n, 1); unlike indexing it refuses a label of -1
    return chosen.squeeze(1)  # (n,)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Index tensors are taken in pairs. The labels are the column numbers; which row numbers go with them?
#
# </details>
# <details><summary>Hint 2</summary>
#
# With `gather`, the index needs as many dims as `log_probs`: `labels.unsqueeze(1)` is `(n, 1)`. So is the
# result then, and `.squeeze(1)` takes that dim away again. A bare `.squeeze()` would also take away a batch of
# one.
#
# </details>

# %% [markdown] question="why_not_all_columns" points=0
# ## In your own words
#
# A classmate measures the loss of a classifier with `-log_probs[:, labels].mean()`. It runs, and in training
# it even falls a little. In three to five sentences: which shape does `log_probs[:, labels]` have, which of
# its entries are the right ones, what does the mean reward instead, and how could your classmate have
# noticed?
#
# ### BEGIN SOLUTION
# The shape is $(n, n)$: entry $[i, j]$ is the log-probability that sample $i$ gives to the label of sample
# $j$. Only the $n$ entries on the diagonal, where $i = j$, belong together. The mean rewards every sample for
# expecting the labels of the whole batch, so the best that the network can do is to predict for each sample,
# whatever its features are, how often each class occurs in the batch. That is why the loss falls a little at
# first and then stays there, and why the accuracy does not follow. A look at the shape, or
# `check_shape(picked, ("n",))`, shows it in the first step.
# ### END SOLUTION

# %% [markdown]
# ## Summary
#
# | you want | you write | shape of the result |
# |---|---|---|
# | one row, one column | `x[1]`, `x[:, 2]` | the dim of the number is gone |
# | a block | `x[1:3, :2]` | the dims stay |
# | the entries that meet a condition | `x[x > 6]` | one dim, as many as there are |
# | the same, in their places | `torch.where(x > 6, x, 0)` | that of `x` |
# | the place of the largest | `x.argmax(dim=1)` | `dim` is gone |
# | the k largest, with places | `x.topk(k, dim=1)` | k along `dim`, twice |
# | entries at pairs of places | `x[rows, columns]` | that of the index tensors, broadcast |
# | for each row a place of its own | `torch.gather(x, 1, index)` | that of `index` |
#
# - Numbers and slices give a view, so writing into the part writes into the whole. Masks and index tensors
#   give a copy when you read with them.
# - A mask on the left of `=` writes into `x` itself, and the caller sees it.
# - `x[:, index]` takes whole columns, the same for every row. `gather` asks each row for its own.
# - Values carry a gradient, places do not. A cell chosen twice gets its gradient twice.
# - Write the shape behind each choice: it shows most of the wrong ones. Rows and columns exchanged can still
#   have the right shape, so test with sizes that differ.
# - Brackets take -1 for the last place; `gather` refuses it. A `uint8` tensor in brackets is a mask.
#
# **Next:** in lesson 5 you make a guess with a line of weights, measure how wrong it is, and work out by hand
# and with autograd which way to move them.
