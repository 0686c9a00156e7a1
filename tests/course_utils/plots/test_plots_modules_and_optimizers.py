"""Lesson 8's pictures say what torch computes, and its widget moves the learning rate."""

import io
import math

import pytest
import torch
from PIL import Image
from torch import nn

from course_utils import plots, widgets
from course_utils.plots.modules_and_optimizers import ravine


def sgd(lr):
    return lambda params: torch.optim.SGD(params, lr=lr)


def paths(lr=0.018):
    return plots.plot_optimizer_paths({"SGD": sgd(lr), "Adam": lambda params: torch.optim.Adam(params, lr=0.3)})


def regions():
    model = nn.Linear(2, 3)
    with torch.no_grad():  # the class is where a point lies: left, right, or above both
        model.weight.copy_(torch.tensor([[-1.0, 0.0], [1.0, 0.0], [0.0, 2.0]]))
        model.bias.zero_()
    points = torch.tensor([[-0.5, 0.0], [0.5, 0.0], [0.0, 0.5], [0.6, 0.1]])
    return plots.plot_regions(model, points, torch.tensor([0, 1, 2, 0]))


def schedule():
    return plots.plot_schedule({"constant": [0.3, 0.3], "falling": [0.3, 0.1]}, {"constant": [5, 2], "falling": [5, 1]})


every_picture = pytest.mark.parametrize("draw", [paths, regions, schedule])


@every_picture
def test_all_axes_have_labels_and_a_title_with_a_number(draw):
    texts = [(axes.get_xlabel(), axes.get_ylabel(), axes.get_title()) for axes in draw().axes]

    assert all(x and y and any(c.isdigit() for c in title) for x, y, title in texts)


@every_picture
def test_a_picture_says_its_titles_in_its_text_alternative(draw):
    picture = draw()

    assert [axes.get_title() for axes in picture.axes if axes.get_title() not in picture.alt] == []


@every_picture
def test_a_picture_stays_readable_on_a_dark_page(draw):
    corner = Image.open(io.BytesIO(draw().png())).convert("RGBA").getpixel((0, 0))

    assert corner == (0xFC, 0xFC, 0xFA, 255)


def test_a_path_is_the_one_that_the_formula_of_sgd_gives():
    left, right = paths(lr=0.018).axes
    along = [-4 * (1 - 0.018) ** step for step in range(51)]
    across = [0.6 * (1 - 1.8) ** step for step in range(51)]

    assert list(left.lines[1].get_xdata()) == pytest.approx(along, rel=1e-4)
    assert list(left.lines[1].get_ydata()) == pytest.approx(across, rel=1e-3, abs=1e-6)
    assert right.lines[0].get_ydata()[-1] == pytest.approx(along[-1] ** 2 / 2, rel=1e-3)


def test_adam_begins_with_a_step_of_its_learning_rate_along_both_weights():
    x, y = paths().axes[0].lines[2].get_xydata()[:2].T

    assert (x[1] - x[0], y[1] - y[0]) == pytest.approx((0.3, -0.3), rel=1e-4)


def test_the_title_gives_the_last_losses_and_names_what_diverged():
    stays, leaves = paths(lr=0.018).axes[1].get_title(), paths(lr=0.03).axes[1].get_title()

    assert (stays, leaves) == ("Step 50: SGD 1.30, Adam 0.09", "Step 50: SGD diverged, Adam 0.09")


def test_a_curve_that_diverges_ends_where_it_leaves_the_picture():
    losses = list(paths(lr=0.1).axes[1].lines[0].get_ydata())

    assert len(losses) < 51
    assert losses[-2] < 1e3 < losses[-1]


def test_the_ravine_is_a_hundred_times_as_steep_across():
    assert ravine(torch.tensor([[1.0, 0.0], [0.0, 1.0]])).tolist() == [0.5, 50.0]


def test_lines_differ_by_more_than_their_colour():
    lines = paths().axes[0].lines[1:]

    assert len({(line.get_linestyle(), line.get_marker()) for line in lines}) == len(lines)


def test_the_title_of_the_regions_counts_the_points_that_lie_right():
    assert regions().axes[0].get_title() == "3 of 4 points lie on the ground of their class"


def test_each_class_has_its_points_under_a_marker_of_its_own():
    lines = regions().axes[0].lines
    points = [line.get_xydata().tolist() for line in lines]

    assert [len(own) for own in points] == [2, 1, 1]
    assert points[1] == [[0.5, 0.0]]
    assert len({line.get_marker() for line in lines}) == 3


def test_a_schedule_is_drawn_from_0_with_what_it_leads_to_beside_it():
    left, right = schedule().axes

    assert [list(line.get_ydata()) for line in left.lines + right.lines] == [[0.3, 0.3], [0.3, 0.1], [5, 2], [5, 1]]
    assert left.get_ylim()[0] == 0
    assert len({line.get_linestyle() for line in right.lines}) == 2
    assert right.get_title() == "In the end: constant 2.00, falling 1.00"


@pytest.mark.parametrize("training", [True, False])
def test_drawing_regions_leaves_the_mode_of_the_model(training):
    model = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5)).train(training)
    plots.plot_regions(model, torch.zeros(1, 2), torch.zeros(1, dtype=torch.int64))

    assert [module.training for module in model.modules()] == [training] * 3


def test_moving_the_slider_draws_the_paths_of_the_new_learning_rate():
    slider, image = widgets.optimizer_paths().panel().children
    before = image.value
    slider.value = 10**-1.65

    assert math.isclose(slider.value, 0.0224, rel_tol=1e-2)
    assert "SGD 2.93, momentum 0.07, Adam 7.60" in before
    assert "SGD diverged, momentum 0.21, Adam 4.37" in image.value


def test_without_a_kernel_the_widget_is_a_still_picture():
    shown = widgets.optimizer_paths()._repr_mimebundle_()

    assert set(shown) == {"text/html", "image/png", "text/plain"}
    assert "Step 50: SGD 2.93" in shown["text/plain"]
