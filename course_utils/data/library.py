"""The library's map: the modules and optimizers that one meets in other people's code, and when to reach for each."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

DOCUMENTATION = "https://docs.pytorch.org/docs/stable/generated"


class Entry(NamedTuple):
    """A class of `torch.nn`, or of `torch.optim`.

    Attributes:
        when: when one reaches for it, in a sentence or half of one.
        lesson: where the course builds it, uses it, or breaks it; None where it does not.
    """

    name: str
    part: str
    when: str
    lesson: int | None

    @property
    def full_name(self) -> str:
        """As ``torch.nn.Linear``."""
        return f"torch.{'optim' if self.part == 'optimizer' else 'nn'}.{self.name}"

    @property
    def page(self) -> str:
        """Where PyTorch documents it."""
        return f"{DOCUMENTATION}/{self.full_name}.html"

    @property
    def words(self) -> str:
        """All that a search looks at."""
        return f"{self.full_name} {self.part} {self.when} lesson {self.lesson or ''}".lower()


_MAP: Mapping[str, tuple[tuple[str, int | None, str], ...]] = {
    "wrapper": (
        ("Sequential", 8, "one layer after the other, nothing in between"),
        ("ModuleList", 8, "a list of layers that you loop over yourself: blocks of one kind, skip connections"),
        ("ModuleDict", None, "layers that you choose by name, such as one head for each task"),
        ("ParameterList", None, "bare parameters in a list, such as one learned weight for each layer"),
        ("ParameterDict", None, "bare parameters by name, such as one learned scale for each kind of input"),
    ),
    "layer": (
        ("Linear", 7, "every output looks at every input: tables, and the last layer of nearly everything"),
        ("Embedding", 7, "the input is an id: a word, a user, a product"),
        ("Conv1d", None, "a signal over time, or text: the same short pattern is looked for at every place"),
        ("Conv2d", 9, "images: the same small pattern is looked for everywhere"),
        ("Conv3d", None, "video and scans of bodies: images with a third dim, time or depth"),
        ("Bilinear", None, "two inputs that count together: a user with a product, a question with an answer"),
        ("LSTM", None, "a sequence, step by step, with a memory: signals that arrive one value at a time"),
        ("MultiheadAttention", 10, "a sequence in which any place may ask any other: Transformers"),
    ),
    "activation": (
        ("ReLU", 7, "the first choice between hidden layers"),
        ("LeakyReLU", 7, "in place of ReLU where units die: below 0 a little slope is left"),
        ("GELU", 7, "the habit in Transformers"),
        ("SiLU", None, "x * sigmoid(x), smooth like GELU: newer language models and many image models"),
        ("Tanh", None, "values that should stay between -1 and 1, such as what an LSTM passes on"),
        ("Sigmoid", 7, "gates, and reading a yes-or-no answer after training; not before BCEWithLogitsLoss"),
        ("Softmax", 7, "reading probabilities after training; not before CrossEntropyLoss"),
    ),
    "normalisation": (
        ("LayerNorm", 7, "each sample by itself, over its features: Transformers, and small batches"),
        ("BatchNorm1d", 8, "each feature across the batch: tables, large batches; another rule in eval()"),
        ("BatchNorm2d", 9, "each channel across the batch: images, large batches; another rule in eval()"),
        ("BatchNorm3d", None, "each channel across the batch: video and scans; another rule in eval()"),
        ("GroupNorm", None, "groups of channels of each sample: images, with batches too small for BatchNorm"),
        ("InstanceNorm1d", None, "each channel of each sample by itself: signals of very different loudness"),
        ("InstanceNorm2d", None, "each channel of each image by itself: changing the style of pictures"),
    ),
    "dropout": (
        ("Dropout", 7, "the model fits the training data better than new data; off in eval()"),
        ("Dropout1d", None, "drops whole channels of a signal: neighbours in time would give a single one away"),
        ("Dropout2d", None, "drops whole channels of an image: neighbouring pixels would give a single one away"),
        ("Dropout3d", None, "drops whole channels of video and scans"),
        ("AlphaDropout", None, "beside SELU activations, whose mean and variance it keeps; seldom"),
    ),
    "loss": (
        ("MSELoss", 5, "numbers; one large error hurts more than many small ones"),
        ("L1Loss", None, "numbers with wild outliers: every error counts as much as it is large"),
        ("SmoothL1Loss", None, "numbers with outliers: squared where errors are small, as L1Loss where they are large"),
        ("CrossEntropyLoss", 7, "one class of many; takes raw logits and int64 labels"),
        ("BCEWithLogitsLoss", 8, "yes or no, also several questions at once; takes raw logits and float targets"),
        ("BCELoss", 8, "yes or no, where you already have probabilities; seldom"),
        ("NLLLoss", 8, "one class of many, where you already have log-probabilities; seldom"),
        ("KLDivLoss", None, "a whole distribution as the target: a small model that learns from a large one"),
        ("MarginRankingLoss", None, "which of two should score higher: search results, recommendations"),
        ("TripletMarginLoss", None, "like close to like, unlike far away: recognising faces, finding similar images"),
    ),
    "optimizer": (
        ("SGD", 8, "with momentum: images, and when you have time to choose the learning rate"),
        ("Adam", 8, "older code; its weight decay passes through the gradient"),
        ("AdamW", 8, "the first choice for nearly everything"),
        ("RMSprop", None, "Adam without the mean of gradients: older code for reinforcement learning"),
        ("Adagrad", None, "rare features, such as words that seldom occur; its steps only get shorter"),
        ("Adadelta", None, "Adagrad whose steps do not die out; older code"),
        ("Adamax", None, "Adam that divides by the largest recent gradient, for gradients with rare spikes"),
        ("NAdam", None, "Adam with momentum that looks a step ahead"),
        ("RAdam", None, "Adam with a warm-up built in, for its first steps"),
        ("LBFGS", None, "small problems without batches: it measures the loss several times in a step"),
    ),
}
LIBRARY: tuple[Entry, ...] = tuple(
    Entry(name, part, when, lesson) for part, entries in _MAP.items() for name, lesson, when in entries
)


def find_in_library(words: str) -> Iterator[Entry]:
    """The entries that hold all the ``words``, wherever they stand and in whatever case; all of them for none."""
    return (entry for entry in LIBRARY if all(word in entry.words for word in words.lower().split()))


class Choice(NamedTuple):
    """A task, what fits it, and what people take instead.

    Attributes:
        right: a name of `LIBRARY`; why: what speaks for it.
        others: another name -> what speaks against it, and why one might think of it.
    """

    task: str
    right: str
    why: str
    others: Mapping[str, str]

    @property
    def options(self) -> list[str]:
        """All names to choose from, in the order of the alphabet."""
        return sorted([self.right, *self.others])

    def reason(self, name: str) -> str:
        """What speaks for or against one of the options."""
        return self.why if name == self.right else self.others[name]


CHOICES: Mapping[str, tuple[Choice, ...]] = {
    "layers": (
        Choice(
            "Each sample is the id of one of 50,000 products, an int.",
            "Embedding",
            "An id is a name, not an amount: the table gives each product a row of numbers of its own.",
            {
                "Linear": "It would multiply the id: product 40,000 would count twice as much as product 20,000.",
                "Conv1d": "A pattern needs neighbours, and products 7 and 8 have nothing to do with each other.",
            },
        ),
        Choice(
            "Photographs of leaves, which may be spotted anywhere.",
            "Conv2d",
            "The same few weights look for a spot at every place.",
            {
                "Linear": "It would have to learn the spot anew for each place, with a weight for every pixel.",
                "Conv1d": "It slides along one dim, and an image has two.",
            },
        ),
        Choice(
            "Twelve blocks of one kind; the output of each is also added to its input.",
            "ModuleList",
            "You write the loop, so you can add; and the blocks are registered.",
            {
                "Sequential": "It registers them, but runs one after the other: there is no place for your addition.",
                "ParameterList": "It registers parameters, and blocks are modules.",
            },
        ),
    ),
    "between": (
        Choice(
            "A third of a network's ReLU units give 0 for every sample and have stopped learning.",
            "LeakyReLU",
            "Below 0 it keeps a little slope, so that a gradient comes through.",
            {
                "Sigmoid": "It never is quite flat, but nearly so far from 0: more units would learn slowly.",
                "Dropout": "It sets more units to 0, and gives the dead ones no slope.",
            },
        ),
        Choice(
            "A Transformer, trained with four long texts in a batch.",
            "LayerNorm",
            "It takes each place of each text by itself, so the number of texts does not matter.",
            {
                "BatchNorm1d": "Means over four texts are guesses, and padding would be counted with the words.",
                "Dropout": "It works against learning by heart; it brings no number into range.",
            },
        ),
        Choice(
            "Training loss 0.02, validation loss 1.90.",
            "Dropout",
            "The network has learned its rows by heart; now no unit can rely on another one being there.",
            {
                "BatchNorm1d": "It makes training faster and steadier. The gap it may narrow, but by accident.",
                "Softmax": "It changes how answers read, not what was learned.",
            },
        ),
    ),
    "losses and optimizers": (
        Choice(
            "Which of ten tags fit a photo? None, or several.",
            "BCEWithLogitsLoss",
            "These are ten questions, each with a yes or a no.",
            {
                "CrossEntropyLoss": "Its softmax makes the tags compete: one can only win what the others lose.",
                "MSELoss": "It wants no logits; and on probabilities a wrong answer costs at most 1, however sure.",
            },
        ),
        Choice(
            "House prices, some of them mistyped with three zeros too many.",
            "L1Loss",
            "An error a thousand times as large counts a thousand times as much.",
            {
                "MSELoss": "It counts a million times as much, so the mistyped prices would decide everything.",
                "CrossEntropyLoss": "A price is a number, not one class of many.",
            },
        ),
        Choice(
            "A new kind of network, and an afternoon to see whether it learns at all.",
            "AdamW",
            "Its usual rates, such as 0.001, mostly work at the first try.",
            {
                "SGD": "With the right rate it may end lower, but finding that rate is what takes the afternoon.",
                "LBFGS": "It measures one loss several times in a step, and each batch has a loss of its own.",
            },
        ),
    ),
}
