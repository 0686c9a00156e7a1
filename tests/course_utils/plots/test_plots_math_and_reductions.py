"""The pictures of lesson 3 show what torch computes, and its widget follows its controls."""

import io

import pytest
import torch
from matplotlib.patches import FancyBboxPatch, Rectangle
from PIL import Image

from course_utils import plots, widgets
from course_utils.plots.math_and_reductions import REDUCTIONS

X = torch.tensor([[1.0, 2.0, 3.0, 4.0], [5.0, -6.0, 7.0, 8.0], [9.0, 10.0, 11.0, 12.0]])


def reduction():
    return plots.plot_reduction(X, dim=0)


def broadcast():
    return plots.plot_broadcast(X, "-", X.mean(dim=1, keepdim=True), names=("x", "means"))


def shown(axes):
    """The numbers in the cells: (column, row) -> text."""
    return {(text.get_position()): text.get_text() for text in axes.texts if text.get_text()}


every_picture = pytest.mark.parametrize("draw", [reduction, broadcast])


@every_picture
def test_all_axes_have_labels_and_a_title_that_the_text_alternative_repeats(draw):
    picture = draw()

    assert all(axes.get_xlabel() == "dim 1: column" and axes.get_ylabel() == "dim 0: row" for axes in picture.axes)
    assert all(axes.get_title() and axes.get_title() in picture.alt for axes in picture.axes)


@every_picture
def test_a_picture_stays_readable_on_a_dark_page(draw):
    corner = Image.open(io.BytesIO(draw().png())).convert("RGBA").getpixel((0, 0))

    assert corner == (0xFC, 0xFC, 0xFA, 255)


@pytest.mark.parametrize("operation", REDUCTIONS)
@pytest.mark.parametrize(
    ("dim", "places"),
    [
        (0, [(0, 3.8), (1, 3.8), (2, 3.8), (3, 3.8)]),
        (-1, [(4.8, 0), (4.8, 1), (4.8, 2)]),
        ((0, 1), [(4.8, 1)]),
    ],
)
def test_each_slice_has_its_number_beside_it(operation, dim, places):
    cells = shown(plots.plot_reduction(X, dim, operation).axes[0])
    expected = REDUCTIONS[operation](X, dim=dim).reshape(-1).tolist()

    assert [float(cells[place].replace("−", "-")) for place in places] == pytest.approx(expected, rel=5e-3)
    assert len(cells) == X.numel() + len(places)


@pytest.mark.parametrize(("dim", "boxes"), [(0, (4, 1, 3)), (1, (3, 4, 1)), ((0, 1), (1, 4, 3))])
def test_a_box_holds_the_cells_that_collapse(dim, boxes):
    patches = [p for p in plots.plot_reduction(X, dim).axes[0].patches if isinstance(p, FancyBboxPatch)]
    number, columns, rows = boxes

    assert [(round(p.get_width()), round(p.get_height())) for p in patches] == [(columns, rows)] * number


@pytest.mark.parametrize(
    ("dim", "keepdim", "title"),
    [
        (0, False, "sum(dim=0): (3, 4) → (4,), each column becomes one number"),
        (-1, True, "sum(dim=1, keepdim=True): (3, 4) → (3, 1), each row becomes one number"),
        ((0, 1), False, "sum(dim=(0, 1)): (3, 4) → (), everything becomes one number"),
    ],
)
def test_the_title_gives_the_shapes(dim, keepdim, title):
    assert plots.plot_reduction(X, dim, "sum", keepdim).axes[0].get_title() == title


def test_broadcasting_shows_both_sides_stretched_and_the_result():
    axes = broadcast().axes
    means = ["2.5", "3.5", "10.5"]

    assert shown(axes[1]) == {(column, row): means[row] for row in range(3) for column in range(4)}
    assert shown(axes[2])[1, 1] == "−9.5"
    assert [a.get_title() for a in axes] == ["x: (3, 4)", "means: (3, 1) acts as (3, 4)", "x − means: (3, 4)"]


@pytest.mark.parametrize(
    ("right", "copies"),
    [
        (torch.ones(3, 1), {(column, row) for column in (1, 2, 3) for row in range(3)}),
        (torch.ones(4), {(column, row) for column in range(4) for row in (1, 2)}),
        (torch.ones(3, 4), set()),
        (torch.tensor(2.0), {(column, row) for column in range(4) for row in range(3)} - {(0, 0)}),
    ],
)
def test_copies_have_a_dashed_outline(right, copies):
    cells = [p for p in plots.plot_broadcast(X, "*", right).axes[1].patches if isinstance(p, Rectangle)]
    dashed = {(round(p.get_x() + 0.42), round(p.get_y() + 0.42)) for p in cells if p.get_linestyle() != "-"}

    assert dashed == copies


def test_moving_a_control_draws_the_new_reduction():
    dim, operation, keepdim, image = widgets.reduction_explorer(X).panel().children
    assert image.value == plots.plot_reduction(X, 0, "sum").img()

    dim.value, operation.value, keepdim.value = (0, 1), "amax", True

    assert image.value == plots.plot_reduction(X, (0, 1), "amax", keepdim=True).img()


def test_without_a_kernel_the_widget_is_a_still_picture():
    assert widgets.reduction_explorer(X)._repr_mimebundle_() == reduction()._repr_mimebundle_()
