"""The pictures of lesson 4 show which cells are chosen, and the widget moves them."""

import io
from types import SimpleNamespace

import pytest
import torch
from matplotlib.patches import Rectangle
from PIL import Image

from course_utils import plots, widgets
from course_utils.widgets import explorer

X = torch.tensor([[4.0, 9.0, 1.0], [7.0, 2.0, 5.0]])
INPUT = torch.tensor([[10, 11, 12, 13], [20, 21, 22, 23], [30, 31, 32, 33]])
INDEX = torch.tensor([[2, 0], [1, 1], [0, 3]])


def choices():
    best = torch.tensor([[1], [0]])
    return plots.plot_choices(
        X, {"x[1]": lambda x: x[1], "x[x > 4]": lambda x: x[x > 4], "gather": lambda x: torch.gather(x, 1, best)}
    )


def gather(dim=1, index=INDEX):
    return plots.plot_gather(INPUT, dim, index)


def framed(axes):
    """The cells with a frame, as (row, column)."""
    frames = [p for p in axes.patches if isinstance(p, Rectangle) and not p.get_fill()]
    return {(round(p.get_y() + 0.44), round(p.get_x() + 0.44)) for p in frames}


def numbers(axes):
    return [text.get_text() for text in axes.texts]


every_picture = pytest.mark.parametrize("draw", [choices, gather, lambda: gather(dim=0)])


@every_picture
def test_all_axes_of_a_picture_have_labels_and_a_title_with_a_number(draw):
    texts = [(axes.get_xlabel(), axes.get_ylabel(), axes.get_title()) for axes in draw().axes]

    assert all(x and y and any(c.isdigit() for c in title) for x, y, title in texts)


@every_picture
def test_a_picture_says_its_titles_in_its_text_alternative(draw):
    picture = draw()
    titles = [axes.get_title().replace("\n", ": ") for axes in picture.axes]

    assert [title for title in titles if title not in picture.alt] == []


@every_picture
def test_a_picture_stays_readable_on_a_dark_page(draw):
    corner = Image.open(io.BytesIO(draw().png())).convert("RGBA").getpixel((0, 0))

    assert corner == (0xFC, 0xFC, 0xFA, 255)


def test_choices_frames_the_cells_that_reach_the_result():
    row, mask, picked = (framed(axes) for axes in choices().axes[:3])

    assert row == {(1, 0), (1, 1), (1, 2)}
    assert mask == {(0, 1), (1, 0), (1, 2)}
    assert picked == {(0, 1), (1, 0)}


def test_choices_gives_the_shape_of_each_result():
    titles = [axes.get_title() for axes in choices().axes[:3]]

    assert titles == [
        "x[1]\n3 of 6 cells, shape (3,)",
        "x[x > 4]\n3 of 6 cells, shape (3,)",
        "gather\n2 of 6 cells, shape (2, 1)",
    ]


def test_choices_leaves_no_empty_axes():
    assert len(choices().axes) == 3


def test_choices_leaves_its_argument_without_gradient():
    choices()

    assert (X.requires_grad, X.grad) == (False, None)


def test_gather_frames_what_was_picked_and_shows_torchs_result():
    source, index, result = gather().axes

    assert framed(source) == {(0, 2), (0, 0), (1, 1), (2, 0), (2, 3)}
    assert numbers(index) == ["2", "0", "1", "1", "0", "3"]
    assert numbers(result) == [str(v) for v in torch.gather(INPUT, 1, INDEX).flatten().tolist()]
    assert source.get_title() == "input (3, 4)\n6 picks, from 5 of 12 cells"


def test_gather_along_dim_0_keeps_to_the_columns():
    source, _, result = gather(0, INDEX.clamp(max=2)).axes

    assert {column for _, column in framed(source)} == {0, 1}
    assert numbers(result) == ["30", "11", "20", "21", "10", "31"]


def test_lanes_differ_by_their_dashes_too():
    frames = [p for p in gather().axes[1].patches if not p.get_fill()]

    assert len({p.get_linestyle() for p in frames}) == 3


def test_an_index_that_is_too_large_leaves_no_result_and_gives_torchs_own_words():
    result = gather(dim=0).axes[2]
    with pytest.raises(RuntimeError) as error:
        torch.gather(INPUT, 0, INDEX)

    assert result.get_title().replace("\n", " ") == f"error: {error.value}"
    assert (numbers(result), framed(result)) == ([], set())
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in result.lines] == [(1.3, 1.7)]


def test_moving_an_entry_or_choosing_a_dim_draws_the_new_picture():
    dim, *entries, image = widgets.gather_explorer(INPUT, INDEX).panel().children
    assert [slider.value for slider in entries] == INDEX.flatten().tolist()
    assert image.value == gather().img()

    entries[5].value = 2
    moved = torch.tensor([[2, 0], [1, 1], [0, 2]])
    assert image.value == gather(1, moved).img()

    dim.value = 0
    assert image.value == gather(0, moved).img()


def test_without_a_kernel_and_under_nbgrader_the_widget_is_a_still_picture(monkeypatch):
    still = gather()._repr_mimebundle_()
    assert widgets.gather_explorer(INPUT, INDEX)._repr_mimebundle_() == still

    monkeypatch.setattr(explorer, "get_ipython", lambda: SimpleNamespace(kernel=True))
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert widgets.gather_explorer(INPUT, INDEX)._repr_mimebundle_() == still
