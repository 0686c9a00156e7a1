# %% [markdown]
# # 1 · Tensors: the noun
#
# Everything in this course is made of one thing: a table of numbers that PyTorch can compute with, learn
# from, and move to a GPU. It is called a *tensor*. Photographs, sentences, the weights of a network and the
# error that it makes all become tensors first. In this lesson you create them, read their labels, share
# their memory with NumPy and move them about.
#
# **When you are through, you can**
#
# - create a tensor in three ways: from data, by shape, and like another one;
# - read its shape, dtype and device, and say what each of them decides;
# - explain why parameters are float32, labels are int64, and a whole number cannot be learned;
# - draw random numbers that somebody else can draw again;
# - tell whether a tensor and a NumPy array share their memory or not;
# - move a batch to a device, and recognise the error when something was left behind;
# - read how other people's code creates tensors and picks a device.
#
# **Time:** about an hour and three quarters, exercises included.
#
# **You need:** Python, and to have seen a NumPy array. No PyTorch.

# %% [markdown]
# ## Where this course goes
#
# Training a network, be it a straight line or a Transformer, is five steps, again and again:
#
# | step | what happens |
# |---|---|
# | 1 · predict | numbers go in, the network's weights turn them into a guess |
# | 2 · measure the loss | one number says how wrong the guess is |
# | 3 · compute gradients | for every weight: which way makes it worse? |
# | 4 · update | move every weight a small step the other way |
# | 5 · reset | forget the gradients, and start again |
#
# Lessons 2 to 5 build the steps one by one, lesson 6 puts them in a loop, and lesson 10 trains a small
# Transformer with the same five lines. What goes in, the weights, the guess, the loss and the gradients: all
# are tensors. Here is that Transformer, trained already; it invents words. Run the cell with Shift+Enter and move
# the slider: the higher the *temperature*, the more daring it writes. In lesson 10 you build it.

# %% tags=["demo"]
from course_utils import widgets

widgets.word_inventor()

# %% [markdown]
# ## How the exercises work
#
# Run a cell with Shift+Enter, from top to bottom. In an exercise, write your code in place of
# `raise NotImplementedError`, run that cell, then run the check below it. A failed check shows the call that
# went wrong and asks you a question. Hints wait below, folded. Two rules hold for all six exercises:
#
# - the arguments stay as they were;
# - any way to the result is fine, loops and library functions too.

# %%
import numpy as np
import torch

from course_utils import check, check_device, check_dtype, pick_device, plots, predict, widgets

print("PyTorch", torch.__version__.split("+")[0])

# %% [markdown]
# ## A tensor has three labels
#
# `torch.tensor` makes a tensor from numbers in lists. Here are two flowers, each with three measurements in
# centimetres. Before you run the cell: what would you call the *shape* of this table?

# %%
flowers = torch.tensor([[5.1, 3.5, 1.4], [6.2, 2.9, 4.3]])
print(flowers)
print(flowers.shape)
print(flowers.dtype)
print(flowers.device)

# %% [markdown]
# The numbers come with three labels, and most errors that you will meet are about one of them:
#
# | label | here | it says |
# |---|---|---|
# | `shape` | `torch.Size([2, 3])` | how large the table is along each direction: 2 rows, 3 columns |
# | `dtype` | `torch.float32` | what kind of numbers the entries are, the same kind for all of them |
# | `device` | `cpu` | in which memory they lie, and so who computes with them |
#
# Each direction is called a *dim* and counted from 0: dim 0 has size 2, dim 1 has size 3. The habit in this
# course is to say what a dim counts: `(flowers, features)`; a *feature* is one of the things that were measured. A
# `torch.Size` is a tuple; it only prints differently.
#
# A tensor can have any number of dims, from none at all.
#
# Three to five times a lesson you are asked what the next cell will show. Run the folded cell below and press the
# button of your choice, with the mouse or with **Shift+Tab** and **Enter**. Then run the next cell: under it, what
# you said stands beside what came. It counts only if you said it first, and being wrong costs nothing.

# %% tags=["prediction"]
predict(
    "the shape of `torch.tensor(0.25)`",
    {
        "(1,)": "One number, one place: but that is a list with one entry, `torch.tensor([0.25])`.",
        "()": "A number that stands in no list has no dims, and so a shape without entries.",
        "(0,)": "That is the shape of a list without numbers in it.",
    },
    answer=lambda: tuple(loss.shape),
)

# %%
loss = torch.tensor(0.25)
labels = torch.tensor([1, 0, 1])  # (flowers,)
images = torch.tensor([[[0, 9], [9, 0]], [[9, 0], [0, 9]]])  # (images, height, width)
for name, t in {"loss": loss, "labels": labels, "flowers": flowers, "images": images}.items():
    print(f"{name:8} {t.ndim} dims, shape {tuple(t.shape)}, {t.numel()} numbers, {t.dtype}")

# %% [markdown]
# A single number has no dims, so its shape is the empty tuple. `ndim` counts the dims, and `numel()` the
# numbers: the sizes multiplied.
#
# An index takes an entry out, one number for each dim, counted from 0 as everywhere in Python. What comes
# out is a tensor again. When you want a plain Python number, ask for it with `.item()`.

# %%
print(flowers[1, 0])
print(flowers[1, 0].item())
print(flowers[1])  # (features,)

# %% [markdown]
# The second line shows that float32 keeps about seven digits: 6.2 has become 6.199999809265137, the
# nearest number that it has. That is plenty for learning. With fewer numbers in the index than dims you get
# what is left: a whole row.
#
# ## Way 1 · From data
#
# Look at the dtypes above once more: `flowers` is `float32`, `labels` is `int64`. Nobody asked for either.
# `torch.tensor` looks at the numbers. What will it make of these three?

# %%
for numbers in ([1, 2, 3], [1, 2, 3.5], [True, False]):
    print(numbers, torch.tensor(numbers).dtype)
print(torch.tensor([0, 1, 2], dtype=torch.bool))

# %% [markdown]
# Whole numbers give `int64`, a single point makes all of them `float32`, and truth values give `bool`. So
# the dtype of your data hangs on whether somebody typed `3` or `3.0`. When it matters, say it, with `dtype=` as in
# the last line, which asked for truth values: there 0 is `False`, and everything else `True`.
#
# Rows must be of equal length; a table with holes is an error.

# %%
try:
    torch.tensor([[1, 2, 3], [4, 5]])
except ValueError as error:
    print(error)

# %% [markdown]
# It expected a length of 3 at dim 1 and got 2. Error messages of PyTorch speak of dims and sizes like that,
# and they are worth reading to the end.
#
# ### Exercise 1.1 · tensor_from_rows
#
# Turn a table in nested lists into a float32 tensor, whatever kind of numbers stands in it. The points behind the
# numbers tell that they are floats:
#
# | `rows` | result |
# |---|---|
# | `[[1, 2, 3], [4, 5, 6]]` | `tensor([[1., 2., 3.], [4., 5., 6.]])`, shape `(2, 3)` |
# | `[[1], [0.5]]` | `tensor([[1.0000], [0.5000]])`, shape `(2, 1)` |


# %% exercise="tensor_from_rows" points=1
def tensor_from_rows(rows: list[list[float]]) -> torch.Tensor:
    """Make a tensor of a table of numbers.

    rows: a list of lists of equal length; the numbers may be ints or floats
    returns: (n_rows, n_cols), float32
    """
    ### BEGIN SOLUTION
    return torch.tensor(rows, dtype=torch.float32)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `torch.tensor` takes nested lists as they are; no loop is needed. What does it make of whole numbers, if
# you do not say anything?
#
# </details>
# <details><summary>Hint 2</summary>
#
# The cell above asked for `torch.bool`. Which dtype do you ask for? And say it with its name: `torch.tensor` takes
# the numbers alone without one, and `torch.tensor(rows, torch.float32)` is a `TypeError`.
#
# </details>

# %% [markdown]
# ### In other people's code: torch.Tensor
#
# With a capital T it is the class of all tensors. Calling the class makes a tensor too, by other rules. What will
# the second line print: two tensors of one number each?

# %%
print(torch.Tensor([1, 2, 3]).dtype, torch.tensor([1, 2, 3]).dtype)
print(torch.Tensor(3).shape, torch.tensor(3).shape)

# %% [markdown]
# `torch.Tensor` makes float32 of everything, and takes a single whole number for a size: the left one holds three
# numbers that nobody has filled in. So read `torch.Tensor`, and write `torch.tensor`.

# %% [markdown]
# ## Way 2 · By shape
#
# Often you know how large a tensor should be before you know what is in it: a place for results, or weights
# that have not learned anything yet. These functions take a shape. Which of the four tensors would differ if
# you ran the cell twice?

# %%
print(torch.zeros(2, 3))
print(torch.full((2, 3), 7.0))
print(torch.arange(6))  # (6,)
print(torch.rand(2, 3))

# %% [markdown]
# `zeros`, `ones` and `full` fill, `arange` counts from 0, and `rand` draws: run the cell again, and the last
# tensor is another one. (`torch.empty` exists too. It fills in nothing, so you find whatever was in that
# memory before.)
#
# The weights of a network start as random numbers. If they were all equal, all its parts would compute the
# same and learn the same, and would stay copies of each other for ever. Two kinds of draws do most of the
# work:
#
# | | draws | looks like |
# |---|---|---|
# | `torch.rand` | *uniform*: any number from 0 up to 1, not 1 itself (written [0, 1)), all equally likely | mean 0.5 |
# | `torch.randn` | *standard normal*: mostly near 0, seldom beyond 3 | mean 0, standard deviation 1 (lesson 3) |
#
# ### The same luck twice
#
# Random numbers make it hard to compare two runs, so programs draw from a *generator* that starts from a
# *seed*. The same seed gives the same numbers. `torch.manual_seed` seeds the one generator that everybody
# uses; a generator of your own is not disturbed by what other code draws. Which of these four lines will be
# equal?

# %%
for _ in range(2):
    generator = torch.Generator().manual_seed(1)
    print(torch.rand(3, generator=generator))
    print(torch.rand(3, generator=generator))

# %% [markdown]
# The first and the third, the second and the fourth. The generator moves on with every draw: that is why
# two draws after each other differ. Seeding starts it again.
#
# ### Exercise 1.2 · init_weights
#
# Draw the weights between `d_in` inputs and `d_out` outputs: standard normal, float32, one row for each
# input. The generator comes as an argument, already seeded. For `d_in=2`, `d_out=3` and a generator with
# seed 1, one good answer is
#
# | | output 0 | output 1 | output 2 |
# |---|---:|---:|---:|
# | input 0 | 0.6614 | 0.2669 | 0.0617 |
# | input 1 | 0.6213 | -0.4519 | -0.1661 |
#
# Yours may differ in its numbers, if it draws in another way. The check looks at how thousands of draws are
# spread, and whether they depend on the generator and nothing else.


# %% exercise="init_weights" points=2
def init_weights(d_in: int, d_out: int, generator: torch.Generator) -> torch.Tensor:
    """Draw weights from the standard normal distribution.

    d_in, d_out: sizes; generator: where every draw comes from, on the CPU
    returns: (d_in, d_out), float32; another table at every call, as the generator moves on
    """
    ### BEGIN SOLUTION
    return torch.randn(d_in, d_out, generator=generator)  # (d_in, d_out)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# One of the two functions in the table above draws from the standard normal distribution. It takes the sizes
# as `torch.zeros` does.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Without `generator=generator` the numbers come from the generator that everybody uses, and nobody can draw
# yours again. Do not seed it: it came seeded, and the next layer wants other numbers.
#
# </details>

# %% [markdown]
# ## Way 3 · Like another tensor
#
# The third way starts from a tensor that is there, the *template*. Its functions end in `_like`: `zeros_like`,
# `ones_like`, `full_like`, `empty_like`, `rand_like`, `randn_like`. You can set a label yourself by naming it.

# %% tags=["prediction"]
predict(
    "the dtype of `torch.zeros_like(counts)`, where `counts` holds whole numbers",
    {
        "torch.int64": "What you do not name is taken over from the template, the dtype included.",
        "torch.float32": "`torch.zeros(2, 3)` would have this one; `zeros_like` takes the template's.",
    },
    answer=lambda: torch.zeros_like(counts).dtype,
)

# %%
counts = torch.tensor([[3, 1, 4], [1, 5, 9]])  # (2, 3)
print(torch.zeros_like(counts).dtype)
print(torch.ones_like(counts, dtype=torch.float32).dtype)
print(torch.zeros_like(flowers).dtype)

# %% [markdown]
# `int64`, `float32`, `float32`: what you do not name, of shape, dtype and device, is taken over. That
# is what you want when new numbers have to fit beside old ones, on the same device above all: your function then
# works on a machine that you have never seen. But a dtype can be taken over too eagerly.

# %%
try:
    torch.rand_like(counts)
except NotImplementedError as error:
    print(error)

# %% [markdown]
# `'Long'` is PyTorch's older name for int64. What went wrong is plain all the same: between 0 and 1 there
# are no whole numbers to draw.
#
# ### Exercise 1.3 · noise_like
#
# Images are often stored as whole numbers, and noise on top makes a network sturdier. Draw uniform noise in
# [0, 1), one number for each entry of the template, always float32, on the template's device:
#
# | `template` | shape of the noise | dtype | device |
# |---|---|---|---|
# | `(2, 3)`, int64, on the CPU | `(2, 3)` | float32 | CPU |
# | `(5,)`, float64, on a GPU | `(5,)` | float32 | that GPU |


# %% exercise="noise_like" points=2
def noise_like(template: torch.Tensor) -> torch.Tensor:
    """Draw uniform noise from [0, 1), one number for each entry of `template`.

    template: any shape, dtype and device; its values do not matter
    returns: the template's shape and device, float32; fresh noise at every call
    """
    ### BEGIN SOLUTION
    return torch.rand_like(template, dtype=torch.float32)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Three labels: two are the template's, one is yours. Which function takes over all three, and how do you
# override the one?
#
# </details>
# <details><summary>Hint 2</summary>
#
# `torch.rand_like` takes `dtype=`. Or go by shape: `torch.rand` takes `template.shape`, and `device=` says
# where it draws.
#
# </details>

# %% [markdown]
# ## Shape: how the same numbers are read
#
# In memory the numbers of a tensor stand in one long row. The shape says how to read it. `reshape` gives
# the same numbers another shape, as long as their number stays the same:

# %% tags=["demo"]
plots.plot_shapes(torch.arange(6), [(6,), (2, 3), (3, 2)])

# %% [markdown]
# The numbers never change their order: they fill row 0 first, then row 1. What does change is what belongs
# together. In `(2, 3)` the 2 is a neighbour of the 1; in `(3, 2)` it begins a row of its own. So a reshape
# is no transpose: `(3, 2)` has not turned the rows of `(2, 3)` into columns.
#
# Choose a shape and move the place. Can you say the index before you see it? The rule is in the title.

# %% tags=["demo"]
widgets.shape_explorer(10 * torch.arange(12))

# %% [markdown]
# In shape `(3, 4)`, place 6 is `x[1, 2]`: one full row of 4, then 2 more. In `(1, 12)` every index starts
# with 0; that is not the same shape as `(12,)`, which takes one number only.
#
# Does writing into one reading change another? And the cell after the question leaves a size open, as `-1`: which
# size does PyTorch work out for it?

# %% tags=["prediction"]
predict(
    "`x`, which was 0 to 5, after `table[0, 1] = 100`, where `table = x.reshape(2, 3)`",
    {
        "[0, 1, 2, 3, 4, 5]": "`table` looks like a new tensor, but it reads the numbers where they are.",
        "[0, 100, 2, 3, 4, 5]": "A reshape reads the same memory in another way, so both names see what is written.",
    },
    answer=lambda: x.tolist(),
)

# %%
x = torch.arange(6)  # (6,)
table = x.reshape(2, 3)  # (6,) -> (2, 3)
table[0, 1] = 100
print(tuple(table.shape), tuple(x.reshape(3, -1).shape))
print(table)
print(x)
try:
    x.reshape(4, 2)
except RuntimeError as error:
    print(error)

# %% [markdown]
# `-1` became 2, the size that is left for it. Writing into `table` wrote into `x`: nothing was copied, there
# is one memory with two names. (`x.clone()` makes a copy with memory of its own.) And six numbers do not
# fill a shape of eight.
#
# ### Where reshape has to copy
#
# How does a tensor find its entries in the long row? By its *strides*: for each dim, how many places to go on
# for the next entry. `permute` puts the dims in another order and only exchanges the strides. With two dims,
# `.T` does the same. What are the strides of the transpose?

# %%
turned = table.permute(1, 0)  # (2, 3) -> (3, 2)
print("equal to .T:", torch.equal(turned, table.T))
print("strides:    ", table.stride(), turned.stride())
print(turned)

# %% [markdown]
# `table` goes 3 places on for the next row and 1 for the next column; `turned` does it the other way round,
# in the same memory. But no single stride reads the entries of `turned` row by row, 0, 3, 100, 4, 2, 5. So a
# reshape to `(6,)` has to write them down anew. Does `x` still change with it?

# %%
flat = turned.reshape(6)  # (3, 2) -> (6,), a copy this time
flat[0] = -1
print(flat)
print(x)
try:
    turned.view(6)
except RuntimeError as error:
    print(error)
print(turned.contiguous().view(6))

# %% [markdown]
# `x` still begins with 0. `reshape` shares the memory where it can, and copies where it cannot, without a
# word. `view` never copies: it shares, or it raises an error. `contiguous` writes the entries in reading order
# into new memory, unless they stand so already, and then `view` works. If you need to know whether you have a
# copy, take `view` for sharing and `clone` for a copy.

# %% [markdown]
# ## dtype: what kind of numbers
#
# | dtype | an entry is | bytes | used for |
# |---|---|---:|---|
# | `float32` | a number with about 7 digits | 4 | features, parameters, losses, gradients |
# | `int64` | a whole number | 8 | labels, positions, counts: whatever names or counts something |
# | `bool` | `True` or `False` | 1 | masks: which entries are meant |
# | `float64` | a number with about 16 digits | 8 | NumPy's default; seldom worth its memory here |
#
# A *parameter*, such as a weight, is a number that the network learns. A *label* is the right answer for a
# *sample*, such as one flower or one picture, often the number of a class: 0 for a cat, 1 for a dog. Why does the
# one have to be a float, and the other an int?
#
# ### Break it · a step of 0.001 on a whole number
#
# Learning moves a parameter by a tiny step, over and over. The cell tries it on whole numbers, in two ways. The
# second way runs.

# %% tags=["prediction"]
predict(
    "`w`, which was `[3, 5]`, after `w[0] = w[0] - 0.001`",
    {
        "[2, 5]": "2.999 is put into a place for whole numbers, and the fraction is cut off.",
        "[3, 5]": "Rounding would give 3, but PyTorch cuts the fraction off.",
        "[2.999, 5.0]": "A float comes out of the subtraction, but the place that it goes to holds whole numbers.",
    },
    answer=lambda: w.tolist(),
)

# %%
w = torch.tensor([3, 5])
try:
    w -= 0.001
except RuntimeError as error:
    print(error)
w[0] = w[0] - 0.001
print(w)

# %% [markdown]
# The first attempt is refused: a float result does not fit into int64, which is here called `Long` again.
# The second is worse, because it runs. `w[0] - 0.001` is 2.999, and when that is put into a place for whole
# numbers the fraction is cut off: 3 has become 2. A step of one thousandth turned into a step of 1. With
# whole numbers there is no "slightly less", so there is nothing to learn in small steps. PyTorch refuses to
# try:

# %%
try:
    torch.tensor([3, 5]).requires_grad_()
except RuntimeError as error:
    print(error)
w = torch.tensor([3.0, 5.0]).requires_grad_()
print(w)

# %% [markdown]
# `requires_grad_` marks a tensor as one to learn, which is what lesson 2 is about. Floats may be marked.
#
# Labels are the other way round: they name things. Class 1 is not half of class 2, and nobody wants to move
# from "cat" a little towards "dog". Labels serve as positions in lists, and a position is a whole number:

# %%
names = ["cat", "dog", "bird"]
scores = torch.tensor([0.1, 0.7, 0.2])  # (classes,), one score for each name
label = torch.tensor(1)
print(names[label], scores[label])
try:
    scores[label.float()]
except IndexError as error:
    print(error)

# %% [markdown]
# A float as index is an error, even if it is 1.0. (`long` in the message is int64.) `x.float()` gives
# float32, `x.long()` int64, and `x.to(dtype)` any dtype; all three give back a tensor and leave `x` as it
# was.
#
# ### Exercise 1.4 · describe
#
# Gather a tensor's three labels in a dict, in a form that a program can compare. For `flowers`:
#
# | key | value |
# |---|---|
# | `"shape"` | `(2, 3)`, a tuple of ints |
# | `"dtype"` | `torch.float32`, the dtype itself |
# | `"device"` | `"cpu"`, text: what `str` makes of the device |


# %% exercise="describe" points=1
def describe(t: torch.Tensor) -> dict:
    """Gather the three labels of a tensor.

    t: any shape, dtype and device
    returns: {"shape": a tuple of ints, "dtype": a torch.dtype, "device": a str such as "cpu" or "cuda:0"}
    """
    ### BEGIN SOLUTION
    return {"shape": tuple(t.shape), "dtype": t.dtype, "device": str(t.device)}
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The labels are attributes of `t`; you printed them in the first section. Which two come in the right form,
# and which one needs a conversion?
#
# </details>
# <details><summary>Hint 2</summary>
#
# `t.shape` is a tuple already, and `tuple(t.shape)` makes a plain one of it. `str(t.shape)` would be text.
# The device is the one that has to become text.
#
# </details>

# %% [markdown]
# ## NumPy: one memory, two names
#
# Data often arrives as a NumPy array, and results often leave as one. Do the two sides get a copy each, or do they
# look at one memory? There is a test that settles it: write into one side, and look at the other. Some books say
# that `.numpy()` makes a copy. See for yourself:

# %%
t = torch.zeros(3)
as_array, own_array = t.numpy(), t.numpy().copy()
t += 1
print(as_array, own_array)

# %% [markdown]
# `t.numpy()` followed the tensor to 1: it shares. Only `.copy()` made the second array stand alone. Neither is
# better: sharing costs no time and no memory, copying keeps two things apart.
#
# Now the way in. You know one function that makes a tensor of numbers; an array will do as well. Does the tensor
# follow the array?

# %%
array = np.array([1.0, 2.0, 3.0])
t = torch.tensor(array)
array[0] = 100
print(t)

# %% [markdown]
# It does not: `torch.tensor` always copies. And there the bridge has a trap. Did you see the dtype above?

# %%
weights = torch.ones(3, 2)  # (3, 2), float32
data = torch.tensor(np.ones((4, 3)))  # (4, 3)
try:
    data @ weights
except RuntimeError as error:
    print(error)
print((data.float() @ weights).shape)  # (4, 3) @ (3, 2) -> (4, 2)

# %% [markdown]
# NumPy's fractions are float64, and a tensor made from an array keeps that dtype. The matrix product `@`, which
# lesson 3 explains, wants one dtype, and calls the two `double` and `float`. One `.float()` where the data comes in
# mends it. The checkers of this course can hold the line there:

# %%
check_dtype(data.float(), torch.float32)
try:
    check_dtype(data, torch.float32)
except TypeError as error:
    print(error)

# %% [markdown]
# A checker is silent when all is well, and otherwise says what came and what was expected.
#
# ### Exercise 1.5 · share_with_numpy
#
# Give back a tensor that lives in the array's memory, whatever its dtype. `torch.tensor(array)` is out. Which of
# these three does it? Try them in a cell of your own, with an array of float64 and with one of float32
# (`np.ones(3, dtype=np.float32)`), and with the test from above:
#
# - `torch.from_numpy(array).float()`
# - `torch.asarray(array, dtype=torch.float64)`
# - `torch.from_numpy(array)`
#
# What is asked for looks like this:
#
# | step | `array` | your tensor |
# |---|---|---|
# | you make it | `[1. 2. 3.]` | `tensor([1., 2., 3.], dtype=torch.float64)` |
# | `array[0] = 9` | `[9. 2. 3.]` | `tensor([9., 2., 3.], dtype=torch.float64)` |
# | `tensor[1] = 7` | `[9. 7. 3.]` | `tensor([9., 7., 3.], dtype=torch.float64)` |


# %% exercise="share_with_numpy" points=1
def share_with_numpy(array: np.ndarray) -> torch.Tensor:
    """Make a tensor that shares the memory of a NumPy array.

    array: any shape, any dtype that PyTorch has too
    returns: the same shape and dtype; what is written on one side shows on the other
    """
    ### BEGIN SOLUTION
    return torch.from_numpy(array)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The numbers of another dtype take other bytes. Can they stand in the array's memory?
#
# </details>
# <details><summary>Hint 2</summary>
#
# Two of the three share for one of the two dtypes, and copy for the other. The third leaves the dtype as it is.
#
# </details>

# %% [markdown]
# A conversion needs new memory, so it ends the sharing; where there is nothing to convert, `.float()` gives back
# the same tensor, and the sharing goes on. That makes it a trap: it hangs on the data. The whole bridge:
#
# | from | to | how | memory |
# |---|---|---|---|
# | array | tensor | `torch.from_numpy(array)`, `torch.as_tensor(array)` | shared |
# | array | tensor | `torch.tensor(array)` | copied |
# | CPU tensor | array | `t.numpy()`, `np.asarray(t)` | shared |
# | CPU tensor | array | `t.numpy().copy()` | copied |
# | tensor | Python list | `t.tolist()` | copied |
#
# ### If you come from NumPy
#
# Most names are the same. These are not:
#
# | NumPy | PyTorch |
# |---|---|
# | `x.sum(axis=0, keepdims=True)` | `t.sum(dim=0, keepdim=True)` |
# | `x.astype(np.float32)` | `t.to(torch.float32)`, or `t.float()` |
# | `x.copy()` | `t.clone()` |
# | `np.concatenate([x, x], axis=1)` | `torch.cat([t, t], dim=1)` |
# | `x.size`, the number of entries | `t.numel()`; `t.size()` is the shape |
# | `x.transpose(1, 0)`, all dims in a new order | `t.permute(1, 0)` |
#
# The cell tries each line on both sides. (Lesson 3 explains `sum`, `dim` and `cat`.)

# %%
x = np.arange(6.0).reshape(2, 3)  # (2, 3)
t = torch.from_numpy(x)  # (2, 3)
print(np.array_equal(x.sum(axis=0, keepdims=True), t.sum(dim=0, keepdim=True)))
print(np.array_equal(x.astype(np.float32), t.to(torch.float32)))
print(np.array_equal(x.copy(), t.clone()))
print(np.array_equal(np.concatenate([x, x], axis=1), torch.cat([t, t], dim=1)))
print(x.size, t.numel(), t.size())
print(np.array_equal(x.transpose(1, 0), t.permute(1, 0)))
print(t.to(torch.float64) is t)  # it is float64 already: nothing to convert

# %% [markdown]
# `True` six times, and 6 twice. The last line is the trap: a conversion with nothing to convert gives back the very
# same tensor. And one difference does not show in a name: NumPy makes float64 where PyTorch makes float32.

# %% [markdown]
# ## device: where the numbers lie
#
# A GPU has memory of its own, and computes only with what lies there. The label `device` says where a tensor is:
# `cpu`, `cuda:0` for the first NVIDIA GPU, `mps` on a Mac. In nearly all code that you will read, a line like the
# first one below picks a device, once, at the top; and everything that computes is moved there with `.to(device)`.
# Older code writes `.cuda()`, which is `.to("cuda")`.

# %%
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
print(device, flowers.to(device).device)
try:
    print(flowers.cuda().device)
except (AssertionError, RuntimeError) as error:
    print(type(error).__name__, error)

# %% [markdown]
# Without an NVIDIA GPU the first line falls back on the CPU, and `.cuda()` raises an error: that is why the line is
# there. This course writes it shorter. `pick_device()` does the same, knows GPUs of other makers too, and tries out
# whether the one it finds works:

# %%
device = pick_device()
moved = flowers.to(device)
check_device(moved, device)
print("working on", device)

# %% [markdown]
# Without an accelerator that says `cpu`, and everything in this course works all the same.
#
# One device is there on every machine, for practice: `meta`. A tensor on it has labels but no numbers.
# Numbers that are not there take no memory, so this cell can look at a layer of a large language model, as
# you will again in lesson 10:

# %%
layer = torch.empty(4096, 14336, device="meta")
print(layer)
print(f"{layer.numel():,} numbers would take {layer.numel() * layer.element_size() / 1e6:.0f} MB")

# %% [markdown]
# Nearly 59 million numbers, each 4 bytes long, and none of them is there. What `.to` does can be seen with
# it as well.

# %% tags=["prediction"]
predict(
    'where `features` is after the line `features.to("meta")`',
    {
        "meta": "The line reads like a command, but `.to` gives back a tensor, and nobody keeps it.",
        "cpu": "`.to` makes a new tensor and leaves the old one where it is.",
    },
    answer=lambda: where,
)

# %%
features = torch.ones(2, 3)  # (2, 3)
moved = features.to("meta")
print(features.device, moved.device)
features.to("meta")
where = features.device
print(where)

# %% [markdown]
# The tensor itself never moves. `.to` gives back another one, on the other device, and you have to keep it:
# `features = features.to(device)`. The fourth line throws its result away, and `features` is still on the
# CPU. (If a tensor is on that device already, `.to` gives back the same tensor, without a copy.)
#
# ### Break it · two tensors on two devices
#
# Forget to move one of two tensors, and sooner or later they meet:

# %%
labels = torch.zeros(2, 3)  # left on the CPU
try:
    moved + labels
except RuntimeError as error:
    print(error)

# %% [markdown]
# This is one of the first errors that anybody sees on a GPU, where it names `cuda:0` and `cpu`. Read it as
# "somebody was left behind", and look for the tensor that nobody moved. It is the labels more often than
# not.
#
# ### Exercise 1.6 · batch_to
#
# A *batch* is what a network gets to see at a time: the features of some samples, and their labels, as a
# tuple. Move both and keep their dtypes:
#
# | | before | after `batch_to(batch, torch.device("meta"))` |
# |---|---|---|
# | features | `(2, 3)`, float32, on `cpu` | `(2, 3)`, float32, on `meta` |
# | labels | `(2,)`, int64, on `cpu` | `(2,)`, int64, on `meta` |


# %% exercise="batch_to" points=2
def batch_to(batch: tuple, device: torch.device) -> tuple:
    """Move a batch to a device.

    batch: a tuple (features, labels) of two tensors, of any shapes and dtypes
    returns: the two on that device, in the same order; dtypes and values as they were
    """
    ### BEGIN SOLUTION
    features, labels = batch
    return features.to(device), labels.to(device)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# A tuple has no `.to`, only the tensors in it do. Take it apart first: `features, labels = batch`.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `.to(device)` gives back the tensor that you want, and leaves the old one where it was. Return what it gives
# back, both times.
#
# </details>

# %% [markdown]
# ## Your tools at work
#
# All six functions together, so this cell needs them all: a table from lists, some noise, labels from NumPy's side,
# weights, and a batch on its way.

# %% tags=["demo"]
features = tensor_from_rows([[5, 3, 1], [6, 2, 4], [7, 3, 6]])  # (flowers, features)
features = features + 0.1 * noise_like(features)
labels = share_with_numpy(np.array([0, 1, 1]))  # (flowers,)
weights = init_weights(3, 2, torch.Generator().manual_seed(0))  # (features, classes)
features, labels = batch_to((features, labels), device)
for name, t in {"features": features, "labels": labels, "weights": weights}.items():
    info = describe(t)
    print(f"{name:8} {info['shape']}  {info['dtype']}")

# %% [markdown]
# Float features, float weights, whole labels: that is how a network that tells classes apart begins to train. A
# prediction is one line away, and how to tell a good one from a bad one is what the next lessons are about.

# %% [markdown] question="why_not_integers" points=0
# ## In your own words
#
# A classmate stores the weights of a network as int64, "because they were whole numbers anyway, and whole
# numbers are exact". In three to five sentences: what happens when training moves a weight by 0.001, why
# does it not help that the steps are many, and why is int64 right for the labels all the same?
#
# ### BEGIN SOLUTION
# The result of `weight - 0.001` is a float, and a place for whole numbers cannot hold it: `weight -= 0.001`
# is refused, and `weight[0] = weight[0] - 0.001` cuts the fraction off, so that 3 becomes 2. Many small
# steps do not add up to the right place, because each of them is already wrong: the weight jumps by a whole
# number every time, or, if the result is rounded, never moves at all. Learning needs a "slightly less" and a
# "slightly more", which whole numbers do not have, and that is why PyTorch lets no whole number require a
# gradient. Labels are never moved: they name a class, and serve as a position in a list. There a whole
# number is exactly right, and a float is not even accepted.
# ### END SOLUTION

# %% [markdown]
# ## Summary
#
# | you want a tensor | you write | dtype, if you say nothing |
# |---|---|---|
# | from data | `torch.tensor(rows)` | by the data: int64, float32, bool |
# | from an array | `torch.from_numpy(array)`, sharing its memory | the array's, often float64 |
# | by shape | `torch.zeros(2, 3)`, `torch.rand(2, 3)`, `torch.randn(2, 3)` | float32 |
# | like another | `torch.zeros_like(t)`, `torch.rand_like(t)` | that of `t` |
#
# - A tensor is numbers with three labels: shape, dtype, device. Most errors are about one of them.
# - Parameters are float32, because learning takes small steps. Labels are int64, because they name places.
# - Random numbers come from a generator. The same seed gives the same numbers; a generator moves on as it
#   draws.
# - `view`, `permute`, `.T`, `from_numpy` and `.numpy()` share memory; `reshape` does where it can, and copies
#   where it cannot. `torch.tensor`, `clone`, `.copy()` and a change of dtype do not share.
# - `torch.device("cuda" if torch.cuda.is_available() else "cpu")`, or `pick_device()`, stands once at the top.
#   `.to(device)` moves nothing in place. Keep what it gives back, for the labels too.
# - `torch.tensor` makes tensors. `torch.Tensor` is their class, and surprises when it is called.
#
# **Next:** in lesson 2 a tensor remembers how it was computed, and PyTorch works out the slope of anything
# you compute.
