# %% [markdown]
# # PyTorch, brick by brick
#
# Ten lessons, from a first tensor to a small Transformer that invents words. You build every piece by hand
# first, and check each one on the spot. You know some Python; the rest is here.
#
# | | lesson | you learn |
# |---:|---|---|
# | 1 | [Tensors][1] | to create, convert and move them |
# | 2 | [Autograd][2] | where gradients come from |
# | 3 | [Math and reductions][3] | broadcasting, and what `dim` collapses |
# | 4 | [Indexing][4] | masks, `where`, `topk`, `gather` |
# | 5 | [Forward and backward][5] | a prediction, its loss, its gradient by hand |
# | 6 | [Gradient descent][6] | the five steps of every training loop |
# | 7 | [Layers][7] | what is inside Linear, Softmax, LayerNorm and four more |
# | 8 | [Modules and optimizers][8] | the loop that professionals write |
# | 9 | [Training][9] | loaders, early stopping, checkpoints, on real data |
# | 10 | [Transformer][10] | attention, a block, and a model that invents words |
# | | [The clinic][11] | to find what is wrong with programs that run |
#
# [1]: 01_tensors/01_tensors.ipynb
# [2]: 02_autograd/02_autograd.ipynb
# [3]: 03_math_and_reductions/03_math_and_reductions.ipynb
# [4]: 04_indexing/04_indexing.ipynb
# [5]: 05_forward_and_backward/05_forward_and_backward.ipynb
# [6]: 06_gradient_descent/06_gradient_descent.ipynb
# [7]: 07_layers/07_layers.ipynb
# [8]: 08_modules_and_optimizers/08_modules_and_optimizers.ipynb
# [9]: 09_training/09_training.ipynb
# [10]: 10_transformer_ffn/10_transformer_ffn.ipynb
# [11]: clinic/clinic.ipynb
#
# A link opens its lesson in a tab of its own. This page is yours too: two minutes here, and you know how
# everything works.

# %% [markdown]
# ## Where you are
#
# Click the cell below and press **Shift+Enter**: that runs it and goes on to the next. It shows how far you
# have come in each lesson, and which mistakes you have left behind. Run it again whenever you like.

# %%
from course_utils import check, pick_device, progress, widgets

progress()

# %% [markdown]
# Every check that you run is noted in `progress.jsonl`, beside this notebook: what you checked, when, and what
# came of it. So is what you foresaw, where a lesson asks you. It stays on your machine.
#
# ## Where this leads
#
# The course ends with a *Transformer*, the kind of network that chatbots are made of. Here is a small one: 154,587
# numbers, trained for a quarter of a minute on words from Jane Austen's novels. It writes words of its own, letter
# by letter, and a *temperature* says how daring it is. Run the cell, then move the slider; once you have clicked it,
# the arrow keys move it too. At which temperature would you believe most of its words?

# %%
widgets.word_inventor()

# %% [markdown]
# At 0.1 it begins 40 words and writes the same few again and again; at 2 it writes much that nobody can pronounce. In
# lesson 10 this model is yours: you write each of its parts, you train it, and you know why temperature does that.
#
# ## What your machine computes on

# %%
device = pick_device()
print("working on", device)

# %% [markdown]
# `cpu` is all that the lessons need. `cuda` is an NVIDIA or AMD graphics card, `mps` one of Apple's.
#
# ## Two minutes to warm up
#
# The cell below holds a function that isn't written yet. Three things to try, one after another:
#
# 1. **Untouched.** Run the cell, then the check below it. It says that nothing is there to judge.
# 2. **Wrong.** Write `return x + 2` in place of the line `raise NotImplementedError`, at the same indent. Run
#    the cell, then the check. It shows the call that went wrong, and asks you a question.
# 3. **Right.** Now write what the function promises, run both once more, and see what a check tried.


# %% exercise="double" points=1
def double(x):
    """Double every entry of the tensor `x`.

    x: any shape
    returns: the same shape, a new tensor
    """
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# A tensor takes part in arithmetic as a whole: `x - 1` subtracts 1 from each entry. Which operation gives
# twice as much?
#
# </details>
# <details><summary>Hint 2</summary>
#
# `3 * x` is three times each entry.
#
# </details>
#
# Hints are folded: click one to open it. After three failed checks a message points you to them, after six to
# the solution. Nobody counts but you.

# %% [markdown]
# ## What you knew a week ago
#
# What you do not use fades. From the day after you have passed an exercise, the button below makes `review.ipynb`:
# up to five of them, empty again, those first that are most likely to have faded. Each comes back later after every
# success. What you wrote in the lessons stays as it is, and so does a review that you have begun.

# %%
from course_utils import review

review()

# %% [markdown]
# ## When something goes wrong
#
# | | |
# |---|---|
# | a name is not defined | run the cells above it first; **Run > Run All Above Selected Cell** does it at once |
# | everything behaves strangely | **Kernel > Restart Kernel**, then run the cells from the top |
# | a lesson is a mess | in a terminal, `course reset 7` gives you lesson 7 anew, and keeps yours aside |
# | `git pull` brought newer lessons | `course update` carries your answers into them, and keeps yours aside |
#
# A terminal is at **File > New > Terminal**. There, `course progress` shows what you see above, `course review`
# does what the button does, and `course check` runs your notebooks from top to bottom.
#
# On to [lesson 1, Tensors](01_tensors/01_tensors.ipynb).
