# %% [markdown]
# # The clinic: programs that run and are wrong
#
# Fourteen people have sent in programs that run from the first line to the last without an error, and do not
# do what they should. An error message names a line; these have none. All there is to go by is a symptom,
# and that is how most faults in training code are met.
#
# **When you are through, you can**
#
# - read a symptom (a flat loss, one that swings, a score too good to be true) and name its usual suspects;
# - find the one line, with a print in the right place rather than with a guess;
# - tell a mend from a bandage: what makes the symptom smaller and leaves the fault where it is.
#
# **Time:** about two hours; each case is complete in itself, so ten minutes are enough for one.
#
# **You need:** lessons 5 to 9, and lesson 10 for the thirteenth case.

# %% [markdown]
# ## How the clinic works
#
# Every case has a report, the program, its check, a cell that shows the symptom, and hints. Three rules:
#
# - **See the symptom first.** Run the program's cell, then the cell below the check: it prints what the report
#   quotes, number by number.
# - **Mend the least that helps.** Mostly one line is to be changed, moved or added. The check judges what the
#   program does, not how it is written, so a rewrite that is right passes too. What the program is meant to do
#   stands in its docstring; learning rates and numbers of steps are the owner's choice, and stay.
# - **Run the symptom's cell again** when the check has passed, and look at what has become of it.
#
# As long as a program does what it did when it came, its check counts it as not attempted. All programs are
# small and run on the CPU, so that the numbers are the same everywhere.

# %%
import torch
import torch.nn.functional as F
from torch import nn

from course_utils import check, predict

# %% [markdown]
# ## The loss that does not fall
#
# ### Exercise 1 · fit_rents
#
# > I fit rents with a line, as in lesson 6. The rents follow from size and age to the cent, so the loss should
# > go to 0. It goes down to the variance of the rents, and stays there. And the line predicts the same
# > rent for every flat! I have tried ten learning rates. What I see:
# >
# > ```text
# > loss at step   0: 2.33
# > loss at step 100: 1.20
# > loss at step 299: 1.20
# > rents:        0.7  1.1  1.4  2.2
# > predictions:  1.1  1.1  1.1  1.1
# > ```


# %% exercise="fit_rents" points=1
def fit_rents(x: torch.Tensor, y: torch.Tensor, lr: float, steps: int) -> tuple:
    """Fit a line to rents by gradient descent on the mean squared error, from weights of zero.

    x: (n, d), what is known of each flat; y: (n,), its rent
    returns: W (d, 1), b (1,), and a list with the loss of each step, before its update
    """
    W = torch.zeros(x.shape[1], 1, requires_grad=True)
    b = torch.zeros(1, requires_grad=True)
    losses = []
    for _ in range(steps):
        y_hat = x @ W + b
        ### BEGIN SOLUTION
        loss = ((y_hat.squeeze(1) - y) ** 2).mean()  # (n, 1) -> (n,), like y
        ### INSTEAD OF
        # loss = ((y_hat - y) ** 2).mean()
        ### END SOLUTION
        loss.backward()
        with torch.no_grad():
            for p in (W, b):
                p -= lr * p.grad
                p.grad = None
        losses.append(loss.item())
    return W.detach(), b.detach(), losses


# %% [markdown]
# The symptom, on 200 flats:

# %% tags=["demo"]
torch.manual_seed(0)
x = torch.randn(200, 2)  # (flats, size and age)
y = 1 + x[:, 0] - 0.7 * x[:, 1]  # (flats,)
W, b, losses = fit_rents(x, y, lr=0.1, steps=300)
for step in (0, 100, 299):
    print(f"loss at step {step:3}: {losses[step]:.2f}")
print("rents:      ", *(f"{rent:4.1f}" for rent in y[:4]))
print("predictions:", *(f"{rent:4.1f}" for rent in (x @ W + b)[:4].flatten()))

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The best that a line can do for *every pair* of a flat and a rent is the mean rent. Which line of the
# program could bring every flat together with every rent?
#
# </details>
# <details><summary>Hint 2</summary>
#
# Print `y_hat.shape`, `y.shape` and the shape of their difference. Lesson 5 broke a loss in this way.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `(n, 1) - (n,)` broadcasts to `(n, n)`. Give both the same shape before you subtract.
#
# </details>

# %% [markdown]
# ### Exercise 2 · fit_by_hand
#
# > No optimizer, I update the weights by hand, inside `no_grad` as one should. The gradients are there, I
# > printed them, and they are not zero. But the loss is the same at every step, to the last digit:
# >
# > ```text
# > loss at step  0: 4.3811
# > loss at step  1: 4.3811
# > loss at step 49: 4.3811
# > ```


# %% exercise="fit_by_hand" points=1
def fit_by_hand(x: torch.Tensor, y: torch.Tensor, lr: float, steps: int) -> tuple:
    """Fit a line by gradient descent on the mean squared error, from weights of zero.

    x: (n, d); y: (n, 1)
    returns: W (d, 1), b (1,), and a list with the loss of each step, before its update
    """
    params = [torch.zeros(x.shape[1], 1), torch.zeros(1)]
    for p in params:
        p.requires_grad_()
    losses = []
    for _ in range(steps):
        W, b = params
        loss = F.mse_loss(x @ W + b, y)
        grads = torch.autograd.grad(loss, params)
        with torch.no_grad():
            for p, grad in zip(params, grads, strict=True):
                ### BEGIN SOLUTION
                p -= lr * grad  # in the tensor's own memory
                ### INSTEAD OF
                # p = p - lr * grad
                ### END SOLUTION
        losses.append(loss.item())
    W, b = params
    return W.detach(), b.detach(), losses


# %% [markdown]
# The symptom:

# %% tags=["demo"]
torch.manual_seed(0)
x = torch.randn(100, 3)
y = x @ torch.tensor([[1.0], [2.0], [-0.5]])  # (100, 3) @ (3, 1) -> (100, 1)
W, b, losses = fit_by_hand(x, y, lr=0.1, steps=50)
for step in (0, 1, 49):
    print(f"loss at step {step:2}: {losses[step]:.4f}")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Gradients arrive, and no weight moves: the fault is in the update. Print `params[0]` before and after it.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `p` is a name. After `p = something`, which tensor does the list hold?
#
# </details>
# <details><summary>Hint 3</summary>
#
# A new tensor was made and forgotten in every step. An update in place (`-=`, `sub_`, `copy_`) changes the
# tensor that the list holds.
#
# </details>

# %% [markdown]
# ### Exercise 3 · train_on_batches
#
# > I have every line of the five steps: zero, predict, loss, backward, step. Still the loss does not move.
# > I took Adam, I took SGD, I took a learning rate of 100. The mean loss of my epochs:
# >
# > ```text
# > epoch 0: 1.0191
# > epoch 1: 1.0191
# > epoch 9: 1.0191
# > ```


# %% exercise="train_on_batches" points=1
def train_on_batches(model: nn.Module, batches: list, lr: float, epochs: int) -> list:
    """Train a classifier with SGD.

    model: gives logits (rows, classes); batches: pairs of features (rows, d) and labels (rows,)
    returns: for each epoch the mean of the batches' losses, a float
    """
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    means = []
    for _ in range(epochs):
        total = 0.0
        for x, y in batches:
            loss = F.cross_entropy(model(x), y)
            total += loss.item()
            ### BEGIN SOLUTION
            optimizer.zero_grad()  # the old gradients go before the new ones come
            loss.backward()  # and then nothing touches them
            ### INSTEAD OF
            # loss.backward()
            # optimizer.zero_grad()
            ### END SOLUTION
            optimizer.step()
        means.append(total / len(batches))
    return means


# %% [markdown]
# The symptom:

# %% tags=["demo"]
torch.manual_seed(0)
x = torch.randn(8, 16, 2)  # (batches, rows, features)
batches = [(features, (features[:, 0] > 0).long() + (features[:, 1] > 1)) for features in x]
means = train_on_batches(nn.Linear(2, 3), batches, lr=0.5, epochs=10)
for epoch in (0, 1, 9):
    print(f"epoch {epoch}: {means[epoch]:.4f}")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# What does the optimizer find when it takes its step? Print `model.weight.grad` on the line above
# `optimizer.step()`.
#
# </details>
# <details><summary>Hint 2</summary>
#
# All lines are there; their order is what counts. What stands between `backward()`, which writes the
# gradients, and `step()`, which reads them?
#
# </details>

# %% [markdown]
# ### Exercise 4 · fit_waves
#
# > My model starts well, and then the loss climbs back up, falls, climbs. I call it the pendulum. With a
# > smaller learning rate it swings more slowly. It never comes to rest:
# >
# > ```text
# > loss at step   0: 5.34
# > loss at step  10: 0.48
# > loss at step  20: 3.37
# > loss at step  30: 3.72
# > loss at step  40: 0.67
# > loss at step 199: 0.47
# > ```


# %% exercise="fit_waves" points=1
def fit_waves(model: nn.Module, x: torch.Tensor, y: torch.Tensor, lr: float, steps: int) -> list:
    """Train a regression with plain SGD on the whole set, once a step.

    model: (n, d) -> (n, 1), with no gradients from before; x: (n, d); y: (n, 1)
    returns: the loss of each step, before its update, as floats
    """
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        loss = F.mse_loss(model(x), y)
        ### BEGIN SOLUTION
        optimizer.zero_grad()
        ### INSTEAD OF
        ### END SOLUTION
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


# %% [markdown]
# The symptom. The question is for the program as it stands now, so ask yourself again when you have mended it.

# %% tags=["prediction"]
predict(
    "the loss at step 199",
    {
        "below 0.1": "Plain descent on a line comes to rest at the lowest point.",
        "above 0.1": "What is carried from step to step takes it through the lowest point and up again.",
    },
    answer=lambda: "below 0.1" if losses[199] < 0.1 else "above 0.1",
)

# %% tags=["demo"]
torch.manual_seed(0)
x = torch.randn(100, 2)
y = x @ torch.tensor([[2.0], [-1.0]])  # (100, 2) @ (2, 1) -> (100, 1)
losses = fit_waves(nn.Linear(2, 1), x, y, lr=0.01, steps=200)
for step in (0, 10, 20, 30, 40, 199):
    print(f"loss at step {step:3}: {losses[step]:.2f}")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# A pendulum swings through the lowest point because it keeps its speed. What in this program is kept from
# one step to the next, beside the weights?
#
# </details>
# <details><summary>Hint 2</summary>
#
# `backward()` adds to the gradients that are there. Of the five steps, which is missing?
#
# </details>

# %% [markdown]
# ### Exercise 5 · epoch_of_batches
#
# > My data is easy: whoever looks at a plot sees the two classes. My model learns nothing from it whatever. Its
# > loss on the *training* set never gets below log 2 = 0.69, that of somebody who throws a coin. Without shuffling it
# > learns at once, but I was told to shuffle:
# >
# > ```text
# > loss after  1 epoch:  0.82
# > loss after 20 epochs: 0.74
# > ```


# %% exercise="epoch_of_batches" points=1
def epoch_of_batches(X: torch.Tensor, y: torch.Tensor, batch_size: int, generator: torch.Generator):
    """Go through all rows once, in an order that the generator draws anew for each epoch.

    X: (n, ...), features; y: (n, ...), labels, row by row
    yields: pairs of features and labels, batch_size rows each; the last may have fewer
    """
    ### BEGIN SOLUTION
    order = torch.randperm(len(X), generator=generator)  # one for both
    X, y = X[order], y[order]
    ### INSTEAD OF
    #
    # def shuffled(t):
    #     return t[torch.randperm(len(t), generator=generator)]
    #
    # X, y = shuffled(X), shuffled(y)
    ### END SOLUTION
    for start in range(0, len(X), batch_size):
        rows = slice(start, start + batch_size)
        yield X[rows], y[rows]


# %% [markdown]
# The symptom: a linear classifier on two classes that lie far apart.

# %% tags=["demo"]
generator = torch.Generator().manual_seed(0)
y = (torch.rand(200, generator=generator) < 0.5).float()  # (rows,)
X = torch.randn(200, 2, generator=generator) + 4 * y[:, None] - 2  # (rows, 2)
w = torch.zeros(2)
for epoch in range(1, 21):
    for features, labels in epoch_of_batches(X, y, 20, generator):
        w += 0.1 * features.T @ (labels - torch.sigmoid(features @ w)) / 20  # (2, 20) @ (20,) -> (2,)
    if epoch in (1, 20):
        loss = F.binary_cross_entropy_with_logits(X @ w, y)  # (200, 2) @ (2,) -> (200,)
        print(f"loss after {epoch:2} {'epoch: ' if epoch == 1 else 'epochs:'} {loss:.2f}")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The model is not at fault: it learns without shuffling. Take `X = torch.arange(6)` and `y = torch.arange(6)`
# and print the batches. What do you expect of each pair?
#
# </details>
# <details><summary>Hint 2</summary>
#
# How often does `randperm` run in one epoch, and does it draw the same order each time?
#
# </details>
# <details><summary>Hint 3</summary>
#
# Draw one order, and index both tensors with it.
#
# </details>

# %% [markdown]
# ### Exercise 6 · train_shop
#
# > A classifier for three kinds of customer. It gets every one of them right, and the loss still says
# > otherwise: it creeps towards 0.55 and not a step further. I am told a loss of 0.55 is bad. Whom do I
# > believe?
# >
# > ```text
# > loss at step   0: 1.2187
# > loss at step 100: 0.5835
# > loss at step 999: 0.5547
# > right: 60 of 60
# > ```


# %% exercise="train_shop" points=1
def train_shop(model: nn.Module, x: torch.Tensor, y: torch.Tensor, lr: float, steps: int) -> list:
    """Train a classifier on the whole set with SGD and the cross-entropy.

    model: (n, d) -> (n, classes), raw scores; x: (n, d); y: (n,), the classes
    returns: the loss of each step, before its update, as floats
    """
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        scores = model(x)
        ### BEGIN SOLUTION
        loss = F.cross_entropy(scores, y)
        ### INSTEAD OF
        # probabilities = F.softmax(scores, dim=1)
        # loss = F.cross_entropy(probabilities, y)
        ### END SOLUTION
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


# %% [markdown]
# The symptom:

# %% tags=["demo"]
torch.manual_seed(0)
y = torch.arange(60) % 3  # (customers,)
x = 3 * F.one_hot(y).float() + 0.5 * torch.randn(60, 3)  # (customers, features)
model = nn.Linear(3, 3)
losses = train_shop(model, x, y, lr=0.1, steps=1000)
for step in (0, 100, 999):
    print(f"loss at step {step:3}: {losses[step]:.4f}")
print("right:", (model(x).argmax(dim=1) == y).sum().item(), "of 60")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Somewhere there is a floor. With three classes it lies at $-\log \frac{e}{e + 2} = 0.5514$. Lesson 7 met it.
#
# </details>
# <details><summary>Hint 2</summary>
#
# What does `F.cross_entropy` do to its first argument, before anything else? What is done twice here?
#
# </details>

# %% [markdown]
# ## Parts that do not learn
#
# ### Exercise 7 · DeepNet
#
# > I can make my network as deep as I like, it does not get better. I asked for its parameters: 9, whether it
# > has one hidden layer or twenty. With eight units in each layer there should be hundreds.
# >
# > ```text
# > depth  1: 9 parameters
# > depth 20: 9 parameters
# > ```


# %% exercise="DeepNet" points=1
class DeepNet(nn.Module):
    """`depth` linear layers of `width` units, each followed by a ReLU, then a linear layer that gives one number.

    forward: x (n, width) -> (n, 1)
    """

    def __init__(self, width: int, depth: int):
        super().__init__()
        hidden = [nn.Linear(width, width) for _ in range(depth)]
        ### BEGIN SOLUTION
        self.hidden = nn.ModuleList(hidden)
        ### INSTEAD OF
        # self.hidden = hidden
        ### END SOLUTION
        self.head = nn.Linear(width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.hidden:
            x = torch.relu(layer(x))
        return self.head(x)


# %% [markdown]
# The symptom, and again a question for the program as it stands now:

# %% tags=["prediction"]
predict(
    "how many parameters `DeepNet(8, 20)` has",
    {
        "9": "The head has eight weights and a bias; nobody knows of the other layers.",
        "1289": "That is 20 layers of 64 weights and the head: each layer has 8 biases, too.",
        "1449": "20 layers of 64 weights and 8 biases, and the head.",
    },
    answer=lambda: numbers[20],
)

# %% tags=["demo"]
numbers = {depth: sum(p.numel() for p in DeepNet(8, depth).parameters()) for depth in (1, 20)}
for depth, number in numbers.items():
    print(f"depth {depth:2}: {number} parameters")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Print a `DeepNet(8, 2)`. Which layers does PyTorch know of?
#
# </details>
# <details><summary>Hint 2</summary>
#
# A module registers what is a module or a parameter itself. Is a list of Python's?
#
# </details>

# %% [markdown]
# ### Exercise 8 · give_new_head
#
# > I take a trained network, freeze it, give it a new last layer, and train that, as lesson 9 has it. Nothing
# > raises an error, and nothing happens:
# >
# > ```text
# > loss at step  0: 0.7417
# > loss at step 99: 0.7417
# > ```


# %% exercise="give_new_head" points=2
def give_new_head(
    body: nn.Sequential, head: nn.Module, x: torch.Tensor, y: torch.Tensor, lr: float, steps: int
) -> list:
    """Freeze a trained network, put a new head in the place of its last layer, and train that head alone, with SGD.

    body: changed in place; its last layer is replaced by head; x: (n, d); y: (n,), classes of the new task
    returns: the loss of each step, before its update, as floats
    """
    for p in body.parameters():
        p.requires_grad_(False)
    ### BEGIN SOLUTION
    body[-1] = head  # first, so that the optimizer gets to know it
    optimizer = torch.optim.SGD(head.parameters(), lr=lr)
    ### INSTEAD OF
    # optimizer = torch.optim.SGD(body.parameters(), lr=lr)
    # body[-1] = head
    ### END SOLUTION
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.cross_entropy(body(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


# %% [markdown]
# The symptom:

# %% tags=["demo"]
torch.manual_seed(0)
body = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 10))
x = torch.randn(50, 4)
y = (x[:, 0] > 0).long()  # (rows,)
losses = give_new_head(body, nn.Linear(16, 2), x, y, lr=0.5, steps=100)
for step in (0, 99):
    print(f"loss at step {step:2}: {losses[step]:.4f}")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `backward()` raises no error, so something has a gradient. Which parameters have one after it, and which
# does the optimizer hold? Compare by `id`, or print the shapes in `optimizer.param_groups[0]["params"]`.
#
# </details>
# <details><summary>Hint 2</summary>
#
# An optimizer keeps the tensors that it was given when it was made. Was the new head among them?
#
# </details>

# %% [markdown]
# ### Exercise 9 · train_with_schedule
#
# > The schedule is meant to take the learning rate to a tenth after every third *epoch*. My loss moves a
# > little in the first epoch, and from then on it is asleep, however long I train:
# >
# > ```text
# > epoch 0: 3.1128
# > epoch 1: 3.0444
# > epoch 9: 3.0444
# > ```


# %% exercise="train_with_schedule" points=1
def train_with_schedule(model: nn.Module, batches: list, lr: float, epochs: int) -> list:
    """Train a regression with SGD; the learning rate falls to a tenth after every third epoch.

    model: (rows, d) -> (rows, 1); batches: pairs of features (rows, d) and targets (rows, 1)
    returns: for each epoch the mean of the batches' losses, a float
    """
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=3, gamma=0.1)
    means = []
    for _ in range(epochs):
        total = 0.0
        for x, y in batches:
            optimizer.zero_grad()
            loss = F.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
            ### BEGIN SOLUTION
            total += loss.item()
        schedule.step()  # once an epoch
        ### INSTEAD OF
        #     schedule.step()
        #     total += loss.item()
        ### END SOLUTION
        means.append(total / len(batches))
    return means


# %% [markdown]
# The symptom:

# %% tags=["demo"]
torch.manual_seed(0)
x = torch.randn(12, 20, 3)  # (batches, rows, features)
batches = [(features, features @ torch.tensor([[1.0], [-2.0], [0.5]])) for features in x]
means = train_with_schedule(nn.Linear(3, 1), batches, lr=0.01, epochs=10)
for epoch in (0, 1, 9):
    print(f"epoch {epoch}: {means[epoch]:.4f}")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Print `schedule.get_last_lr()` at the end of each epoch. What does it say after the first?
#
# </details>
# <details><summary>Hint 2</summary>
#
# A schedule counts how often its `step()` is called, and knows nothing of epochs. How often is it called in
# each of them?
#
# </details>

# %% [markdown]
# ## Numbers that lie
#
# ### Exercise 10 · train_and_watch
#
# > Dropout is said to help against overfitting, so I turned it up: 0, 0.5, 0.9. It makes no difference. With
# > nine units in ten missing, the training loss should be miserable, shouldn't it?
# >
# > ```text
# > dropout 0.0: training loss 0.003
# > dropout 0.5: training loss 0.003
# > dropout 0.9: training loss 0.003
# > ```


# %% exercise="train_and_watch" points=2
def train_and_watch(model: nn.Module, train: tuple, validation: tuple, lr: float, epochs: int) -> list:
    """Train a classifier with SGD on the whole training set, and measure the validation loss after each epoch.

    model: (n, d) -> (n, classes), trained in training mode and measured in evaluation mode
    train, validation: pairs of features (n, d) and classes (n,)
    returns: for each epoch a pair of floats: the loss that was trained on, and the validation loss after it
    """
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    (x, y), (x_val, y_val) = train, validation
    model.train()
    curve = []
    for _ in range(epochs):
        ### BEGIN SOLUTION
        model.train()
        ### INSTEAD OF
        ### END SOLUTION
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        model.eval()
        with torch.no_grad():
            curve.append((loss.item(), F.cross_entropy(model(x_val), y_val).item()))
    return curve


# %% [markdown]
# The symptom, with few rows and many units, so that there is something to overfit:

# %% tags=["demo"]
for p in (0.0, 0.5, 0.9):
    torch.manual_seed(0)
    x = torch.randn(60, 10)
    y = (x[:, 0] + torch.randn(60) > 0).long()  # (rows,)
    model = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Dropout(p), nn.Linear(64, 2))
    curve = train_and_watch(model, (x[:30], y[:30]), (x[30:], y[30:]), lr=0.5, epochs=300)
    print(f"dropout {p}: training loss {curve[-1][0]:.3f}")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Dropout acts in one of the model's two modes. Print `model.training` at the top of the loop, in the first
# epoch and in the second.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `model.train()` stands above the loop, `model.eval()` inside of it. Who switches back?
#
# </details>

# %% [markdown]
# ### Exercise 11 · measure_accuracy
#
# > I measure the same model on the same data, three times in a row, and get three numbers. Shuffling cannot be the
# > reason: a sum does not care about its order. With everything seeded it is the same number each time, and
# > with another seed it is another.
# >
# > ```text
# > accuracy: 0.760
# > accuracy: 0.815
# > accuracy: 0.795
# > ```


# %% exercise="measure_accuracy" points=1
@torch.no_grad()
def measure_accuracy(
    model: nn.Module, x: torch.Tensor, y: torch.Tensor, batch_size: int, generator: torch.Generator
) -> float:
    """Measure which share of the rows a trained classifier gets right; in batches, in an order that is drawn.

    model: (n, d) -> (n, classes); what it has learned and stored stays as it is; x: (n, d); y: (n,), the classes
    returns: a float from 0 to 1, which depends on model, x and y alone
    """
    right = 0
    ### BEGIN SOLUTION
    model.eval()
    ### INSTEAD OF
    ### END SOLUTION
    for rows in torch.randperm(len(x), generator=generator).split(batch_size):
        guesses = model(x[rows]).argmax(dim=1)  # (rows,)
        right += (guesses == y[rows]).sum().item()
    return right / len(x)


# %% [markdown]
# The symptom. The model comes straight from its training, as models do. As the program stands now:

# %% tags=["prediction"]
predict(
    "how many different numbers three measurements give",
    {
        "one": "A row's result depends on the model and on the row, in whatever company it comes.",
        "more than one": "A row's result depends on the rows that it shares a batch with.",
    },
    answer=lambda: "one" if len(set(measured)) == 1 else "more than one",
)

# %% tags=["demo"]
torch.manual_seed(0)
x = torch.randn(200, 4)
y = (x[:, 0] + x[:, 1] > 0.5).long()  # (rows,)
model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(20):
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
measured = [measure_accuracy(model, x, y, 5, torch.default_generator) for _ in range(3)]
for accuracy in measured:
    print(f"accuracy: {accuracy:.3f}")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# What does a row's result depend on, beside the row and the weights? Give the model the same row in two
# batches, and compare.
#
# </details>
# <details><summary>Hint 2</summary>
#
# One layer of this model takes the mean of whatever batch it sees, as long as the model is in training
# mode; and it stores a little of it each time. `no_grad` does not change that.
#
# </details>

# %% [markdown]
# ### Exercise 12 · prepare_readings
#
# > We train on readings of a sensor, and then it sends packets of readings. In the laboratory all was well. On
# > the machine it warms up, its readings drift, and our alarm never goes off: to the model the hot packets look
# > like all others. And at packet 40 came a `nan`, and it stays one whatever we add to the model.
# >
# > ```text
# > packet  0: mean  0.00
# > packet 39: mean  0.00
# > packet 40: mean   nan
# > packet 41: mean  0.00
# > ```


# %% exercise="prepare_readings" points=2
def prepare_readings(train: torch.Tensor, packets: list) -> tuple:
    """Bring readings to the scale on which the model is trained: mean 0 and deviation 1 over the training set.

    train: (n, d), with n > 1; packets: a list of later readings, (rows, d) each
    returns: the training set and the list of packets, all on the same scale, so that equal readings stay equal
    """

    def standardise(t):
        ### BEGIN SOLUTION
        return (t - mean) / deviation  # those of the training set, whatever t is
        ### INSTEAD OF
        # mean = t.mean(dim=0)  # (d,)
        # deviation = (((t - mean) ** 2).sum(dim=0) / (len(t) - 1)).sqrt()  # (d,)
        # return (t - mean) / deviation
        ### END SOLUTION

    ### BEGIN SOLUTION
    mean = train.mean(dim=0)  # (d,), of the training set, for all that comes
    deviation = (((train - mean) ** 2).sum(dim=0) / (len(train) - 1)).sqrt()  # (d,)
    ### INSTEAD OF
    ### END SOLUTION
    return standardise(train), [standardise(packet) for packet in packets]


# %% [markdown]
# The symptom: packets that get warmer and warmer, and one with a single reading.

# %% tags=["demo"]
torch.manual_seed(0)
train = 20 + torch.randn(500, 1)  # (readings, 1), in degrees
packets = [20 + 0.1 * i + torch.randn(1 if i == 40 else 8, 1) for i in range(42)]
_, prepared = prepare_readings(train, packets)
for i in (0, 39, 40, 41):
    print(f"packet {i:2}: mean {prepared[i].mean().abs().item():5.2f}")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Two complaints, one cause. The `nan` is the deviation of a single reading, but suppose that packet had two:
# what would be left of how warm they are?
#
# </details>
# <details><summary>Hint 2</summary>
#
# A reading of 24 degrees should become the same number in every packet, and the same as in training. Whose
# mean has to be subtracted?
#
# </details>

# %% [markdown]
# ### Exercise 13 · attend
#
# > My model guesses the next letter in texts of *random* letters. There are four of them, so nobody can do
# > better than a loss of $\log 4 = 1.39$. Mine does far better, on fresh texts too. I would publish it, if it
# > did not write pure nonsense.
# >
# > ```text
# > loss at step   0: 1.42
# > loss at step 100: 0.00
# > ```


# %% exercise="attend" points=1
def attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """Scaled dot-product attention in which a position sees itself and what came before it.

    q, k, v: (batch, time, features)
    returns: (batch, time, features)
    """
    time, features = q.shape[1], q.shape[2]
    scores = q @ k.mT / features**0.5  # (batch, time, time)
    future = torch.ones(time, time, dtype=torch.bool, device=q.device).triu(diagonal=1)
    ### BEGIN SOLUTION
    scores = scores.masked_fill(future, -torch.inf)
    ### INSTEAD OF
    # scores.masked_fill(future, -torch.inf)
    ### END SOLUTION
    return scores.softmax(dim=-1) @ v


# %% [markdown]
# The symptom, which takes a second:

# %% tags=["demo"]
torch.manual_seed(0)
letters, places = nn.Embedding(4, 16), nn.Embedding(9, 16)
qkv, out = nn.Linear(16, 48), nn.Linear(16, 4)
model = nn.ModuleList([letters, places, qkv, out])
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
for step in range(101):
    text = torch.randint(4, (64, 9))  # (texts, time), fresh in every step
    q, k, v = qkv(letters(text) + places.weight).chunk(3, dim=-1)  # three of (texts, time, 16)
    logits = out(attend(q, k, v))  # (texts, time, letters)
    loss = F.cross_entropy(logits[:, :-1].flatten(0, 1), text[:, 1:].flatten())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(f"loss at step {step:3}: {loss.item():.2f}")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Whoever knows the next letter has seen it. Change the last row of `q`, `k` and `v`: which rows of the result
# change?
#
# </details>
# <details><summary>Hint 2</summary>
#
# The mask is right, print it. Is it in the scores? Print them just above the softmax.
#
# </details>
# <details><summary>Hint 3</summary>
#
# A method of a tensor that changes it in place has a `_` at the end of its name. What becomes of the result
# of one without?
#
# </details>

# %% [markdown]
# ## Out of memory
#
# ### Exercise 14 · mean_loss
#
# > It always dies in the middle of the first epoch, out of memory, on the large data set only. The batches are
# > small! A friend counted for me how many operations autograd still remembers at the end of an epoch:
# >
# > ```text
# >  10 batches: autograd remembers 43 operations
# > 100 batches: autograd remembers 403 operations
# > ```


# %% exercise="mean_loss" points=2
def mean_loss(model: nn.Module, batches: list, lr: float):
    """Train for one epoch with SGD, and keep track of the loss on the way.

    model: (rows, d) -> (rows, 1); batches: pairs of features (rows, d) and targets (rows, 1)
    returns: the mean of the batches' losses, before their updates; the graph of a batch is let go when its step is done
    """
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    total = 0.0
    for x, y in batches:
        optimizer.zero_grad()
        loss = F.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        ### BEGIN SOLUTION
        total += loss.item()
        ### INSTEAD OF
        # total += loss
        ### END SOLUTION
    return total / len(batches)


# %% [markdown]
# The symptom. The cell walks back from the result, as lesson 2 did, and counts:

# %% tags=["demo"]
torch.manual_seed(0)
for n in (10, 100):
    batches = [(x, x.sum(dim=1, keepdim=True)) for x in torch.randn(n, 8, 3)]
    result = mean_loss(nn.Linear(3, 1), batches, lr=0.01)
    waiting, seen = [getattr(result, "grad_fn", None)], set()
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            waiting += [before for before, _ in node.next_functions]
    print(f"{n:3} batches: autograd remembers {len(seen)} operations")

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# What type has `total` after the first batch? Print it, whole: not only its value.
#
# </details>
# <details><summary>Hint 2</summary>
#
# A tensor with a `grad_fn` holds on to all that it was computed from. What is added up here, and what do you
# need of it?
#
# </details>
# <details><summary>Hint 3</summary>
#
# Detaching the sum at the end is too late: until then, everything is kept. Which method gives a number?
#
# </details>

# %% [markdown] question="how_to_search" points=0
# ## In your own words
#
# A friend writes: "My loss is flat. I have tried five learning rates and three optimizers. What should I try
# next?" In four to six sentences: how would you search, rather than try? Say what you would look at first,
# how you would halve the program, and how you would know that you have found the fault and not just soothed
# its symptom.
#
# ### BEGIN SOLUTION
# Trying settings changes many things at once and answers no question, so first make the fault come every
# time: a fixed seed, one small batch, ten steps. Then ask which of the five steps fails, from the outside in:
# does the loss change when the weights are changed by hand, has every parameter a gradient other than zero after
# `backward()`, do the weights differ before and after `step()`, and are they the tensors that the optimizer
# holds? Each answer halves what is left. Shapes and a few rows of each batch are printed, not assumed: a loss of
# the wrong shape or labels of other rows look fine in the code. One batch that cannot be overfitted tells that
# the loop is at fault, one that can that it is the data or the measurement. The fault is found when I can say
# why it gives just this symptom, floor and all, and when taking it out and putting it back makes the symptom go
# and come; a smaller learning rate that only slows the symptom down has explained nothing.
# ### END SOLUTION

# %% [markdown]
# ## Summary
#
# | symptom | usual suspects |
# |---|---|
# | the loss is flat to the last digit | gradients cleared before `step()`; a name bound anew; an optimizer of others |
# | the loss is flat, and every prediction is the mean | broadcasting in the loss; labels of other rows |
# | the loss stops at a floor above 0 | softmax before the cross-entropy; a learning rate that has gone to 0 |
# | the loss swings | gradients that add up from step to step |
# | a setting changes nothing | a part that is not registered; a model in the other mode |
# | a score changes from run to run | training mode while measuring |
# | a score better than it can be | what is to be guessed has been seen |
# | memory grows | a tensor with its graph in a list or a sum |
#
# - A symptom is a measurement: ask what could make just this number.
# - Print shapes, modes, gradients and the weights before and after; do not guess.
# - What soothes a symptom is no mend. A mend explains it.
#
# **Next:** your own programs. When one is ill, come back to the table.
