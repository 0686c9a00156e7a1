"""The pictures of lesson 1 show where each number stands, and the widget follows its controls."""

import io
from types import SimpleNamespace

import pytest
import torch
from matplotlib.patches import Rectangle
from PIL import Image

from course_utils import plots, widgets
from course_utils.widgets import explorer

X = 10 * torch.arange(12)


def shapes():
    return plots.plot_shapes(torch.arange(6), [(6,), (2, 3), (3, 2)])


def place(shape=(3, 4), at=6):
    return plots.plot_place(X, shape, at)


def frames(axes):
    """The framed cells, each as (row, first column, columns)."""
    found = [p for p in axes.patches if isinstance(p, Rectangle) and not p.get_fill()]
    return [(round(p.get_y() + 0.45), round(p.get_x() + 0.45), round(p.get_width() + 0.1)) for p in found]


def numbers(axes):
    """The numbers of a table as they stand in it, row by row."""
    return {(round(t.get_position()[1]), round(t.get_position()[0])): t.get_text() for t in axes.texts if t.get_text()}


def orders():
    x = torch.arange(6).reshape(2, 3)
    return plots.plot_reading_orders({"x": x, "x.T": x.T})


every_picture = pytest.mark.parametrize("draw", [shapes, place, lambda: place((12,), 7), orders])


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


def test_shapes_puts_the_numbers_where_reshape_puts_them():
    flat, wide, tall = (numbers(axes) for axes in shapes().axes)

    assert flat == {(0, i): str(i) for i in range(6)}
    assert wide == {(i, j): str(3 * i + j) for i in range(2) for j in range(3)}
    assert tall == {(i, j): str(2 * i + j) for i in range(3) for j in range(2)}


def test_shapes_frames_the_rows():
    assert [frames(axes) for axes in shapes().axes] == [
        [(0, 0, 6)],
        [(0, 0, 3), (1, 0, 3)],
        [(0, 0, 2), (1, 0, 2), (2, 0, 2)],
    ]


def test_rows_differ_by_their_dashes_too():
    found = [p for p in shapes().axes[2].patches if not p.get_fill()]

    assert len({p.get_linestyle() for p in found}) == 3


@pytest.mark.parametrize("shape", [(12,), (1, 12), (2, 6), (3, 4), (4, 3), (6, 2)])
@pytest.mark.parametrize("at", [0, 5, 11])
def test_the_marked_cell_holds_the_number_of_the_marked_place(shape, at):
    memory, table = place(shape, at).axes
    ((row, column, _),) = frames(table)
    index = [column] if len(shape) == 1 else [row, column]

    assert frames(memory) == [(0, at, 1)]
    assert numbers(table)[row, column] == str(X.reshape(shape)[tuple(index)].item()) == str(10 * at)
    assert table.get_title().endswith(f"is x{index}")


def test_choosing_a_shape_or_moving_the_place_draws_the_new_picture():
    shape, at, image = widgets.shape_explorer(X).panel().children
    assert image.value == place().img()

    shape.value = (6, 2)
    assert image.value == place((6, 2)).img()

    at.value = 11
    assert image.value == place((6, 2), 11).img()


def test_the_widget_offers_every_shape_that_fits_but_a_column():
    shape, *_ = widgets.shape_explorer(X).panel().children

    assert [value for _, value in shape.options] == [(12,), (1, 12), (2, 6), (3, 4), (4, 3), (6, 2)]


def test_without_a_kernel_and_under_nbgrader_the_widget_is_a_still_picture(monkeypatch):
    still = place()._repr_mimebundle_()
    assert widgets.shape_explorer(X)._repr_mimebundle_() == still

    monkeypatch.setattr(explorer, "get_ipython", lambda: SimpleNamespace(kernel=True))
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert widgets.shape_explorer(X)._repr_mimebundle_() == still


def test_reading_orders_follow_the_strides():
    flat, turned, table, tall = orders().axes

    assert flat.get_title() == "x: strides (3, 1) read places 0, 1, 2, 3, 4, 5"
    assert turned.get_title() == "x.T: strides (1, 3) read places 0, 3, 1, 4, 2, 5"
    assert [arrows(axes) for axes in (flat, turned)] == [[0, 1, 2, 3, 4, 5], [0, 3, 1, 4, 2, 5]]
    assert numbers(flat) == numbers(turned) == {(0, i): str(i) for i in range(6)}
    assert numbers(table) == {(i, j): str(3 * i + j) for i in range(2) for j in range(3)}
    assert numbers(tall) == {(j, i): str(3 * i + j) for i in range(2) for j in range(3)}


def arrows(axes):
    """The places, in the order in which the arrows lead from one to the next."""
    steps = [(round(a.xyann[0]), round(a.xy[0])) for a in axes.texts if hasattr(a, "arrow_patch") and a.arrow_patch]
    return [steps[0][0], *(end for _, end in steps)]
