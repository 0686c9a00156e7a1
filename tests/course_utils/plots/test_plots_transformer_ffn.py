"""The pictures of lesson 10 show what torch computes; its widget, its progress bar and its words do what they say."""

import hashlib
import io
import math
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from PIL import Image

from course_utils import data, plots, widgets
from course_utils.data import load_words
from course_utils.widgets import explorer, progress

WEIGHTS = torch.tensor([[1.0, 0.0, 0.0], [0.75, 0.25, 0.0], [0.1, 0.3, 0.6]])
LEAKY = torch.tensor([[0.5, 0.5], [0.25, 0.75]])


def attention(weights=WEIGHTS, labels="abc"):
    return plots.plot_attention(weights, list(labels))


def scale(width=64):
    return plots.plot_attention_scale(width)


def losses(held_out=2.0):
    return plots.plot_loss_and_baseline([3.0] * 25 + [2.0] * 25, {25: 2.5, 50: held_out}, baseline=2.4)


def heads(weights=None):
    return plots.plot_heads(torch.stack([WEIGHTS, torch.eye(3)]) if weights is None else weights, list("abc"))


def schedules():
    rates = {"constant": [0.1] * 4, "schedule": [0.05, 0.1, 0.05, 0.0]}
    return plots.plot_schedules(rates, {"constant": {2: 2.5, 4: 2.25}, "schedule": {2: 2.5, 4: 2.0}})


every_picture = pytest.mark.parametrize("draw", [attention, scale, losses, heads, schedules])


@every_picture
def test_all_axes_of_a_picture_have_labels_and_a_title_with_a_number(draw):
    texts = [(axes.get_xlabel(), axes.get_ylabel(), axes.get_title()) for axes in draw().axes]

    assert all(x and y and any(c.isdigit() for c in title) for x, y, title in texts)


@every_picture
def test_a_picture_says_its_titles_in_its_text_alternative(draw):
    picture = draw()

    lines = [line for axes in picture.axes for line in axes.get_title().split("\n")]

    assert [line for line in lines if line not in picture.alt] == []


@every_picture
def test_a_picture_stays_readable_on_a_dark_page(draw):
    corner = Image.open(io.BytesIO(draw().png())).convert("RGBA").getpixel((0, 0))

    assert corner == (0xFC, 0xFC, 0xFA, 255)


def test_attention_writes_each_weight_into_its_cell_and_leaves_zeros_out():
    (axes,) = attention().axes
    cells = {tuple(text.get_position()): text.get_text() for text in axes.texts}

    assert cells == {
        (0.5, 0.5): "1.00",
        **{(0.5, 1.5): "0.75", (1.5, 1.5): "0.25"},
        **{(0.5, 2.5): "0.10", (1.5, 2.5): "0.30", (2.5, 2.5): "0.60"},
    }


@pytest.mark.parametrize(
    ("weights", "labels", "title"),
    [
        (WEIGHTS, "abc", "0% of the weight lies on later positions, 52% on the one before"),
        (LEAKY, "ab", "25% of the weight lies on later positions, 25% on the one before"),
    ],
)
def test_attention_says_how_much_of_the_weight_lies_ahead(weights, labels, title):
    assert attention(weights, labels).axes[0].get_title() == title


def test_attention_names_the_strongest_position_of_each_row():
    assert attention().alt.endswith("Largest weight of each row: a on a 1.00, b on a 0.75, c on c 0.60.")


def test_heads_says_of_each_how_far_back_it_looks_leaving_out_the_first_row():
    back = torch.tensor([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.75, 0.25, 0.0]])
    titles = [axes.get_title() for axes in heads(torch.stack([torch.eye(3), back, back.roll(1, 1)])).axes]

    assert titles == ["head 0: 100% lies on itself", "head 1: 62% lies 1 back", "head 2: 62% lies on itself"]


def test_schedules_tells_the_rates_of_each_run_and_where_it_ended():
    left, right = schedules().axes

    assert left.get_title() == (
        "constant: largest 0.1 in step 1, last 0.1000\nschedule: largest 0.1 in step 2, last 0.0000"
    )
    assert right.get_title() == "constant ends at 2.25\nschedule ends at 2.00"
    assert [list(line.get_xdata()) for line in right.lines] == [[2, 4]] * 2


@pytest.mark.parametrize("width", [1, 64, 1024])
def test_scale_bars_are_mean_weights_that_sum_to_one_and_fall(width):
    for axes in scale(width).axes:
        heights = [bar.get_height() for bar in axes.patches]

        assert sum(heights) == pytest.approx(1, abs=1e-5)
        assert heights == sorted(heights, reverse=True)


def test_only_the_division_keeps_the_best_match_where_it_was():
    best = {width: [axes.patches[0].get_height() for axes in scale(width).axes] for width in (1, 1024)}

    assert best[1][0] == best[1][1]
    assert best[1024][0] > 0.95
    assert best[1024][1] < 0.4


def test_the_loss_curves_are_means_of_the_training_and_the_held_out_losses_as_they_are():
    training, held_out, baseline = losses().axes[0].lines

    assert list(training.get_ydata()) == [3.0, 2.0]
    assert (list(held_out.get_xdata()), list(held_out.get_ydata())) == ([25, 50], [2.5, 2.0])
    assert set(baseline.get_ydata()) == {2.4}


@pytest.mark.parametrize(("final", "gap"), [(2.0, "0.40 below"), (2.5, "0.10 above")])
def test_the_loss_title_compares_with_the_baseline(final, gap):
    title = losses(final).axes[0].get_title()

    assert title == f"After 50 steps the held-out loss is {final:.2f}, {gap} the bigrams"


def test_moving_the_slider_draws_the_picture_of_the_new_width():
    slider, image = widgets.attention_scale().panel().children
    before = image.value
    slider.value = 1024

    assert before == scale(64).img()
    assert image.value == scale(1024).img()


def test_without_a_front_end_progress_is_one_line_at_the_end(capsys):
    bar = widgets.Progress(3, "counting")
    seen = []
    for step in bar:
        seen.append(step)
        bar.note = f"at {step}"

    assert seen == [0, 1, 2]
    assert capsys.readouterr() == ("counting: 3 of 3 steps, 0 s, at 2\n", "")


def test_in_a_kernel_progress_is_a_bar_that_moves_and_ends_full(monkeypatch):
    shown = []
    handle = SimpleNamespace(update=lambda html: shown.append(html.data))
    monkeypatch.setattr(explorer, "get_ipython", lambda: SimpleNamespace(kernel=True))
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    monkeypatch.setattr(progress, "display", lambda html, display_id: shown.append(html.data) or handle)
    monkeypatch.setattr(progress, "_EVERY", -1.0)
    for _ in widgets.Progress(2, "a < b"):
        pass

    assert [re.search(r'value="(\d)" max="2"', html)[1] for html in shown] == ["0", "1", "2", "2"]
    assert "a &lt; b: 2 of 2 steps" in shown[-1]


def test_progress_tells_the_time_that_is_left():
    assert widgets.Progress(100, "training").text(25, 5.0) == "training: 25 of 100 steps, 5 s, about 15 s left"


def test_the_words_are_lower_case_ascii_each_once_in_order():
    words = load_words()

    assert words == sorted(set(words))
    assert all(re.fullmatch("[a-z]{3,12}", word) for word in words)


def test_the_words_are_those_that_their_description_speaks_of():
    description = Path(data.__file__).with_name("WORDS.md").read_text(encoding="utf-8")
    file = Path(data.__file__).with_name("words.txt").read_bytes()

    assert f"{len(load_words()):,} English words" in description
    assert hashlib.sha256(file).hexdigest() in description
    assert "public domain" in description


def test_the_letters_of_the_words_are_far_from_equally_likely():
    letters = "".join(load_words())
    shares = [letters.count(c) / len(letters) for c in set(letters)]

    assert -sum(p * math.log(p) for p in shares) < 0.9 * math.log(26)
