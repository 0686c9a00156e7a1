"""The pictures of lesson 6 draw the walks that gradient descent takes, and its widget moves them."""

import pytest
import torch

from course_utils import plots, widgets

X = torch.tensor([[-3.0], [-1.0], [1.0], [3.0]])
y = torch.tensor([[0.5], [3.5], [7.5], [12.5]])  # best line 2 x + 6, curvatures 10 and 2
TILTED = X + 2  # the valley lies askew: the curvatures belong to no axis


def walk(lr, steps, data=X):
    """W and b at the start and after each step, (steps + 1, 2), by torch's own optimizer."""
    W, b = torch.zeros(1, 1, requires_grad=True), torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([W, b], lr=lr)
    points = [[0.0, 0.0]]
    for _ in range(steps):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(data @ W + b, y).backward()
        optimizer.step()
        points.append([W.item(), b.item()])
    return torch.tensor(points)


def losses(lr, steps, data=X):
    points = walk(lr, steps, data)
    return ((data @ points[:, :1].T + points[:, 1] - y) ** 2).mean(dim=0).tolist()


def line(axes, label):
    (found,) = [line for line in axes.lines if line.get_label() == label]
    return found


def descent():
    return plots.plot_descent(X, y, 0.05, 8)


def curves():
    return plots.plot_losses({"with reset": losses(0.05, 8), "too fast": losses(0.21, 8)})


def walks():
    return plots.plot_walks(X, y, {"slow": walk(0.01, 6), "fast": walk(0.1, 6)})


every_picture = pytest.mark.parametrize("draw", [descent, curves, walks])


@every_picture
def test_all_axes_have_labels_and_a_title_with_a_number(draw):
    texts = [(axes.get_xlabel(), axes.get_ylabel(), axes.get_title()) for axes in draw().axes]

    assert all(x and y and any(c.isdigit() for c in title) for x, y, title in texts)


@every_picture
def test_a_picture_says_its_titles_in_its_text_alternative(draw):
    picture = draw()

    assert [axes.get_title() for axes in picture.axes if axes.get_title() not in picture.alt] == []


@every_picture
def test_lines_differ_by_more_than_their_colour(draw):
    for axes in draw().axes:
        looks = [(line.get_linestyle(), line.get_marker()) for line in axes.lines]

        assert len(looks) == len(set(looks))


@pytest.mark.parametrize("data", [X, TILTED], ids=["upright", "tilted"])
@pytest.mark.parametrize("lr", [0.02, 0.05])
def test_the_walk_and_its_losses_are_those_of_torchs_sgd(data, lr):
    left, right = plots.plot_descent(data, y, lr, 12).axes
    drawn = torch.tensor(line(left, "the walk from zeros").get_xydata())

    assert torch.allclose(drawn.float(), walk(lr, 12, data), atol=1e-4)
    assert list(line(right, "the walk").get_ydata()) == pytest.approx(losses(lr, 12, data), rel=1e-4)


def test_the_star_stands_at_the_best_line():
    left, right = descent().axes

    assert line(left, "the best line").get_xydata()[0].tolist() == pytest.approx([2.0, 6.0])
    assert line(right, "the best line's loss").get_ydata()[0] == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("lr", "ending"),
    [
        (0.05, "× largest curvature 10 = 0.50 ≤ 1: glides in"),
        (0.175, "× largest curvature 10 = 1.75 < 2: swings, and settles"),
        (0.2, "× largest curvature 10 = 2.00: swings for ever"),
        (0.205, "× largest curvature 10 = 2.05 > 2: diverges"),
    ],
)
def test_the_title_says_on_which_side_of_the_edge_the_learning_rate_lies(lr, ending):
    assert plots.plot_descent(X, y, lr, 20).axes[0].get_title() == f"lr {lr:.3f} {ending}"


@pytest.mark.parametrize("data", [X, TILTED], ids=["upright", "tilted"])
def test_two_over_the_largest_curvature_is_where_the_loss_begins_to_grow(data):
    A = torch.cat([data, torch.ones_like(data)], dim=1)
    edge = 2 / torch.linalg.eigvalsh(2 * A.T @ A / len(A)).max().item()

    assert losses(0.98 * edge, 400, data)[-1] < losses(0.98 * edge, 400, data)[10]
    assert losses(1.02 * edge, 400, data)[-1] > losses(1.02 * edge, 400, data)[10]
    assert "settles" in plots.plot_descent(data, y, 0.98 * edge, 5).alt
    assert "diverges" in plots.plot_descent(data, y, 1.02 * edge, 5).alt


def test_a_walk_that_explodes_can_still_be_drawn():
    assert plots.plot_descent(X, y, 5.0, 40).png().startswith(b"\x89PNG")


def test_the_title_of_loss_curves_gives_the_last_loss_of_each():
    picture = plots.plot_losses({"up": [1.0, 3.0], "down": [4.0, 0.5]})

    assert picture.axes[0].get_title() == "Loss after 1 step: up 3.00, down 0.50"


def test_the_title_of_walks_gives_how_far_each_is_from_the_lowest_loss():
    title = walks().axes[0].get_title()
    slow, fast = losses(0.01, 6)[-1] - 0.25, losses(0.1, 6)[-1] - 0.25

    assert title == f"Loss above the best line's after 6 steps: slow {slow:.2f}, fast {fast:.2f}"


def test_moving_either_slider_draws_the_new_walk():
    lr, steps, image = widgets.learning_rate(X, y).panel().children
    assert image.value == plots.plot_descent(X, y, 0.05, 20).img()

    lr.value = 0.2
    steps.value = 3

    assert image.value == plots.plot_descent(X, y, 0.2, 3).img()


def test_the_learning_rate_slider_reaches_beyond_the_edge():
    lr, _, _ = widgets.learning_rate(X, y).panel().children

    assert lr.max == pytest.approx(0.25)


@pytest.mark.parametrize("data", [X, 1.8 * X], ids=["Celsius", "Fahrenheit"])
def test_both_axes_of_a_surface_have_the_same_scale_so_that_a_ravine_looks_narrower(data):
    for axes in (plots.plot_descent(data, y, 0.05, 8).axes[0], plots.plot_walks(data, y, {"a": walk(0.01, 6)}).axes[0]):
        assert axes.get_aspect() == 1
        assert axes.get_xlim()[1] - axes.get_xlim()[0] == pytest.approx(axes.get_ylim()[1] - axes.get_ylim()[0])
