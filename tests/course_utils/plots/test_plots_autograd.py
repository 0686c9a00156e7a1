"""The pictures of lesson 2 say what autograd computes, the graph has every node, and the widget follows its sliders."""

import io

import pytest
import torch
from PIL import Image

from course_utils import plots, widgets
from course_utils.plots.autograd import plot_slope


def leaf(*shape):
    return torch.ones(shape, requires_grad=True)


def slope(x=1.0, eps=1.0):
    return plot_slope(torch.sin, x, eps)


def rounding():
    return plots.plot_rounding(lambda x: x**3, 2.0)


def fitted():
    x = torch.linspace(0, 4, 9)
    return plots.plot_fitted_line(x, 2 * x, {"start": (0.0, 0.0), "after step 5": (1.0, 0.5), "at the end": (2.0, 0.0)})


every_picture = pytest.mark.parametrize("draw", [slope, rounding, fitted])


@every_picture
def test_a_picture_has_labelled_axes_and_says_its_title_in_words(draw):
    picture = draw()
    (axes,) = picture.axes

    assert axes.get_xlabel()
    assert axes.get_ylabel()
    assert axes.get_title() in picture.alt


@every_picture
def test_a_picture_stays_readable_on_a_dark_page(draw):
    corner = Image.open(io.BytesIO(draw().png())).convert("RGBA").getpixel((0, 0))

    assert corner == (0xFC, 0xFC, 0xFA, 255)


@every_picture
def test_the_lines_differ_by_more_than_their_colour(draw):
    (axes,) = draw().axes
    named = [line for line in axes.lines if not line.get_label().startswith("_")]

    assert len({(line.get_linestyle(), line.get_marker(), line.get_color()) for line in named}) == len(named)
    assert len({(line.get_linestyle(), line.get_marker()) for line in named}) >= 2


def test_the_tangent_has_autograds_slope_and_the_chord_the_difference_quotient():
    _, tangent, chord, _ = slope(1.0, 0.5).axes[0].lines
    (x0, x1), (y0, y1) = tangent.get_data()
    (a0, a1), (b0, b1) = chord.get_data()
    x = torch.tensor(1.0, dtype=torch.float64)

    assert (y1 - y0) / (x1 - x0) == pytest.approx(x.cos().item())
    assert (a0, a1) == (0.5, 1.5)
    assert (b1 - b0) / (a1 - a0) == pytest.approx(((x + 0.5).sin() - (x - 0.5).sin()).item())


def test_the_slopes_title_gives_both():
    assert slope().axes[0].get_title() == "At x = 1.00: slope 0.54 by autograd, 0.45 by nudging"


def test_float64_is_far_closer_than_float32_at_the_default_eps():
    float32, float64, _ = rounding().axes[0].lines
    at = min(range(49), key=lambda i: abs(float64.get_xdata()[i] - 1e-4))

    assert float32.get_ydata()[at] > 1e5 * float64.get_ydata()[at]


def test_a_graph_names_its_leaves_and_points_from_the_result_to_them():
    a, b, x = leaf(), leaf(), leaf()

    assert plots.draw_graph(x * (a + 2 * b), a=a, b=b, x=x).text.splitlines() == [
        "z.grad_fn: MulBackward0",
        "├─ AccumulateGrad → x.grad",
        "└─ AddBackward0",
        "   ├─ AccumulateGrad → a.grad",
        "   └─ MulBackward0",
        "      └─ AccumulateGrad → b.grad",
    ]


def test_a_shared_node_is_drawn_once_with_two_arrows():
    h = leaf(2, 3).exp()
    drawn = plots.draw_graph(h * h)

    assert drawn.mermaid.count('ExpBackward0"]') == 1
    assert drawn.mermaid.count("n0 --> n1\n") == 2
    assert drawn.text.splitlines()[-1] == "└─ ExpBackward0 (again)"


def test_a_leaf_without_a_name_is_shown_by_its_shape():
    assert "AccumulateGrad → .grad of a leaf (2, 3)" in plots.draw_graph(leaf(2, 3).exp()).text


def test_a_notebook_gets_mermaid_and_any_other_viewer_text():
    drawn = plots.draw_graph(leaf().exp())
    shown = drawn._repr_mimebundle_()

    assert shown == {"text/vnd.mermaid": drawn.mermaid, "text/plain": drawn.text}
    assert shown["text/vnd.mermaid"].startswith("flowchart TD\n    accTitle: ")


def test_a_tensor_without_history_has_no_graph_to_draw():
    with pytest.raises(ValueError, match="its grad_fn is None; expected the result of a computation"):
        plots.draw_graph(torch.ones(2))


def test_moving_a_slider_draws_the_new_picture():
    x, eps, image = widgets.slope_explorer(torch.sin).panel().children
    first = image.value
    x.value, eps.value = -1.5, 0.1

    assert image.value == slope(-1.5, 0.1).img()
    assert image.value != first


def test_without_a_kernel_the_widget_is_a_still_picture():
    assert widgets.slope_explorer(torch.sin)._repr_mimebundle_() == slope()._repr_mimebundle_()


def test_a_fitted_line_is_drawn_at_every_stage_with_its_formula_and_its_distance():
    x = torch.tensor([0.0, 1.0, 2.0])
    picture = plots.plot_fitted_line(x, 2 * x - 1, {"start": (0.0, 0.0), "end": (2.0, -1.0)})
    (axes,) = picture.axes
    points, end, start = axes.lines

    assert points.get_ydata() == pytest.approx([-1, 1, 3])
    assert (end.get_label(), *end.get_ydata()) == ("end: 2.00x \N{MINUS SIGN} 1.00", -1, 3)
    assert (start.get_label(), *start.get_ydata()) == ("start: 0.00x + 0.00", 0, 0)
    assert axes.get_title() == "Mean squared distance from the points: 3.67 at start, 0.00 end"
    assert axes.get_title() in picture.alt
