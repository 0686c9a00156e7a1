# %% [markdown]
# # 8 · Modules and optimizers: from bricks to a machine
#
# In lesson 7 you built the bricks, and in lesson 6 the loop that trains them. Both ended with the same chore: name
# every parameter, clear every gradient, update each by hand. A real network has hundreds of such tensors, and
# millions of numbers in them. In this lesson `nn.Module` keeps the books, `torch.optim` takes the steps, and you
# learn what each of them does when you are not looking.
#
# **When you are through, you can**
#
# - write a model as an `nn.Module`, and say what `parameters()`, `to()`, `train()` and `state_dict()` see;
# - recognise a layer that the model cannot see by its symptoms;
# - find your way in the library: which layer, which loss, which optimizer, for what;
# - give different layers different learning rates, and every step its own;
# - feed a model from a data set of your own, and shorten gradients that are too long;
# - write the training step that stands in most PyTorch code, and AdamW from its formula.
#
# **Time:** about two hours and a half, exercises included, and half an hour more for the challenge at the end.
#
# **You need:** lesson 6 (the five-step loop, momentum) and lesson 7 (Linear, ReLU, Dropout, cross-entropy
# from raw logits).

# %% [markdown]
# ## Five steps, five professional twins
#
# | step | by hand, in lesson 6 | its professional twin |
# |---|---|---|
# | 1 · predict | `y_hat = X @ W + b` | `y_hat = model(x_batch)` |
# | 2 · measure the loss | `loss = ((y_hat - y) ** 2).mean()` | `loss = criterion(y_hat, y_batch)` |
# | 3 · compute gradients | `loss.backward()` | `loss.backward()` |
# | 4 · update | `with torch.no_grad(): W -= lr * W.grad`, and so for `b` | `optimizer.step()` |
# | 5 · reset | `W.grad = None`, and so for `b` | `optimizer.zero_grad()` |
#
# The right-hand column fits any model, whether it has two numbers to learn or two billion. The lesson follows it
# from top to bottom: first the `model`, then the `criterion`, then the `optimizer`. Then comes what stands
# around the five lines in real code: batches, a plan for the learning rate, a limit for the gradients.
#
# In the exercises, write your code in place of `raise NotImplementedError`, run that cell, then run the
# check below it. Hints wait below, folded. The library's modules, losses and optimizers are yours to use;
# only the last two exercises build a thing of the library's by hand.

# %%
import math
import warnings

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

from course_utils import check, check_shape, pick_device, plots, predict, widgets

device = pick_device()
torch.manual_seed(8)
print("working on", device)

# %% [markdown]
# ## A module keeps the books
#
# An `nn.Module` is a Python object with two jobs. Its `forward` says how to compute the output. And it
# keeps a register: whatever you assign to an attribute of `self` is looked at, and an `nn.Parameter`, or
# another module, is written down. Below, two tensors become attributes.


# %% tags=["prediction"]
predict(
    "the parameters of a module with `factor`, an `nn.Parameter`, and `note`, a tensor",
    {
        "factor": "Only a `Parameter` or a module is written down; a plain tensor is an attribute like any other.",
        "factor, note": "Both are tensors and attributes, but the register looks at the type.",
    },
    answer=lambda: ", ".join(name for name, _ in Scale().named_parameters()),
)


# %%
class Scale(nn.Module):
    def __init__(self):
        super().__init__()  # opens the register, so it comes first
        self.factor = nn.Parameter(torch.tensor(2.0))
        self.note = torch.tensor(5.0)

    def forward(self, x):
        return self.factor * x


model = Scale()
print(model(torch.tensor([1.0, 3.0])))
print(list(model.named_parameters()))

# %% [markdown]
# Only `factor`: an `nn.Parameter` is a tensor that says "learn me". It requires grad, and the module registers it.
# The plain tensor `note` is an attribute like any other. And the model is called like a function:
# `model(x)` runs your `forward`, and does some bookkeeping around it, so leave `model.forward(x)` alone.
#
# Registers nest: a module sees the parameters of the modules inside it. Four methods live on this. In the
# next cell, guess how many tensors the first line prints.

# %%
model = nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.5), nn.Linear(3, 1))
print("parameters():", [tuple(p.shape) for p in model.parameters()])
print("state_dict():", list(model.state_dict()))
print("to(device):  ", {str(p.device) for p in model.to(device).parameters()})
print("eval():      ", [module.training for module in model.eval().modules()])

# %% [markdown]
# Four: two weights and two biases. Dropout has none. The last line counts the container as a module too, and
# all four are in evaluation mode.
#
# | method | what it reaches | what happens to a tensor or layer that is not registered |
# |---|---|---|
# | `parameters()` | every registered parameter, each once | the optimizer never moves it |
# | `state_dict()` | all tensors that are saved, by name | it is missing in the file |
# | `to(device)` | all of them, moved in place | it stays behind on the CPU |
# | `train()`, `eval()` | the mode of every module inside | its dropout stays active |
#
# In `nn.Sequential` the numbers 0, 1, 2 are the layers' names. In a class of your own, the name of the
# attribute takes their place.
#
# ### Exercise 8.1 · LinearRegressionModel
#
# Write the line of lesson 6 as a module, with one `nn.Linear` in the attribute `linear`:
#
# | call | result |
# |---|---|
# | `model = LinearRegressionModel(2, 1)` | a module with 3 numbers to learn |
# | `[name for name, p in model.named_parameters()]` | `['linear.weight', 'linear.bias']` |
# | `model(torch.zeros(5, 2)).shape` | `(5, 1)` |


# %% exercise="LinearRegressionModel" points=1
class LinearRegressionModel(nn.Module):
    """Predict `out_features` numbers from `in_features` numbers, by one linear layer named `linear`.

    forward: (..., in_features) -> (..., out_features)
    """

    def __init__(self, in_features: int, out_features: int):
        ### BEGIN SOLUTION
        super().__init__()
        self.linear = nn.Linear(in_features, out_features)
        ### END SOLUTION

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        ### BEGIN SOLUTION
        return self.linear(x)
        ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `__init__` makes what the model owns; `forward` uses it. Look at `Scale` above: where is the parameter
# made, and what comes before it?
#
# </details>
# <details><summary>Hint 2</summary>
#
# `super().__init__()` first, then `self.linear = nn.Linear(...)` with the two sizes. In `forward`, a layer
# is called like a function.
#
# </details>

# %% [markdown]
# ### Break it · a layer made in forward
#
# What if the layer is made where it is used? Then it is new in every call. Python has no objection, and the
# output has the right shape. The cell asks the same model the same question twice, then gives its
# parameters to an optimizer.


# %% tags=["prediction"]
predict(
    "how many numbers an optimizer finds in a module that makes its `nn.Linear(2, 1)` in `forward`",
    {
        "3": "Two weights and a bias are there in every call, but only as long as the call lasts.",
        "0": "What is made in `forward` is no attribute, so nothing is registered.",
        "6": "Two calls made two layers, and both are gone.",
    },
    answer=lambda: sum(p.numel() for p in Forgetful().parameters()),
)


# %%
class Forgetful(nn.Module):
    def forward(self, x):
        layer = nn.Linear(2, 1)  # new weights, every time
        return layer(x)


torch.manual_seed(8)
model = Forgetful()
x = torch.ones(1, 2)  # (batch, features)
print(f"first answer {model(x).item():.4f}, second answer {model(x).item():.4f}")
try:
    torch.optim.SGD(model.parameters(), lr=0.1)
except ValueError as error:
    print("ValueError:", error)

# %% [markdown]
# Two answers to one question, and an optimizer with nothing to move. If a model gives other answers in
# evaluation mode each time, or an optimizer gets an empty parameter list, look for a layer made in
# `forward`. Had there been one proper layer beside it, no error would have come at all: that layer learns,
# and the other one stays noise.
#
# ### Break it · layers in a plain list
#
# This one is harder to see. `Stack` keeps its hidden layers in a container that you choose. A plain list
# and an `nn.ModuleList` give the same output. They differ in what the model sees.


# %%
class Stack(nn.Module):
    def __init__(self, container):
        super().__init__()
        self.hidden = container([nn.Linear(2, 16), nn.ReLU(), nn.Dropout(0.5)])
        self.out = nn.Linear(16, 1)

    def forward(self, x):
        for layer in self.hidden:
            x = layer(x)
        return self.out(x)


for container in (list, nn.ModuleList):
    model = Stack(container).eval()
    print(container.__name__)
    print("   state_dict():", ", ".join(model.state_dict()))
    print("   dropout still active after eval():", model.hidden[2].training)

# %% [markdown]
# With the list, only `out` is in the books: the hidden layer will not be trained, saved or moved, and its
# dropout stays active in evaluation. Nothing fails. The last layer learns what it can from random features,
# the loss falls for a while, and you wonder why it stops. `nn.Sequential` registers layers and runs them in
# order; `nn.ModuleList` registers them, and you write the loop.
#
# ### Exercise 8.2 · TabularClassifier
#
# Write the classifier for rows of a table, all of it inside `self.network`:
#
# | layer | numbers out |
# |---|---|
# | Linear, ReLU, dropout with p = 0.2 | 128 |
# | Linear, ReLU | 64 |
# | Linear | `num_classes`, raw logits |


# %% exercise="TabularClassifier" points=2
class TabularClassifier(nn.Module):
    """Give raw logits for `num_classes` classes from `input_dim` features, by the layers in `self.network`.

    128 - ReLU - dropout 0.2 - 64 - ReLU - classes
    forward: (batch, input_dim) -> (batch, num_classes)
    """

    def __init__(self, input_dim: int, num_classes: int):
        ### BEGIN SOLUTION
        super().__init__()
        self.network = nn.Sequential(
            nn.Linear(input_dim, 128),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Linear(128, 64),
            nn.ReLU(),
            nn.Linear(64, num_classes),
        )
        ### END SOLUTION

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        ### BEGIN SOLUTION
        return self.network(x)
        ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# There are six layers, if you count ReLU and dropout. Each Linear takes as many numbers as the one before
# it gave.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `nn.Sequential(nn.Linear(...), nn.ReLU(), nn.Dropout(...), ...)` holds them, and runs them when it is
# called. The last Linear stands alone: lesson 7 showed what a softmax after it does to the loss.
#
# </details>

# %% [markdown]
# ## How many numbers does it learn?
#
# The size of a model is the number of its parameters' entries. Counting them has two traps. The first:
# two layers may *share* one weight, as language models do with the table that reads tokens and the one that
# writes them. The second: `state_dict()` also holds *buffers*, tensors that are saved but not learned, such as the
# means that a BatchNorm collects. (It is a norm like lesson 7's, but over the batch; more below.)

# %%
model = nn.Sequential(nn.Embedding(5, 3), nn.BatchNorm1d(3), nn.Linear(3, 5, bias=False))
model[2].weight = model[0].weight  # one weight for both, (5, 3)
print("parameters():", {name: p.numel() for name, p in model.named_parameters()})
print("state_dict():", {name: t.numel() for name, t in model.state_dict().items()})

# %% [markdown]
# `parameters()` gives the shared weight once: 15 + 3 + 3 = 21 numbers. The state dict lists it under both
# of its names, and adds three buffers of BatchNorm: running means and variances, and a counter. A buffer is
# made with `self.register_buffer(name, tensor)`; the plain tensor in `Scale` was not even that.
#
# A parameter can also be *frozen*: `p.requires_grad = False` tells autograd to leave it out. Lesson 9 uses
# that to train only the last layers of a model.
#
# ### Exercise 8.3 · count_parameters
#
# Count what a model learns. For a network with 9, 4, 2 and 1 units:
#
# | layer | weight | bias | together |
# |---|---:|---:|---:|
# | `nn.Linear(9, 4)` | 36 | 4 | 40 |
# | `nn.Linear(4, 2)` | 8 | 2 | 10 |
# | `nn.Linear(2, 1)` | 2 | 1 | 3 |
# | *sum* | | | 53 |
#
# With `trainable_only=True` frozen parameters do not count.


# %% exercise="count_parameters" points=1
def count_parameters(model: nn.Module, trainable_only: bool = False) -> int:
    """Count the numbers in the model's parameters; a shared parameter counts once, a buffer does not.

    trainable_only: leave out parameters that do not require grad
    returns: an int

    The model stays as it is.
    """
    ### BEGIN SOLUTION
    return sum(p.numel() for p in model.parameters() if p.requires_grad or not trainable_only)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `model.parameters()` already leaves out buffers, and gives what is shared once. How many numbers does one tensor
# hold? `p.numel()`.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `sum(... for p in model.parameters() if ...)`. A parameter counts if it requires grad, or if you were not
# asked for the trainable ones alone.
#
# </details>

# %% [markdown]
# ## A map of the library
#
# You know some bricks from inside. In other people's code you will meet many more, most of them in a single
# line, so here is the whole map: what each is, when people reach for it, and which lesson has it. The names
# lead into PyTorch's documentation.
#
# Nobody learns this by heart. Type into the box: a name that you have read somewhere, a part of a network
# (wrapper, layer, activation, normalisation, dropout, loss, optimizer), or what you have (`images`, `text`,
# `outliers`). Without a box, as on a web page, the table is all there. Which losses want raw logits?

# %% tags=["demo"]
widgets.library()

# %% [markdown]
# Two: a search for `raw logits` leaves `CrossEntropyLoss` and `BCEWithLogitsLoss`. The parts do different
# things:
#
# - *wrappers* hold other modules, and *layers* hold weights;
# - *activations* bend;
# - *normalisation* brings numbers into range, and *dropout* works against learning by heart;
# - *losses* compare an output with a target, and *optimizers* take the step.
#
# Now choose. Each task has one good answer among three, and the other two are what people try. Say your
# reason before you click; then compare it with the one that appears.

# %% tags=["demo"]
widgets.library_choices("layers")

# %% [markdown]
# The first two come down to what the input is, a name or a picture; the third to who writes the loop. What stands
# between the layers is chosen by symptom instead. What is going wrong in each of these?

# %% tags=["demo"]
widgets.library_choices("between")

# %% [markdown]
# One of them is a dead unit (lesson 7), one a question of what a batch is, and the last is *overfitting*: a
# network that does well on the rows it has seen and badly on new ones. (A *validation* loss is measured on rows that
# were held back from training.) Lesson 9 is about that. At last, the end of the line: the loss, and who takes the step.

# %% tags=["demo"]
widgets.library_choices("losses and optimizers")

# %% [markdown]
# A loss says which errors hurt, so look at the errors that you expect before you choose. Both deserve a
# closer look: losses now, optimizers after them.
#
# ## Which loss goes with which output
#
# The task fixes three things at once: the shape of the last layer's output, the loss, and the dtype and
# shape of the targets. Get one wrong, and the best case is an error. The cell tries losses for one output
# per sample: numbers to predict, or yes-or-no questions. Which of the four will run?


# %%
def attempt(criterion, outputs, targets):
    try:
        result = f"{criterion(outputs, targets).item():.4f}"
    except (RuntimeError, ValueError) as error:
        result = f"{type(error).__name__}: {str(error).splitlines()[0]}"
    print(f"{criterion!s:20} targets {tuple(targets.shape)!s:7} {targets.dtype}\n   {result}")


torch.manual_seed(8)
outputs = torch.randn(4, 1)  # (batch, 1), raw
answers = torch.tensor([[1.0], [0.0], [0.0], [1.0]])  # (batch, 1): yes, no, no, yes
attempt(nn.MSELoss(), outputs, torch.tensor([[0.5], [2.0], [1.0], [3.5]]))
attempt(nn.BCEWithLogitsLoss(), outputs, answers)
attempt(nn.BCEWithLogitsLoss(), outputs, answers.long())
attempt(nn.BCELoss(), outputs, answers)

# %% [markdown]
# Two run. `BCEWithLogitsLoss` wants float targets, of the shape of the outputs. `BCELoss` wants
# probabilities, and says so only because some logit lay outside 0 and 1: on logits that happen to lie
# inside, it would run, and be wrong.
#
# Now one class of three: a logit for each class. The last line leaves out the softmax that `NLLLoss`
# expects, with a logarithm, to have been taken. Predict again.

# %%
torch.manual_seed(8)
outputs = torch.randn(4, 3)  # (batch, classes), raw
classes = torch.tensor([0, 2, 1, 2])  # (batch,)
attempt(nn.CrossEntropyLoss(), outputs, classes)
attempt(nn.CrossEntropyLoss(), outputs, classes.float())
attempt(nn.CrossEntropyLoss(), outputs, classes[:, None])  # (batch, 1)
attempt(nn.NLLLoss(), outputs, classes)

# %% [markdown]
# `CrossEntropyLoss` takes int64 labels in a flat `(batch,)`. The last line is the one to fear: it ran, and
# gave -0.2343. Minus the logarithm of a probability is never below 0, so a negative loss tells you that raw
# logits went where log-probabilities belong. With other logits it would have been positive, and silent.
#
# ### Break it · the sigmoid twice
#
# The opposite slip is as silent: a model that ends in a sigmoid, and `BCEWithLogitsLoss`, which takes another
# one. Two answers, both sure and both right. How close to 0 will the losses be?

# %%
logits, answers = torch.tensor([[8.0], [-8.0]]), torch.tensor([[1.0], [0.0]])  # (batch, 1)
for name, outputs in {"raw logits": logits, "after a sigmoid": logits.sigmoid()}.items():
    losses = nn.BCEWithLogitsLoss(reduction="none")(outputs, answers)  # (batch, 1)
    print(f"{name:15}  yes {losses[0].item():.4f}   no {losses[1].item():.4f}")

# %% [markdown]
# 0.0003 for raw logits. Behind a sigmoid nothing can be surer than 1 or 0, and these are weak logits: a right
# yes still costs 0.3134 and a right no 0.6933. That is the symptom: a loss that falls at first and then sticks,
# somewhere between 0.31 and 0.69, while the answers are mostly right.
#
# ### Exercise 8.4 · loss_for
#
# Write it down as a function, from the name of a task to its loss module:
#
# | task | outputs | targets | loss |
# |---|---|---|---|
# | `"regression"` | numbers `(batch, 1)` | float32, the same shape | mean squared error |
# | `"binary"` | one raw logit a question `(batch, 1)` | float32, the same shape: 0 or 1 | one of the map's |
# | `"multiclass"` | raw logits `(batch, classes)` | int64 `(batch,)` | one of the map's |
# | anything else | | | `ValueError` |


# %% exercise="loss_for" points=1
def loss_for(task: str) -> nn.Module:
    """Give the loss module for a task, to be called with raw outputs and targets; it averages over the batch.

    task: "regression" (mean squared error), "binary" or "multiclass"
    returns: an instance of a loss module
    raises: ValueError for any other task
    """
    ### BEGIN SOLUTION
    losses = {"regression": nn.MSELoss, "binary": nn.BCEWithLogitsLoss, "multiclass": nn.CrossEntropyLoss}
    if task not in losses:
        raise ValueError(f"task is {task!r}; expected one of {', '.join(losses)}")
    return losses[task]()
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# "Raw" says that no sigmoid and no softmax stands before the loss. Two of the losses in the map take raw
# logits: which for one logit, which for many?
#
# </details>
# <details><summary>Hint 2</summary>
#
# `nn.MSELoss` is a class; `nn.MSELoss()` is a module that can be called with outputs and targets. For an
# unknown task, `raise ValueError(...)` with a text that says what was expected.
#
# </details>

# %% [markdown]
# ## The optimizer: a step with a memory
#
# `torch.optim.SGD` is the update of lesson 6. Others remember something between steps. To see what that
# buys, take a loss with two weights: a ravine, 100 times as curved across as along. Steep walls allow small
# steps only, and small steps take long to walk the flat floor. Three optimizers take 50 steps from the same
# place, with the same learning rate: 0.010. Which of the three leaves the picture first when you raise it?
# And which one makes the least way when you lower it?

# %% tags=["demo"]
widgets.optimizer_paths()

# %% [markdown]
# At 0.010 plain SGD creeps along the floor, to a loss of 2.93. Momentum adds up past gradients. Those across
# the ravine cancel, those along it pile up, so it comes down to 0.07, with a swing. Adam steps along a
# running mean of each weight's gradients, divided by their own recent size, so its path begins as a diagonal, however
# steep the wall.
#
# SGD is gone at 0.022, past the edge at 2 / 100 that lesson 6 gave. Momentum holds out to 0.035 and diverges
# at 0.040. Adam arrives with all rates from 0.100 to 1.000, but at 0.010 it has hardly moved: 7.60, and 17.39
# at the lowest rate. How long is a step of Adam's? Not the size of the gradients decides, but how they follow
# each other. The cell gives one weight 1,000 gradients, in four ways, and divides the length of its steps by
# the learning rate. Where will the steps be long?

# %% tags=["demo"]
torch.manual_seed(8)
stories = {
    "always 1": torch.ones(1000),
    "random": torch.randn(1000),
    "1 and -1 in turn": torch.tensor([1.0, -1.0]).repeat(500),
    "999 zeros, then 1": torch.eye(1000)[-1],
}
for name, gradients in stories.items():
    p = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.Adam([p], lr=0.001)
    places = [0.0]
    for gradient in gradients:
        p.grad = gradient[None]  # (1,)
        optimizer.step()
        places.append(p.item())
    lengths = torch.tensor(places).diff().abs() / 0.001  # (1000,)
    print(f"{name:18} mean step / lr {lengths.mean():.2f}   longest {lengths.max():.2f}")

# %% [markdown]
# With gradients that agree, a step is as long as the learning rate: 1.00. Where they contradict each other the
# running mean shrinks and its divisor does not: 0.18 of it on average for random ones, 0.05 for 1 and -1 in
# turn. And a gradient that comes as a surprise, after 999 zeros, makes a step of 2.51 learning rates. In none of
# the four does the *size* of the gradients matter: a thousand times as large, they give the same steps (the last
# section shows it). That is why Adam's usual rates, such as 0.001, carry over from one problem to the next better
# than SGD's, and why a rate that suits SGD says nothing about Adam.
#
# ## Parameter groups: not everyone walks at the same pace
#
# An optimizer keeps its parameters in *groups*, each with settings of its own. `model.parameters()` makes
# one group. A list of dicts makes several: each has `"params"`, and what it does not name is taken from the
# arguments behind the list. A typical use is a network of which one part has been trained before, and
# should change slowly.

# %%
slow, fast = nn.Linear(4, 8), nn.Linear(8, 2)
groups = [{"params": slow.parameters(), "lr": 0.001}, {"params": fast.parameters()}]
optimizer = torch.optim.SGD(groups, lr=0.1, momentum=0.9)
for group in optimizer.param_groups:
    print(len(group["params"]), "tensors, lr", group["lr"], "and momentum", group["momentum"])

# %% [markdown]
# The first group has its own learning rate, the second takes 0.1, and the momentum goes for both. Each
# parameter belongs in exactly one group. What if one stands somewhere twice?

# %%
both = fast.weight
for groups in ([{"params": [both]}, {"params": [both]}], [{"params": [both, both]}]):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            torch.optim.SGD(groups, lr=0.1)
        except ValueError as error:
            print(f"{len(groups)} groups   ValueError:", error)
    for warning in caught:
        print(f"{len(groups)} group    warning:", str(warning.message).split(";")[0])

# %% [markdown]
# In two groups it is an error; twice within one it is a warning only, and would be moved twice in a step. A
# parameter that is in no group never moves, and nothing tells you.
#
# ### Exercise 8.5 · make_optimizer
#
# For a model with `model.network`, as in your `TabularClassifier`, build an AdamW with two groups. (AdamW is Adam with
# *weight decay*, which takes a small share of every weight away in each step; the last section has its formula.)
#
# | group | parameters | learning rate | weight decay |
# |---|---|---|---|
# | first | weight and bias of the first `nn.Linear` in `model.network` | `first_lr` | `weight_decay` |
# | second | all other parameters of the model | `rest_lr` | `weight_decay` |
#
# The network may begin with something else than a Linear, and the model may have parameters outside
# `network`.


# %% exercise="make_optimizer" points=2
def make_optimizer(model: nn.Module, first_lr: float, rest_lr: float, weight_decay: float) -> torch.optim.Optimizer:
    """Make an AdamW whose first group is the first `nn.Linear` in `model.network`; the second is all the rest.

    model: has `network`, a sequence of modules with an `nn.Linear` among them, and perhaps other parts
    first_lr, rest_lr: the learning rates of the two groups; weight_decay: for both; all else is AdamW's default
    returns: an optimizer with two groups, each parameter of the model in exactly one of them
    """
    ### BEGIN SOLUTION
    first = next(module for module in model.network.modules() if isinstance(module, nn.Linear))
    first_params = list(first.parameters())
    rest_params = [p for p in model.parameters() if all(p is not q for q in first_params)]
    groups = [{"params": first_params, "lr": first_lr}, {"params": rest_params, "lr": rest_lr}]
    return torch.optim.AdamW(groups, weight_decay=weight_decay)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `model.network.modules()` walks through all modules inside, in order. `isinstance(module, nn.Linear)` says
# whether one is a Linear, and the first that is will do: a loop with `break`, or `next(...)`.
#
# </details>
# <details><summary>Hint 2</summary>
#
# The rest is every parameter of `model.parameters()` that is not one of the first layer's. Compare with
# `is`, or collect `id(p)` in a set; `p in some_list` would compare entries, and fail for other shapes.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `torch.optim.AdamW([{"params": ..., "lr": ...}, {"params": ..., "lr": ...}], weight_decay=...)`. A
# generator such as `first.parameters()` is used up after one pass: make it a list if you need it twice.
#
# </details>

# %% [markdown]
# ## The training step
#
# Now the right-hand column of the table at the top is complete, but for one line. Dropout and BatchNorm
# behave differently in training, so the step begins with `model.train()`: whoever looked at the model last
# may have left it in evaluation mode, and old gradients too.
#
# The order of the rest can vary, with one rule: between `backward()`, which writes the gradients, and
# `step()`, which reads them, nothing may clear them.

# %% tags=["prediction"]
predict(
    "the gradient that `step` finds, when `zero_grad` stands right before it",
    {
        "the one of this batch": "`backward` has written it, but it is cleared before anybody reads it.",
        "zeros": "Older versions wrote zeros; today the gradient is thrown away.",
        "None": "`zero_grad` throws the gradient away, so there is nothing to step along, and no error.",
    },
    answer=lambda: "None" if found is None else "zeros" if found.abs().max() == 0 else "the one of this batch",
)

# %%
torch.manual_seed(8)
x, y = torch.randn(32, 2).to(device), torch.randn(32, 1).to(device)  # (batch, features), (batch, 1)
model, criterion = nn.Linear(2, 1).to(device), nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(3):
    loss = criterion(model(x), y)
    loss.backward()
    optimizer.zero_grad()  # too early
    found = model.weight.grad
    optimizer.step()
    print(f"step {step}   loss {loss.item():.4f}   gradient {model.weight.grad}")

# %% [markdown]
# Three rounds, and the loss stays at 1.8596 to the last digit. Every gradient was computed, then erased
# before the optimizer read it. A loss that falls slowly has many causes; one that does not move at all has
# few: no gradients at the step, no step, or an optimizer that holds other parameters.
#
# ### Exercise 8.6 · train_step
#
# Write one training step, for any model, criterion and optimizer:
#
# | line | what it does |
# |---|---|
# | 1 | training mode |
# | 2 | clear the old gradients |
# | 3 | predict |
# | 4 | measure the loss |
# | 5 | compute gradients |
# | 6 | update |
# | 7 | return the loss as a Python float, so that nobody keeps its graph alive |


# %% exercise="train_step" points=3
def train_step(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    criterion: nn.Module,
    x_batch: torch.Tensor,
    y_batch: torch.Tensor,
) -> float:
    """Train the model on one batch, in training mode, by one step of the optimizer.

    The model may come in evaluation mode and with gradients from elsewhere; neither may matter.
    criterion: takes the model's raw outputs and y_batch
    returns: the loss before the update, as a float
    """
    ### BEGIN SOLUTION
    model.train()
    optimizer.zero_grad()
    y_hat = model(x_batch)
    loss = criterion(y_hat, y_batch)
    loss.backward()
    optimizer.step()
    return loss.item()
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Seven lines, one for each row of the table. `model.zero_grad()` or `optimizer.zero_grad()`, as you like,
# as long as it comes before `backward()`.
#
# </details>
# <details><summary>Hint 2</summary>
#
# The model is called with the batch, the criterion with what the model said and `y_batch`, in this order.
# `loss.item()` is the number in a 0-d tensor.
#
# </details>

# %% [markdown]
# ## The machine runs
#
# Everything you wrote comes together: the model, the loss, the optimizer and the step. The data are three
# spiral arms, which no straight line can part. An even guess among three classes costs $\log 3 = 1.10$.

# %% tags=["demo"]
torch.manual_seed(8)
labels = torch.arange(180) % 3  # (points,)
radius = torch.rand(180).sqrt()
angle = 4 * radius + labels * 2 * torch.pi / 3 + 0.1 * torch.randn(180)
points = torch.stack((radius * angle.cos(), radius * angle.sin()), dim=1).to(device)  # (points, 2)
labels = labels.to(device)

model = TabularClassifier(input_dim=2, num_classes=3).to(device)
optimizer = make_optimizer(model, first_lr=0.01, rest_lr=0.01, weight_decay=0.01)
criterion = loss_for("multiclass")
for step in range(101):
    loss = train_step(model, optimizer, criterion, points, labels)
    if step % 25 == 0:
        print(f"step {step:3}   loss {loss:.4f}")

# %% [markdown]
# The loss starts at 1.0913, near an even guess, and ends at 0.0119. What has the model
# learned? The picture asks it for every place of the plane, in evaluation mode. Points and places have the
# same colour where it is right.

# %% tags=["demo"]
print(count_parameters(model), "parameters draw these borders")
check_shape(model(points), ("points", 3))
plots.plot_regions(model, points, labels)

# %% [markdown]
# It has bent the plane into three arms, and all 180 points lie on the right ground. It saw every one of them
# in training, so this shows that the machine runs, not how it fares with points that it has never seen: that
# is lesson 9.
#
# ## Feeding the machine: a data set and its loader
#
# All 180 points went through each step at once. Real data come in batches, and two classes hand them out. A
# `Dataset` says how many samples there are, and gives one by its index. A `DataLoader` asks it for samples,
# and stacks them into batches. `TensorDataset` is a ready-made one for tensors. Ten samples, four at a time:
# how many batches come?

# %%
data = TensorDataset(torch.arange(10.0), 10 * torch.arange(10))
print("one sample:", data[3])
for drop_last in (False, True):
    loader = DataLoader(data, batch_size=4, drop_last=drop_last)
    print(f"drop_last={drop_last!s:6}", [x.tolist() for x, y in loader])

# %% [markdown]
# Three, the last of two samples; `drop_last=True` leaves that one out. Four settings stand in nearly every
# call of `DataLoader`:
#
# | setting | what it does | usual values |
# |---|---|---|
# | `batch_size` | samples in one step | 32 to 256, often a power of two; more if they fit on a GPU, fewer if not |
# | `shuffle` | another order in each epoch | `True` for training, `False` for validation |
# | `drop_last` | leaves out a last batch that is not full | `False`; `True` where a tiny batch does harm |
# | `num_workers` | processes that prepare samples while the model computes | 0 for data in memory; 2 to 8 for files |
#
# (Workers are processes of their own, and most systems start them afresh. They need your data set in a file
# that they can import; one that is written in a notebook they do not find.)
#
# When does a tiny batch do harm? BatchNorm takes a mean over the batch. What can it do with one sample?

# %%
for samples in (2, 1):
    try:
        print(samples, "samples:", tuple(nn.BatchNorm1d(3)(torch.randn(samples, 3)).shape))
    except ValueError as error:
        print(samples, "sample:  ValueError:", error)

# %% [markdown]
# It refuses, and a training run of hours ends at the last batch of its first epoch: 1,025 samples in batches
# of 64 leave one over. `drop_last=True` prevents that, and shuffling lets another sample go without each time.
#
# Your own `Dataset` needs two methods, and is worth it as soon as a sample has to be made: read from a file,
# or changed. A *transform* that changes each sample a little on every look, by some noise, a shift, a
# flip, is called *data augmentation*. The network never sees the same numbers twice, so it cannot learn them
# by heart. That works only if the transform runs in the right place.
#
# ### Exercise 8.7 · TableDataset
#
# Write a data set of rows and labels. For the features `[[1., 2.], [3., 4.], [5., 7.]]`, the labels
# `[0, 20, 10]` and `transform = lambda x: 2 * x`:
#
# | call | result |
# |---|---|
# | `data = TableDataset(features, labels, transform)` | nothing is transformed yet |
# | `len(data)` | 3 |
# | `data[1]` | `(tensor([6., 8.]), tensor(20))` |
# | `data[-1]` | `(tensor([10., 14.]), tensor(10))` |


# %% exercise="TableDataset" points=2
class TableDataset(Dataset):
    """The rows of a table with their labels; `data[i]` is the sample `(features[i], labels[i])`.

    features: (n, ...); labels: (n, ...); transform: a function of the features of one sample, or None
    data[i]: every look calls the transform once, with features[i], and gives what it returns in the place of
        features[i]; the label stays as it is. i may be negative, as in a list
    len(data): n

    Features and labels stay as they are.
    """

    def __init__(self, features: torch.Tensor, labels: torch.Tensor, transform=None):
        ### BEGIN SOLUTION
        self.features, self.labels, self.transform = features, labels, transform
        ### END SOLUTION

    def __len__(self) -> int:
        ### BEGIN SOLUTION
        return len(self.features)
        ### END SOLUTION

    def __getitem__(self, i: int) -> tuple:
        ### BEGIN SOLUTION
        x = self.features[i]
        if self.transform is not None:
            x = self.transform(x)
        return x, self.labels[i]
        ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `__init__` only keeps what it is given, in three attributes of `self`. `len(data)` calls `__len__`, and
# `data[1]` calls `__getitem__` with 1.
#
# </details>
# <details><summary>Hint 2</summary>
#
# In `__getitem__`: take the row, then, if there is a transform, what it makes of the row. Return that and the
# label, which no transform touches. A tensor's own index copes with -1.
#
# </details>

# %% [markdown]
# ### Break it · augmentation that repeats
#
# What if the transform runs once, when the data set is made? The code is shorter, and each epoch faster.
# Three looks at the first point of the spiral, in both ways:


# %%
def nudge(x):
    return x + 0.05 * torch.randn(2)


torch.manual_seed(8)
features, classes = points.cpu(), labels.cpu()  # (points, 2), (points,)
once = TensorDataset(torch.stack([nudge(x) for x in features]), classes)
each = TableDataset(features, classes, nudge)
for name, data in {"once": once, "on each look": each}.items():
    print(f"{name:13}", [[round(v, 3) for v in data[0][0].tolist()] for look in range(3)])

# %% [markdown]
# The same noise three times, and the network will learn it by heart like everything else; nothing fails, and
# nothing is gained. On each look, the same point is somewhere else.
#
# ## A learning rate with a plan
#
# So far the learning rate was one number. Two moments of a run want another one. The **first** steps start
# from random weights, and follow gradients that say little about where things will end; Adam takes them at
# full length all the same. And near the **end** a rate that was right for the way is too large for the goal: a
# batch's gradient is off by chance, and every step carries that error into the weights.
#
# A *learning-rate schedule* is a rate for each step. The most common one today begins with a *warm-up*, in
# which the rate rises in equal parts, and then follows half a cosine down to 0: flat at first, steep in the
# middle, flat at the end.
#
# ### Exercise 8.8 · warmup_cosine
#
# Write this schedule. After the warm-up, with $u = (\text{step} - \text{warmup}) / (\text{total} -
# \text{warmup})$, the share of the way that is done, the rate is $\text{peak} \cdot (1 + \cos \pi u) / 2$. For
# `warmup=4, total=12, peak=0.5`:
#
# | step | 0 | 1 | 2 | 3 | 4 | 6 | 8 | 10 | 12 and later |
# |---|---|---|---|---|---|---|---|---|---|
# | | 1/4 of the peak | 2/4 | 3/4 | 4/4 | $u = 0$ | $u = 1/4$ | $u = 1/2$ | $u = 3/4$ | |
# | rate | 0.125 | 0.25 | 0.375 | 0.5 | 0.5 | 0.427 | 0.25 | 0.073 | 0 |


# %% exercise="warmup_cosine" points=2
def warmup_cosine(step: int, warmup: int, total: int, peak: float) -> float:
    """Give the learning rate of a step: up to `peak` in equal parts, then down to 0 along half a cosine.

    step: 0 for the first; from 0 to warmup - 1 the rate is peak * (step + 1) / warmup
    warmup: 0 <= warmup < total; with 0 there is no warm-up, and step 0 has the peak
    total: the step at which the cosine has reached 0; there and after it the rate is 0
    returns: a float, from 0 to peak

    Step `warmup` has the peak too: there the cosine begins.
    """
    ### BEGIN SOLUTION
    if step >= total:
        return 0.0
    if step < warmup:
        return peak * (step + 1) / warmup
    share = (step - warmup) / (total - warmup)
    return peak * (1 + math.cos(math.pi * share)) / 2
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Three cases, each with a `return` of its own: after the end, in the warm-up, in between. If the first two
# have returned, the third needs no condition, and nobody divides by a warm-up of 0.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `math.cos` and `math.pi` work on plain numbers. The cosine goes from 1 at $u = 0$ to -1 at $u = 1$; adding 1
# and halving brings that to 1 and 0.
#
# </details>

# %% [markdown]
# PyTorch puts the same schedule together from two of its own, `LinearLR` and `CosineAnnealingLR`. Or it takes
# yours: `LambdaLR` multiplies the rate of each group with what a function says of the step. In both cases
# `scheduler.step()` comes once a step, after `optimizer.step()`. Do the three agree, also after the end?

# %%
optimizers = [torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.5) for _ in range(2)]
rise = torch.optim.lr_scheduler.LinearLR(optimizers[0], start_factor=1 / 4, total_iters=3)
fall = torch.optim.lr_scheduler.CosineAnnealingLR(optimizers[0], T_max=8)
schedulers = [
    torch.optim.lr_scheduler.SequentialLR(optimizers[0], [rise, fall], milestones=[4]),
    torch.optim.lr_scheduler.LambdaLR(optimizers[1], lambda step: warmup_cosine(step, 4, 12, peak=1.0)),
]
for step in range(15):
    yours, (theirs, both) = warmup_cosine(step, 4, 12, 0.5), (s.get_last_lr()[0] for s in schedulers)
    print(f"step {step:2}   yours {yours:.3f}   PyTorch's {theirs:.3f}   yours in PyTorch's {both:.3f}")
    for optimizer, scheduler in zip(optimizers, schedulers, strict=True):
        optimizer.step()
        scheduler.step()

# %% [markdown]
# Up to step 12 all three agree. Then PyTorch's cosine rises again, because nobody has told it to stop: a run
# that is longer than its schedule gets large steps at its very end. Yours stays at 0. (Other code counts epochs
# in its schedule, and calls `scheduler.step()` once an epoch. Both are right, and a mixture of both is not.)
#
# What does it buy? Let 100 weights walk towards 0, each with a gradient that is off by chance, as a batch's
# is. With a rate of 0.3 all the way, what will keep them from arriving?


# %% tags=["demo"]
def walk(rates):
    torch.manual_seed(8)
    weights, distances = torch.full((100,), 5.0), []
    for rate in rates:
        gradients = weights + torch.randn(100)  # the true ones, and what a batch gets wrong
        weights = weights - rate * gradients
        distances.append(weights.abs().mean().item())
    return distances


schedule = [warmup_cosine(step, 20, 200, 0.3) for step in range(200)]
rates = {"constant": [0.3] * 200, "schedule": schedule}
plots.plot_schedule(rates, {name: walk(own) for name, own in rates.items()})

# %% [markdown]
# The constant rate arrives after ten steps, and then goes nowhere: at a distance of about 0.35, each step
# carries as much error in as it takes distance away. The schedule arrives ten steps later; but as its rate
# falls the errors average out, and it ends at 0.10. Here the warm-up only costs time. It is meant for
# trainings whose first gradients mislead, such as those of deep Transformers; lesson 10 uses it with a small one.
#
# ## Gradients that are too long
#
# One strange batch can undo a thousand good ones: a typing error among the targets makes a gradient a hundred
# times as long as usual, and the step that follows it leads out of the valley. *Gradient clipping* sets a
# limit. The gradients of all parameters, laid end to end, are one long vector, and its length is their *norm*:
# the root of the sum of all squared entries. If it is above `max_norm`, **all** of them are multiplied with
# the same factor, so that the norm becomes `max_norm`. The direction stays; only the step gets shorter.
#
# ### Exercise 8.9 · clip_gradients_
#
# Write it, as `torch.nn.utils.clip_grad_norm_` does it. For two parameters with the gradients `[2., 4.]` and
# `[[4.]]`, the norm is $\sqrt{4 + 16 + 16} = 6$:
#
# | `max_norm` | factor | gradients afterwards | returned |
# |---:|---:|---|---|
# | 3 | 0.5 | `[1., 2.]` and `[[2.]]` | `tensor(6.)` |
# | 100 | none | `[2., 4.]` and `[[4.]]`, as they were | `tensor(6.)` |


# %% exercise="clip_gradients_" points=2
def clip_gradients_(parameters, max_norm: float) -> torch.Tensor:
    """Shorten all gradients together, in place, so that their common norm is at most `max_norm`.

    parameters: a list of them, or a generator, such as `model.parameters()`, which can be gone through once;
        one whose gradient is None counts for nothing and keeps None; at least one has a gradient
    max_norm: above 0; gradients whose norm is not above it stay as they are
    returns: the norm before, over all gradients, a 0-d tensor

    Build it from the norm of each gradient and arithmetic; no `clip_grad_norm_`, no `get_total_norm`.
    The parameters themselves stay as they are.
    """
    ### BEGIN SOLUTION
    gradients = [p.grad for p in parameters if p.grad is not None]
    norm = torch.stack([gradient.norm() for gradient in gradients]).norm()
    if norm > max_norm:
        for gradient in gradients:
            gradient *= max_norm / norm
    return norm
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# You need the gradients twice: once to measure, once to shorten. Collect those that are not None in a list
# first.
#
# </details>
# <details><summary>Hint 2</summary>
#
# The sum of all squares is a sum over the gradients of `(gradient**2).sum()`; one root at the end. (The root
# of each, squared and added, is the same: `norm()` of the single norms.)
#
# </details>
# <details><summary>Hint 3</summary>
#
# If the norm is above `max_norm`, each gradient is changed in place, `gradient *= ...`, by the same factor. In
# both cases the norm from before is returned.
#
# </details>

# %% [markdown]
# Its place is between `backward()`, which writes the gradients, and `step()`, which reads them. The cell fits
# the line $y = 3x + 1$, and in step 20 one of 32 targets is 10,000 by mistake. How many steps will it take to
# get over that, without a limit and with one?

# %%
for max_norm in (math.inf, 5.0):
    torch.manual_seed(8)
    model, criterion = nn.Linear(1, 1), nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for step in range(41):
        x = torch.randn(32, 1)  # (batch, 1)
        y = 3 * x + 1
        if step == 20:
            y[0] = 10_000
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        norm = clip_gradients_(model.parameters(), max_norm)
        optimizer.step()
        if step in (19, 21, 40):
            print(f"limit {max_norm:3}   step {step}   loss {loss:10.4f}   norm {norm:8.4f}")

# %% [markdown]
# Without a limit the bad batch throws the line off to a loss of 5888, and twenty steps later it is at 1.19,
# far from where it was. With one it is 0.25, and soon forgotten. The norm is worth printing in every long run:
# it jumps before anybody sees why. A usual limit is 1.0; take one that ordinary steps seldom reach.
#
# Now all of it in one loop, on the spiral with its points nudged. This is how training code looks that you
# will read elsewhere:

# %% tags=["demo"]
torch.manual_seed(8)
loader = DataLoader(each, batch_size=32, shuffle=True)
model, total = TabularClassifier(input_dim=2, num_classes=3).to(device), 40 * len(loader)
optimizer = make_optimizer(model, first_lr=0.01, rest_lr=0.01, weight_decay=0.01)
scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: warmup_cosine(step, 20, total, 1.0))
criterion = loss_for("multiclass")
for epoch in range(40):
    for x, y in loader:
        model.train()
        optimizer.zero_grad()
        loss = criterion(model(x.to(device)), y.to(device))
        loss.backward()
        clip_gradients_(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
    if epoch % 13 == 0:
        rate = scheduler.get_last_lr()[0]
        print(f"epoch {epoch:2}   loss of the last batch {loss:.2f}   rate {rate:.4f}")
right = (model.eval()(points).argmax(dim=1) == labels).sum().item()
print(right, "of 180 points, without the noise, are right")

# %% [markdown]
# It falls to a small loss although no point ever comes twice in the same place, and the last rate is 0. What
# is still missing is a look at points that were never in the loader: lesson 9 begins there.
#
# ## AdamW, from its formula
#
# The default optimizer of most of today's training fits into five formulas. For each parameter $p$ it keeps a
# running mean $m$ of the gradient $g$, another, $v$, of its square, and counts its steps, $t$:
#
# $$m \leftarrow \beta_1 m + (1 - \beta_1)\, g \qquad v \leftarrow \beta_2 v + (1 - \beta_2)\, g^2$$
#
# $$\hat m = \frac{m}{1 - \beta_1^t} \qquad \hat v = \frac{v}{1 - \beta_2^t}$$
#
# $$p \leftarrow p - \text{lr} \cdot \lambda \cdot p - \text{lr} \cdot \frac{\hat m}{\sqrt{\hat v} + \text{eps}}$$
#
# Both means start at 0, so at first they are too small. The second row makes up for that, and is called
# *bias correction*. In the third row, $\lambda$ is the weight decay: it takes a share of the weight itself, and
# stays out of $m$ and $v$. That is the W in AdamW; Adam adds the decay to $g$ instead.
#
# Two steps of one weight, from $p = 1$, with `lr=0.1`, `betas=(0.9, 0.99)`, `weight_decay=0.1`, and an `eps`
# too small to see:
#
# | $t$ | $g$ | $m$ | $v$ | $\hat m$ | $\hat v$ | $p$ |
# |---:|---:|---:|---:|---:|---:|---:|
# | 1 | 2 | 0.2 | 0.04 | 2 | 4 | $1 - 0.01 - 0.1 = 0.89$ |
# | 2 | 1 | 0.28 | 0.0496 | 1.4737 | 2.4925 | $0.89 - 0.0089 - 0.0933 = 0.7878$ |
#
# The next cell asks PyTorch, with these gradients and with gradients a thousand times as large.

# %% tags=["prediction"]
predict(
    "how far AdamW goes with gradients a thousand times as large",
    {
        "as far as before": "The step is divided by the size of the gradients, so the factor cancels.",
        "a thousand times as far": "Gradient descent would; Adam divides by the size of the gradients.",
    },
    answer=lambda: "as far as before" if way < 1 else "a thousand times as far",
)

# %%
for scale in (1.0, 1000.0):
    p = torch.ones(1, requires_grad=True)
    optimizer = torch.optim.AdamW([p], lr=0.1, betas=(0.9, 0.99), weight_decay=0.1)
    for gradient in (2.0, 1.0):
        p.grad = torch.tensor([scale * gradient])
        optimizer.step()
        print(f"gradient {p.grad.item():6.0f}   p {p.item():.4f}")
way = abs(p.item() - 1)  # with the large ones

# %% [markdown]
# The same 0.8900 and 0.7878. A factor in the gradients cancels in $\hat m / \sqrt{\hat v}$ (as long as they are
# large beside `eps`), so the step does not change.
#
# ### Exercise 8.10 · adam_update_ (challenge)
#
# Write the five formulas for a list of parameters. Two things to mind: a parameter whose gradient is `None` was
# not used, and is left as it is, so that it may be behind the others in $t$; and the weights change in place,
# while autograd is not looking.


# %% exercise="adam_update_" points=4
def adam_update_(params: list, states: list[dict], lr: float, betas: tuple, eps: float, weight_decay: float) -> None:
    """Take one AdamW step, as `torch.optim.AdamW` takes it; the parameters change in place.

    params: leaves that require grad, and still do afterwards; where `p.grad` is None, p is left as it is
    states: one dict a parameter, empty before the first step, the same ones in every step; yours to fill
    betas: (beta1, beta2), for the running means of the gradient and of its square

    Build it from arithmetic; no `torch.optim`.
    """
    ### BEGIN SOLUTION
    beta1, beta2 = betas
    with torch.no_grad():
        for p, state in zip(params, states, strict=True):
            if p.grad is None:
                continue
            if not state:
                state.update(step=0, m=torch.zeros_like(p), v=torch.zeros_like(p))
            state["step"] += 1
            state["m"] = beta1 * state["m"] + (1 - beta1) * p.grad
            state["v"] = beta2 * state["v"] + (1 - beta2) * p.grad**2
            m_hat = state["m"] / (1 - beta1 ** state["step"])
            v_hat = state["v"] / (1 - beta2 ** state["step"])
            p -= lr * weight_decay * p
            p -= lr * m_hat / (v_hat.sqrt() + eps)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Loop over `zip(params, states)`. For each parameter, do the five formulas in their order. What
# must survive until the next call goes into `state`: $m$, $v$ and $t$.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Begin with `if not state:` and fill the dict with zeros like `p`, and a step counter 0. The counter is the
# parameter's own, because one without a gradient skips the step.
#
# </details>
# <details><summary>Hint 3</summary>
#
# All of it stands under `torch.no_grad()`, and the last two lines change `p` itself: `p -= ...`, or
# `p.sub_(...)`. Writing `p = p - ...` would give the name `p` to a new tensor, and the model would never
# hear of it.
#
# </details>

# %% [markdown] question="why_registration" points=0
# ## In your own words
#
# A classmate keeps the hidden layers of a model in a plain Python list. There is no error. The loss falls a
# little, then stops. Later the saved model gives other answers than before. In four to six sentences: what
# do `parameters()` and `state_dict()` see of this model, how does that explain both symptoms, and why is
# there no error?
#
# ### BEGIN SOLUTION
# A module registers what is assigned to an attribute of `self` if it is a parameter or another module. A list
# is neither, so the layers inside it are not registered, and `parameters()` gives only those of the other
# layers. The optimizer moves these, which lowers the loss somewhat, while the hidden layers keep the random
# weights that they began with, so the loss stops early. `state_dict()` has no entry for the hidden layers
# either. Loading it into a new model restores the registered layers and leaves the hidden ones at new random
# weights, which the trained last layer has never seen, so the answers differ. There is no error because
# `forward` can still call the layers, and gradients even reach them: nobody takes a step along them.
# `nn.ModuleList`, or `nn.Sequential`, registers the layers.
# ### END SOLUTION

# %% [markdown]
# ## Summary
#
# | step | its professional twin | what it does for you |
# |---|---|---|
# | 1 · predict | `model(x_batch)` | runs `forward`; `train()` and `eval()` set the mode first |
# | 2 · measure the loss | `criterion(y_hat, y_batch)` | pairs raw outputs with targets, safely |
# | 3 · compute gradients | `loss.backward()` | adds to every `p.grad` |
# | 4 · update | `optimizer.step()` | moves every parameter in its groups, with a memory |
# | 5 · reset | `optimizer.zero_grad()` | clears every gradient, at any time but between 3 and 4 |
#
# - A module registers parameters and modules that are attributes of `self`. What it does not register is not
#   trained, saved or moved, and does not switch to evaluation mode.
# - Layers are made in `__init__`, after `super().__init__()`, and used in `forward`. Several of them go into
#   `nn.Sequential` or `nn.ModuleList`, not into a list.
# - The task fixes the output, the loss and the targets. Models end in raw outputs.
# - Parameter groups give parts of a model settings of their own; each parameter is in exactly one.
# - A `Dataset` gives one sample by its index, and changes it on the way if it has a transform; a `DataLoader`
#   shuffles samples and stacks them into batches.
# - A learning-rate schedule sets the rate of each step: a warm-up, then half a cosine down to 0. Clipping
#   shortens all gradients together, between `backward()` and `step()`.
# - Momentum adds up gradients. Adam gives each weight a step of its own: as long as the learning rate where the
#   gradients agree, shorter where they contradict each other. AdamW's decay acts on the weights alone.
#
# **Next:** in lesson 9 the machine meets real data: validation, overfitting, and how to stop in time.
