"""The pictures say what torch computes, in words too, and the widget works with and without a front-end."""

import base64
import io
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

from course_utils import plots, widgets
from course_utils.widgets import explorer

LOGITS, WORDS = torch.tensor([2.0, 1.0, 0.0, -1.0]), ["mat", "sofa", "roof", "moon"]


def activations():
    return plots.plot_activations({"sigmoid": torch.sigmoid, "ReLU": torch.relu, "GELU": F.gelu})


def layer_norm():
    x = torch.arange(24.0).reshape(3, 8) ** 2
    return plots.plot_layer_norm(x, nn.LayerNorm(8)(x))


def dropout_masks():
    half = torch.tensor([[2.0, 0.0, 2.0], [0.0, 0.0, 2.0]])
    return plots.plot_dropout_masks({0.5: half, 0.0: torch.ones(2, 3)})


def softmax(temperature=0.5):
    return plots.plot_softmax(LOGITS, WORDS, temperature)


every_picture = pytest.mark.parametrize("draw", [activations, layer_norm, dropout_masks, softmax])


@every_picture
def test_all_axes_of_a_picture_have_labels_and_a_title_with_a_number(draw):
    texts = [(axes.get_xlabel(), axes.get_ylabel(), axes.get_title()) for axes in draw().axes]

    assert all(x and y and any(c.isdigit() for c in title) for x, y, title in texts)


@every_picture
def test_a_picture_says_its_titles_in_its_text_alternative(draw):
    picture = draw()

    assert [axes.get_title() for axes in picture.axes if axes.get_title() not in picture.alt] == []


@every_picture
def test_a_picture_stays_readable_on_a_dark_page(draw):
    picture = draw()
    corner = Image.open(io.BytesIO(picture.png())).convert("RGBA").getpixel((0, 0))

    assert corner == (0xFC, 0xFC, 0xFA, 255)


def test_a_notebook_shows_a_picture_as_html_with_its_text_alternative():
    picture = plots.Picture('bars for "mat" & <moon>', 4, 3)
    shown = picture._repr_mimebundle_()

    assert shown["text/html"].endswith('alt="bars for &quot;mat&quot; &amp; &lt;moon&gt;">')
    assert ' width="320" style="max-width:100%;height:auto" ' in shown["text/html"]
    assert shown["image/png"] in shown["text/html"]
    assert base64.b64decode(shown["image/png"]).startswith(b"\x89PNG")


def test_activation_curves_are_torchs_functions_and_their_slopes():
    left, right = activations().axes
    x = torch.linspace(-6, 6, 601, requires_grad=True)

    for i, function in enumerate((torch.sigmoid, torch.relu, F.gelu)):
        (slopes,) = torch.autograd.grad(function(x).sum(), x)
        assert list(left.lines[i].get_ydata()) == function(x).tolist()
        assert list(right.lines[i].get_ydata()) == slopes.tolist()


def test_activation_curves_differ_by_more_than_their_colour():
    styles = {(line.get_linestyle(), line.get_label()) for line in activations().axes[0].lines}

    assert styles == {("-", "sigmoid"), ("--", "ReLU"), ("-.", "GELU")}


def test_the_activation_titles_state_what_was_found():
    titles = [axes.get_title() for axes in activations().axes]

    assert titles == [
        "At x = 6: sigmoid 1.00, ReLU 6.00, GELU 6.00",
        "Steepest slope: sigmoid 0.25, ReLU 1.00, GELU 1.13",
    ]


def test_layer_norm_dots_are_the_features_before_and_after():
    x = torch.arange(24.0).reshape(3, 8) ** 2
    left, right = layer_norm().axes

    for row in range(3):
        dots = 2 * row  # every row has a line of dots and a tick at its mean
        assert list(left.lines[dots].get_xdata()) == x[row].tolist()
        assert list(right.lines[dots].get_xdata()) == pytest.approx(F.layer_norm(x[row], (8,)).tolist())


def test_the_layer_norm_titles_give_the_range_of_means_and_deviations():
    before = torch.tensor([[1.0, 1.0, 5.0, 5.0], [9.0, 10.0, 9.0, 10.0]])
    left, right = plots.plot_layer_norm(before, F.layer_norm(before, (4,))).axes

    assert left.get_title() == "Before: means 3.0 to 9.5, deviations 0.5 to 2.0"
    assert right.get_title() == "After: means 0.0, deviations 1.0"


def test_dropout_draws_a_square_for_what_was_kept_and_a_cross_for_what_was_dropped():
    axes = dropout_masks().axes[0]
    kept, dropped = (sorted(map(tuple, marks.get_offsets().tolist())) for marks in axes.collections)

    assert kept == [(0, 0), (2, 0), (2, 1)]  # (column, row)
    assert dropped == [(0, 1), (1, 0), (1, 1)]


def test_the_dropout_titles_count_what_was_dropped():
    titles = [axes.get_title() for axes in dropout_masks().axes]

    assert titles == ["p = 0.5: 50% dropped, mean 1.00", "p = 0.0: 0% dropped, mean 1.00"]


@pytest.mark.parametrize("temperature", [0.1, 0.5, 1.0, 10.0])
def test_softmax_bars_are_torchs_softmax_of_the_tempered_logits(temperature):
    solid, outline = softmax(temperature).axes[0].containers

    assert [bar.get_height() for bar in solid] == pytest.approx((LOGITS / temperature).softmax(0).tolist())
    assert [bar.get_height() for bar in outline] == pytest.approx(LOGITS.softmax(0).tolist())


def test_softmax_names_the_words_their_logits_and_the_winner():
    axes = softmax(0.5).axes[0]

    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["mat\n2", "sofa\n1", "roof\n0", "moon\n-1"]
    assert axes.get_title() == "Temperature 0.50: “mat” takes 86.5%"


def test_moving_the_slider_draws_the_picture_of_the_new_temperature():
    slider, image = widgets.softmax_temperature(LOGITS, WORDS).panel().children
    slider.value = 0.5

    assert image.value == softmax(0.5).img()
    assert image.value != softmax(1.0).img()


def test_in_a_kernel_the_widget_shows_its_slider_and_keeps_a_picture_for_other_viewers(monkeypatch):
    monkeypatch.setattr(explorer, "get_ipython", lambda: SimpleNamespace(kernel=True))
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    shown = widgets.softmax_temperature(LOGITS, WORDS)._repr_mimebundle_()

    assert "application/vnd.jupyter.widget-view+json" in shown
    assert shown["text/html"] == softmax(1.0).img()


def test_under_nbgrader_the_widget_is_a_still_picture(monkeypatch):
    monkeypatch.setattr(explorer, "get_ipython", lambda: SimpleNamespace(kernel=True))
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    shown = widgets.softmax_temperature(LOGITS, WORDS)._repr_mimebundle_()

    assert shown == softmax(1.0)._repr_mimebundle_()


def test_without_a_kernel_the_widget_is_a_still_picture():
    shown = widgets.softmax_temperature(LOGITS, WORDS)._repr_mimebundle_()

    assert shown == softmax(1.0)._repr_mimebundle_()
