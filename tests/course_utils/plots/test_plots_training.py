"""Lesson 9's pictures say what was measured, in words too, its slider moves, and its digits are the ones it names."""

import pytest
import torch

from course_utils import plots, widgets
from course_utils.data import load_digits

LOSSES = [0.9, 0.5, 0.7, 0.4, 0.6, 0.45, 0.3]
RATES, SCORES = [0.01, 0.2, 0.03], [0.8, 0.1, 0.9]


def digits():
    images, labels = load_digits()
    return plots.plot_digits(images[:12], labels[:12])


def wrong_digits():
    images, labels = load_digits()
    return plots.plot_digits(images[:2], labels[:2], torch.tensor([6, 7]))


def history():
    return plots.plot_history({"training": [0.8, 0.4, 0.2], "validation": [0.9, 0.5, 0.7]})


def confusion():
    return plots.plot_confusion(torch.tensor([[5, 0, 1], [0, 4, 0], [0, 3, 7]]))


def search():
    return plots.plot_search({"evenly": ([0.5, 0.9], [0.3, 0.1]), "by exponent": (RATES, SCORES)}, below=0.1)


def two_settings():
    grid = [(lr, momentum, lr * momentum) for lr in (0.1, 1.0) for momentum in (0.5, 0.9)]
    return plots.plot_two_settings({"grid": grid, "random": [(0.01, 0.3, 0.2), (0.5, 0.8, 0.7)]})


def stopping(patience=2, ran=6):
    return plots.plot_stopping(LOSSES, patience, ran)


def stops_after(val_losses, patience):
    return min(2 + patience, len(val_losses))


@pytest.mark.parametrize("draw", [history, confusion, search, stopping])
def test_all_axes_of_a_picture_have_labels_and_a_title_with_a_number(draw):
    texts = [(axes.get_xlabel(), axes.get_ylabel(), axes.get_title()) for axes in draw().axes]

    assert all(x and y and any(c.isdigit() for c in title) for x, y, title in texts)


def test_two_searches_are_counted_by_the_learning_rates_that_they_tried():
    grid, random, colours = two_settings().axes

    assert grid.get_title() == "grid: 2 learning rates tried, best 90.0%"
    assert random.get_title() == "random: 2 learning rates tried, best 70.0%"
    assert colours.get_ylabel() == "validation accuracy, from 0 to 1"


@pytest.mark.parametrize("draw", [history, confusion, search, stopping, two_settings])
def test_a_picture_says_its_titles_in_its_text_alternative(draw):
    picture = draw()

    assert [line for line in picture.axes[0].get_title().split("\n") if line not in picture.alt] == []


@pytest.mark.parametrize("draw", [digits, wrong_digits, history, confusion, search, stopping, two_settings])
def test_a_picture_can_be_drawn(draw):
    assert draw().png().startswith(b"\x89PNG")


def test_the_digits_are_images_of_8_by_8_with_labels_of_all_ten_classes():
    images, labels = load_digits()

    assert (images.shape, images.dtype, labels.shape, labels.dtype) == ((1797, 8, 8), torch.uint8, (1797,), torch.int64)
    assert (images.min(), images.max()) == (0, 16)
    assert labels.bincount().tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_a_digit_stands_under_its_label():
    images, labels = load_digits()
    drawn = [axes for axes in digits().axes if axes.images]

    assert [axes.get_title() for axes in drawn] == [str(label) for label in labels[:12].tolist()]
    assert [axes.images[0].get_array().tolist() for axes in drawn] == images[:12].tolist()


def test_a_wrong_digit_is_named_by_its_label_first():
    assert [axes.get_title() for axes in wrong_digits().axes if axes.images] == ["0, not 6", "1, not 7"]


def test_no_wrong_digits_are_a_picture_too():
    none = torch.empty(0, 8, 8), torch.empty(0, dtype=torch.int64), torch.empty(0, dtype=torch.int64)

    assert plots.plot_digits(*none).alt == "0 handwritten digits: ."


def test_the_history_counts_epochs_from_one_and_marks_the_lowest_loss():
    axes = history().axes[0]

    assert list(axes.lines[2].get_xdata()) == [1, 2, 3]
    assert (list(axes.lines[3].get_xdata()), list(axes.lines[3].get_ydata())) == ([2], [0.5])
    assert axes.get_title() == (
        "training: lowest 0.20 (epoch 3), last 0.20\nvalidation: lowest 0.50 (epoch 2), last 0.70"
    )


def test_the_confusion_title_names_the_most_frequent_confusion():
    assert confusion().axes[0].get_title() == "16 of 20 right (80.0%); most often, 2 is taken for 1 (3 times)"


def test_a_confusion_matrix_without_a_mistake_names_none():
    assert plots.plot_confusion(torch.eye(3, dtype=torch.int64)).axes[0].get_title() == "3 of 3 right (100.0%)"


def test_the_confusion_matrix_writes_every_count_that_is_not_zero_in_its_cell():
    texts = {(text.get_position(), text.get_text()) for text in confusion().axes[0].texts}

    assert texts == {((0, 0), "5"), ((2, 0), "1"), ((1, 1), "4"), ((1, 2), "3"), ((2, 2), "7")}  # (guess, label)


def test_the_search_title_gives_the_best_of_each_and_counts_the_small_ones():
    axes = search().axes[0]

    assert axes.get_xscale() == "log"
    assert axes.get_title() == (
        "evenly: best 30.0% at 0.5, 0 of 2 below 0.1\nby exponent: best 90.0% at 0.03, 2 of 3 below 0.1"
    )


def test_stopping_keeps_the_best_epoch_of_those_that_ran():
    title = stopping().axes[0].get_title()

    assert title == "patience 2: stops after epoch 6, keeps epoch 4 with 0.400\nthe lowest of all 7 epochs is 0.300"


def test_stopping_draws_what_was_not_trained_apart():
    trained, untrained = stopping().axes[0].lines[:2]

    assert (list(trained.get_ydata()), list(untrained.get_ydata())) == (LOSSES[:6], LOSSES[5:])


def test_moving_the_slider_asks_the_given_function_and_draws_its_answer():
    slider, image = widgets.early_stopping(LOSSES, stops_after).panel().children
    slider.value = 3

    assert image.value == stopping(3, 5).img()
    assert image.value != stopping(1, 3).img()
