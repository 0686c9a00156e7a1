"""The pictures of lesson 5 show what torch computes, say it in words too, and follow the widget's sliders."""

import io
from types import SimpleNamespace

import pytest
import torch
from PIL import Image

from course_utils import plots, widgets
from course_utils.widgets import explorer

X, Y = torch.tensor([[-3.0], [-1.0], [1.0], [3.0]]), torch.tensor([[0.5], [3.5], [7.5], [12.5]])


def residuals(W=1.0, b=4.0):
    return plots.plot_residuals(X, Y, W, b)


def surface(W=1.0, b=4.0):
    return plots.plot_loss_surface(X, Y, W, b)


def guess(W=1.0, b=4.0):
    return plots.plot_guess(X, Y, W, b)


def autograd_slopes(W, b):
    W, b = torch.tensor(W, requires_grad=True), torch.tensor(b, requires_grad=True)
    ((X * W + b - Y) ** 2).mean().backward()
    return W.grad.item(), b.grad.item()


def arrow(axes, label):
    """How far the line of that name goes along W and along b."""
    (line,) = [line for line in axes.lines if line.get_label() == label]
    (from_W, to_W), (from_b, to_b) = line.get_data()
    return to_W - from_W, to_b - from_b


every_picture = pytest.mark.parametrize("draw", [residuals, surface, guess])


@every_picture
def test_all_axes_of_a_picture_have_labels_and_a_title_with_a_number(draw):
    texts = [(axes.get_xlabel(), axes.get_ylabel(), axes.get_title()) for axes in draw().axes]

    assert all(x and y and any(c.isdigit() for c in title) for x, y, title in texts)


@every_picture
def test_a_picture_says_its_findings_in_its_text_alternative(draw):
    picture = draw()
    findings = [axes.get_title().splitlines()[0] for axes in picture.axes]

    assert [finding for finding in findings if finding not in picture.alt] == []


@every_picture
def test_a_picture_stays_readable_on_a_dark_page(draw):
    corner = Image.open(io.BytesIO(draw().png())).convert("RGBA").getpixel((0, 0))

    assert corner == (0xFC, 0xFC, 0xFA, 255)


def test_the_residual_sticks_go_from_the_target_to_the_prediction():
    (sticks,) = residuals().axes[0].collections
    ends = [tuple(path.vertices[:, 1].tolist()) for path in sticks.get_paths()]

    assert ends == list(zip(Y.flatten().tolist(), (X + 4.0).flatten().tolist(), strict=True))


def test_each_residual_is_written_beside_its_stick():
    assert [text.get_text() for text in residuals().axes[0].texts] == ["+0.5", "-0.5", "-2.5", "-5.5"]
    assert [text.get_text() for text in residuals(3.5, 4.0).axes[0].texts] == ["-7.0", "-3.0", "0.0", "+2.0"]


def test_the_residuals_title_gives_the_mean_squared_error_and_the_share_of_the_largest():
    assert residuals().axes[0].get_title() == "Mean squared error 9.25, 82% of it from one day"


@pytest.mark.parametrize(("W", "b"), [(1.0, 4.0), (3.5, 4.0), (2.0, 8.0), (0.0, 6.0)])
def test_the_arrows_are_a_tenth_of_autograds_gradient_and_of_its_opposite(W, b):
    axes, slopes = surface(W, b).axes[0], torch.tensor(autograd_slopes(W, b))

    assert arrow(axes, "gradient: uphill") == pytest.approx((0.1 * slopes).tolist(), abs=1e-6)
    assert arrow(axes, "against it: downhill") == pytest.approx((-0.1 * slopes).tolist(), abs=1e-6)


def test_both_parameters_are_drawn_to_one_scale_so_that_the_gradient_is_square_to_the_rings():
    assert surface().axes[0].get_aspect() == 1.0


@pytest.mark.parametrize(
    ("W", "b", "finding"),
    [
        (1.0, 4.0, "Slope -10.00 along W, -4.00 along b: raise W, raise b"),
        (3.5, 9.0, "Slope +15.00 along W, +6.00 along b: lower W, lower b"),
        (2.0, 6.0, "Slope 0.00 along W, 0.00 along b: keep W, keep b"),
    ],
)
def test_the_surface_title_says_which_way_to_move_each_parameter(W, b, finding):
    assert surface(W, b).axes[0].get_title() == f"{finding}\n(arrows: a tenth of the gradient)"


def test_the_star_stands_on_the_best_line():
    (star,) = [line for line in surface().axes[0].lines if line.get_label() == "the best line"]

    assert (*star.get_xdata(), *star.get_ydata()) == (2.0, 6.0)


def test_at_the_best_line_there_are_no_arrow_heads():
    assert len(surface().axes[0].texts) == 2
    assert len(surface(2.0, 6.0).axes[0].texts) == 0


def test_moving_either_slider_draws_the_new_guess():
    W, b, image = widgets.guess_explorer(X, Y, W=1.0, b=4.0).panel().children
    assert image.value == guess().img()

    W.value = 3.5
    b.value = 8.0

    assert image.value == guess(3.5, 8.0).img()


def test_the_arrows_stay_in_the_picture_wherever_the_sliders_go():
    W, b, _ = widgets.guess_explorer(X, Y, W=1.0, b=4.0).panel().children
    for at_W in (W.min, W.max):
        for at_b in (b.min, b.max):
            axes = guess(at_W, at_b).axes[1]
            ends = [(at_W + dW, at_b + db) for dW, db in (arrow(axes, "gradient: uphill"),)]

            assert all(axes.get_xlim()[0] < x < axes.get_xlim()[1] for x, _ in ends)
            assert all(axes.get_ylim()[0] < y < axes.get_ylim()[1] for _, y in ends)


def test_under_nbgrader_the_widget_is_a_still_picture(monkeypatch):
    monkeypatch.setattr(explorer, "get_ipython", lambda: SimpleNamespace(kernel=True))
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    shown = widgets.guess_explorer(X, Y, W=1.0, b=4.0)._repr_mimebundle_()

    assert shown == guess()._repr_mimebundle_()
