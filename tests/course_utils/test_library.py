"""The map of the library: whole, true to PyTorch's names, and found by what one searches for."""

import pytest
import torch

from course_utils import widgets
from course_utils.data.library import CHOICES, LIBRARY, find_in_library

# what a course on PyTorch has to name
WANTED = {
    "wrapper": "Sequential ModuleList ModuleDict ParameterList ParameterDict",
    "layer": "Linear Conv1d Conv2d Conv3d Embedding Bilinear",
    "activation": "ReLU LeakyReLU GELU SiLU Tanh Sigmoid Softmax",
    "normalisation": "BatchNorm1d BatchNorm2d BatchNorm3d LayerNorm GroupNorm InstanceNorm1d InstanceNorm2d",
    "dropout": "Dropout Dropout1d Dropout2d Dropout3d AlphaDropout",
    "loss": "MSELoss L1Loss CrossEntropyLoss BCEWithLogitsLoss BCELoss NLLLoss KLDivLoss MarginRankingLoss "
    "TripletMarginLoss",
    "optimizer": "SGD Adam AdamW RMSprop Adagrad Adadelta Adamax NAdam RAdam LBFGS",
}
NAMES = [entry.name for entry in LIBRARY]
every_choice = pytest.mark.parametrize(
    "choice", [pytest.param(choice, id=choice.right) for choices in CHOICES.values() for choice in choices]
)


def found(words):
    return [entry.name for entry in find_in_library(words)]


@pytest.mark.parametrize("entry", [pytest.param(entry, id=entry.name) for entry in LIBRARY])
def test_every_name_exists_in_torch(entry):
    base = torch.optim.Optimizer if entry.part == "optimizer" else torch.nn.Module
    home = torch.optim if entry.part == "optimizer" else torch.nn

    assert issubclass(getattr(home, entry.name), base)
    assert entry.page == f"https://docs.pytorch.org/docs/stable/generated/{home.__name__}.{entry.name}.html"


@pytest.mark.parametrize("part", WANTED)
def test_no_name_is_missing(part):
    own = {entry.name for entry in LIBRARY if entry.part == part}

    assert set(WANTED[part].split()) - own == set()


def test_every_entry_stands_once_and_says_when():
    assert len(set(NAMES)) == len(NAMES)
    assert [entry.name for entry in LIBRARY if not (entry.when and len(entry.when) < 100)] == []
    assert {entry.lesson for entry in LIBRARY} <= {None, *range(1, 11)}


def test_a_search_finds_what_holds_all_words_in_any_case():
    assert found("raw logits") == ["CrossEntropyLoss", "BCEWithLogitsLoss"]
    assert found("LOGITS   Raw") == found("raw logits")
    assert found("torch.optim.adamw") == ["AdamW"]
    assert found("") == NAMES
    assert found("no such thing") == []


@every_choice
def test_a_choice_has_one_right_answer_and_reasons_for_all(choice):
    assert set(choice.options) <= set(NAMES)
    assert len(choice.options) == len(set(choice.options)) == 3
    assert all(choice.reason(name) for name in choice.options)


def test_typing_into_the_box_searches_the_table():
    box, table = widgets.library().panel().children
    before = table.value
    box.value = "triplet"

    assert all(f">{name}<" in before for name in NAMES)
    assert '1 of 52 for "triplet"' in table.value.replace("&quot;", '"')
    assert [name for name in NAMES if f">{name}<" in table.value] == ["TripletMarginLoss"]


def test_what_is_typed_is_shown_as_text():
    box, table = widgets.library().panel().children
    box.value = "<b>"

    assert "<b>" not in table.value


def test_a_click_shows_the_reason_for_the_name_that_was_chosen_and_no_other():
    *buttons, page = widgets.library_choices("layers").panel().children
    choice = CHOICES["layers"][0]
    before = page.value
    buttons[0].value = "Linear"
    wrong = page.value
    buttons[0].value = choice.right

    assert [button.description for button in buttons] == [f"{i}. {c.task}" for i, c in enumerate(CHOICES["layers"], 1)]
    assert "<li" not in before
    assert f"✗ <code>Linear</code>: {choice.others['Linear']}" in wrong
    assert choice.why not in wrong
    assert f"✓ <code>{choice.right}</code>: {choice.why}" in page.value


def test_without_a_kernel_the_map_is_a_plain_table():
    shown = widgets.library()._repr_mimebundle_()

    assert set(shown) == {"text/html", "text/plain"}
    assert shown["text/html"].count("<tr>") == len(shown["text/plain"].splitlines()) == len(LIBRARY) + 1


@pytest.mark.parametrize("part", CHOICES)
def test_without_a_kernel_the_reasons_are_folded_below_the_tasks(part):
    shown = widgets.library_choices(part)._repr_mimebundle_()

    assert set(shown) == {"text/html", "text/plain"}
    assert shown["text/html"].count("<details>") == len(shown["text/plain"].splitlines()) == len(CHOICES[part])
