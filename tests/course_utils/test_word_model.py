"""The model that the course ships: what lesson 10 trains, trained, and a widget that lets it invent words."""

import math
from pathlib import Path

import pytest
import torch

from autograder.authoring.word_model import from_lesson
from course_utils import data, widgets
from course_utils.data import invent_words, load_word_model, load_words, word_logits
from course_utils.data.word_model import FILE


@pytest.fixture(scope="module")
def lesson():
    return from_lesson(("TransformerBlock", "CharacterModel", "baseline"))


@pytest.fixture(scope="module")
def model(lesson):
    model = lesson["CharacterModel"](lesson["TransformerBlock"], lesson["depth"])
    model.load_state_dict(load_word_model())  # strict: every name, and every shape
    return model


def test_lesson_10s_model_takes_its_weights_and_gives_the_same_guesses(lesson, model):
    tokens = lesson["held_out_rows"].cpu()[:50]

    torch.testing.assert_close(word_logits(tokens), model(tokens), rtol=1e-4, atol=1e-4)


def test_it_knows_words_that_it_was_not_trained_on_far_better_than_bigrams_do(lesson):
    held_out = lesson["held_out_rows"].cpu()

    assert lesson["next_token_loss"](word_logits(held_out), held_out) < lesson["baseline"] - 0.4


def test_it_is_small_and_its_description_fits(model):
    description = Path(data.__file__).with_name("WORD_MODEL.md").read_text(encoding="utf-8")

    assert FILE.stat().st_size < 400_000
    assert f"{sum(p.numel() for p in model.parameters()):,} numbers" in description
    assert "public domain" in description


def test_words_come_out_the_same_ones_for_the_same_seed():
    words = invent_words(0.8)

    assert len(words) > 20
    assert all(word.isalpha() and word.islower() for word in words)
    assert words == invent_words(0.8)
    assert words != invent_words(0.8, seed=11)


def test_the_global_generator_is_left_alone():
    before = torch.random.get_rng_state()
    invent_words(1.0)

    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_higher_the_temperature_the_more_daring_the_words():
    novels = set(load_words())
    shares = [len(novels & {*words}) / len(words) for words in map(invent_words, (0.1, 0.8, 2.0))]

    assert shares[0] > shares[1] > shares[2]
    assert len(invent_words(0.1)) < len(invent_words(0.8))  # it repeats what it is sure of


# --- the widget


def test_moving_the_slider_shows_the_words_of_the_new_temperature():
    slider, shown = widgets.word_inventor().panel().children
    before = shown.value
    slider.value = 1.6

    assert all(word in before for word in invent_words(0.8))
    assert all(word in shown.value for word in invent_words(1.6))
    assert 'aria-live="polite"' in shown.value


def test_without_a_front_end_it_is_plain_text():
    shown = widgets.word_inventor()._repr_mimebundle_()
    first, own, novels = shown["text/plain"].split("\n")
    listed = [word for line in (own, novels) for word in line.split(": ")[1].split(", ")]

    assert first == "40 words begun at temperature 0.8. Each once:"
    assert sorted(listed) == sorted(invent_words(0.8))
    assert not any("widget" in kind for kind in shown)


def test_a_temperature_at_which_it_finds_no_word_of_one_kind_says_none(monkeypatch):
    monkeypatch.setattr("course_utils.widgets.start.invent_words", lambda *_: ["zzz"])

    assert str(widgets.InventedWords(math.pi, 1)).endswith("1 words of its own: zzz\n0 from the novels: none")
