"""Answers to lesson 4."""

import functools
import itertools

import numpy as np
import torch
import torch.nn.functional as F

# --- pick_three


def pick_three_by_numbers(x):
    return x[1], x[:, 2], x[1, 3]


def pick_three_step_by_step(x):
    row = x[1]
    return [row, x.T[2], row[3]]


def pick_three_by_select(x):
    return x.select(0, 1), x.select(1, 2), x.select(0, 1).select(0, 3)


def pick_three_by_lists(x):
    return x[[1]].squeeze(0), x[..., [2]].flatten(), x[(1, 3)]


def pick_three_by_unbind(x):
    rows, columns = x.unbind(0), x.unbind(1)
    return rows[1], columns[2], x.flatten()[x.shape[1] + 3]


def pick_three_counted_from_the_end(x):
    n, c = x.shape
    return x[1 - n].clone(), x[:, 2 - c], x[-n + 1, -c + 3]


def pick_three_as_copies(x):
    return torch.stack(list(x[1])), torch.stack([row[2] for row in x]), x[1:2, 3:4].reshape(())


# --- values_above


def values_above_by_mask(x, threshold):
    return x[x > threshold]


def values_above_by_masked_select(x, threshold):
    return torch.masked_select(x, x > threshold)


def values_above_by_places(x, threshold):
    flat = x.reshape(-1)
    return flat[(flat > threshold).nonzero().squeeze(1)]


def values_above_one_by_one(x, threshold):
    return torch.tensor([value for value in x.flatten().tolist() if value > threshold])


def values_above_by_negation(x, threshold):
    below = x <= threshold
    return x[~below]


def values_above_stacked(x, threshold):
    return torch.stack([value for value in x.flatten() if value > threshold])


def values_above_by_tuple_of_places(x, threshold):
    return x[torch.where(x > threshold)]


# --- replace_above


def replace_above_by_where(x, limit, fill):
    return torch.where(x > limit, fill, x)


def replace_above_on_a_copy(x, limit, fill):
    result = x.clone()
    result[result > limit] = fill
    return result


def replace_above_by_masked_fill(x, limit, fill):
    return x.masked_fill(x > limit, fill)


def replace_above_by_products(x, limit, fill):
    above = (x > limit).to(x.dtype)
    return x * (1 - above) + fill * above


def replace_above_by_the_other_branch(x, limit, fill):
    return x.where(x <= limit, torch.full_like(x, fill))


def replace_above_one_by_one(x, limit, fill):
    flat = [fill if value > limit else value for value in x.flatten().tolist()]
    return torch.tensor(flat).reshape(x.shape)


def replace_above_by_index_put(x, limit, fill):
    return x.index_put((x > limit,), torch.tensor(fill, dtype=x.dtype))


# --- best_and_top


def best_and_top_by_topk(scores, k):
    values, indices = scores.topk(k, dim=1)
    return scores.argmax(dim=1), values, indices


def best_and_top_by_sort(scores, k):
    values, indices = torch.sort(scores, dim=-1, descending=True)
    return indices[:, 0], values[:, :k], indices[:, :k]


def best_and_top_by_max(scores, k):
    top = torch.topk(scores, k)
    return scores.max(dim=1).indices, top.values, top[1]


def best_and_top_row_by_row(scores, k):
    tops = [row.topk(k) for row in scores]
    best = torch.tensor([int(row.argmax()) for row in scores])
    return [best, torch.stack([t.values for t in tops]), torch.stack([t.indices for t in tops])]


def best_and_top_by_argsort(scores, k):
    order = scores.argsort(1).flip(1)[:, :k]
    return scores.argmax(-1), scores.gather(1, order), order


def best_and_top_from_the_negative(scores, k):
    values, indices = (-scores).topk(k, 1, largest=False)
    return (-scores).argmin(1), -values, indices


# --- gather


def gather_by_meshgrid(input, dim, index):
    places = torch.meshgrid(*[torch.arange(n, device=index.device) for n in index.shape], indexing="ij")
    places = list(places)
    places[dim] = index
    return input[tuple(places)]


def gather_by_open_grid(input, dim, index):
    dim = dim % input.dim()
    places = []
    for d in range(input.dim()):
        if d == dim:
            places.append(index)
        else:
            shape = [1] * input.dim()
            shape[d] = index.shape[d]
            places.append(torch.arange(index.shape[d], device=index.device).view(shape))
    return input[places] if len(places) == 1 else input[tuple(places)]


def gather_by_counting_ones(input, dim, index):
    places = [torch.ones_like(index).cumsum(d) - 1 for d in range(index.dim())]
    places[dim] = index
    return input[tuple(places)]


def gather_as_a_table(input, dim, index):
    crop = tuple(slice(None) if d == dim % input.dim() else slice(n) for d, n in enumerate(index.shape))
    source, chosen = input[crop].movedim(dim, -1), index.movedim(dim, -1)
    rows = source.reshape(-1, source.shape[-1])  # (rows, places)
    columns = chosen.reshape(-1, chosen.shape[-1])  # (rows, chosen)
    picked = rows[torch.arange(len(rows)).unsqueeze(1), columns]
    return picked.reshape(chosen.shape).movedim(-1, dim)


def gather_from_flat_with_a_check(input, dim, index):
    if (index >= input.size(dim)).any():
        raise IndexError("index too large")
    flat = input.contiguous().view(-1)
    strides = torch.empty(input.shape).stride()
    position = index * strides[dim]
    for d in range(input.dim()):
        if d != dim % input.dim():
            counts = torch.arange(index.shape[d]) * strides[d]
            position = position + counts.reshape([-1 if e == d else 1 for e in range(input.dim())])
    return flat.index_select(0, position.reshape(-1)).reshape(index.shape)


def gather_by_one_hot(input, dim, index):
    places = [slice(n) for n in index.shape]
    places[dim] = slice(None)
    source = input[tuple(places)].movedim(dim, -1).unsqueeze(-2)  # (..., 1, places)
    one_hot = F.one_hot(index.movedim(dim, -1), input.shape[dim])  # (..., chosen, places)
    return (source * one_hot.to(input.dtype)).sum(-1).movedim(-1, dim)


def gather_by_unravel(input, dim, index):
    places = list(torch.unravel_index(torch.arange(index.numel(), device=index.device), index.shape))
    places[dim] = index.flatten()
    return input[tuple(places)].reshape(index.shape)


def gather_by_nonzero(input, dim, index):
    places = list(torch.ones_like(index).nonzero(as_tuple=True))
    places[dim] = index.reshape(-1)
    return input[places].view(index.shape) if len(places) == 1 else input[tuple(places)].view(index.shape)


def gather_by_numpy_grid(input, dim, index):
    places = [torch.from_numpy(grid) for grid in np.indices(tuple(index.shape))]
    places[dim] = index
    return input[tuple(places)]


def gather_by_vmap(input, dim, index):
    dim %= input.dim()
    for d, n in enumerate(index.shape):
        if d != dim:
            input = input.narrow(d, 0, n)
    choose = lambda row, chosen: row[chosen]  # noqa: E731 - as a learner writes it
    for _ in range(input.dim() - 1):
        choose = torch.vmap(choose)
    return choose(input.movedim(dim, -1), index.movedim(dim, -1)).movedim(-1, dim)


def gather_by_take_with_assert(input, dim, index):
    assert int(index.max()) < input.shape[dim], "index too large"
    numbered = torch.arange(input.numel()).reshape(input.shape)
    places = [torch.arange(n).reshape([-1] + [1] * (index.dim() - d - 1)) for d, n in enumerate(index.shape)]
    places[dim] = index
    return torch.take(input, numbered[tuple(places)])


def gather_filled_into_zeros(input, dim, index):
    print("shapes", input.shape, index.shape, index.tolist())
    result = torch.zeros(index.shape, dtype=input.dtype, device=input.device)
    places = [torch.arange(n) for n in index.shape]
    grid = list(torch.meshgrid(places, indexing="ij"))
    grid[dim] = index
    result[...] = input[tuple(grid)]
    return result


def gather_by_mask_with_a_check(input, dim, index):
    if index.max().item() >= input.shape[dim]:
        raise ValueError(f"index {index.max()} is too large")
    crop = [slice(0, n) for n in index.shape]
    crop[dim] = slice(None)
    source = input[crop[0] if len(crop) == 1 else tuple(crop)].movedim(dim, -1).unsqueeze(-2)
    chosen = index.movedim(dim, -1).unsqueeze(-1) == torch.arange(input.shape[dim])
    return source.where(chosen, torch.zeros((), dtype=input.dtype)).sum(-1).movedim(-1, dim)


def gather_with_helper(input, dim, index):
    return input[_places_of(index, dim)]


def _places_of(index, dim):
    dims = range(index.dim())
    counted = [torch.arange(index.shape[d]).reshape(*(-1 if e == d else 1 for e in dims)) for d in dims]
    return tuple(index if d == dim % index.dim() else c.expand(index.shape) for d, c in enumerate(counted))


# --- label_log_probs


def label_log_probs_by_pairs(log_probs, labels):
    return log_probs[torch.arange(labels.shape[0]), labels]


def label_log_probs_by_gather(log_probs, labels):
    return log_probs.gather(1, labels.unsqueeze(1)).squeeze(1)


def label_log_probs_by_take_along_dim(log_probs, labels):
    return torch.take_along_dim(log_probs, labels[:, None], dim=1)[:, 0]


def label_log_probs_by_one_hot(log_probs, labels):
    return torch.where(F.one_hot(labels, log_probs.shape[1]).bool(), log_probs, 0.0).sum(1)


def label_log_probs_by_nll(log_probs, labels):
    return -F.nll_loss(log_probs, labels, reduction="none")


def label_log_probs_one_by_one(log_probs, labels):
    result = torch.zeros(len(labels), dtype=log_probs.dtype)
    for i, label in enumerate(labels):
        result[i] = log_probs[i, label]
    return result


def label_log_probs_by_diagonal(log_probs, labels):
    return log_probs[:, labels].diagonal()


# --- wrong, beyond the known mistakes


def pick_three_one_short(x):
    return x[1], x[:, 2]


def pick_three_last_row(x):
    return x[-1], x[:, 2], x[1, 3]


def values_above_as_list(x, threshold):
    return x[x > threshold].tolist()


def values_above_in_a_row(x, threshold):
    return x[x > threshold].unsqueeze(0)


def values_above_of_absolute(x, threshold):
    return x[x.abs() > threshold]


def replace_above_prints(x, limit, fill):
    print(torch.where(x > limit, fill, x))


def replace_above_adds(x, limit, fill):
    return torch.where(x > limit, x + fill, x)


def best_and_top_without_indices(scores, k):
    return scores.argmax(1), scores.topk(k, 1).values, scores.topk(k, 1).values.argmax(1)


def best_and_top_as_dict(scores, k):
    return {"best": scores.argmax(1), "top": scores.topk(k, 1)}


def gather_table_in_a_loop(input, dim, index):
    result = torch.zeros(index.shape)
    for i, j in itertools.product(range(index.shape[0]), range(index.shape[1])):
        result[i, j] = input[i, index[i, j]]
    return result


def gather_as_long(input, dim, index):
    return gather_by_meshgrid(input, dim, index).long()


def gather_in_float32(input, dim, index):
    return gather_by_meshgrid(input, dim, index).float()


def gather_along_the_first_dims(input, dim, index):
    places = [torch.arange(n) for n in index.shape]
    return functools.reduce(lambda t, p: t.index_select(0, p), places[:1], input)


def gather_changes_index(input, dim, index):
    result = gather_by_meshgrid(input, dim, index)
    index += 1
    return result


def gather_by_renamed_library(input, dim, index):
    pick = torch.gather
    return pick(input, dim, index)


def gather_by_scripted_method(input, dim, index):
    return getattr(input, "gath" + "er")(dim, index)


def label_log_probs_from_one(log_probs, labels):
    return log_probs[torch.arange(len(labels)), labels - 1]


def label_log_probs_normalised_again(log_probs, labels):
    return -F.cross_entropy(log_probs, labels, reduction="none")


def label_log_probs_upside_down(log_probs, labels):
    return log_probs[torch.arange(len(labels)), labels].flip(0)


RIGHT = {
    "pick_three": (
        *(pick_three_by_numbers, pick_three_step_by_step, pick_three_by_select, pick_three_by_lists),
        *(pick_three_by_unbind, pick_three_counted_from_the_end, pick_three_as_copies),
    ),
    "values_above": (
        *(values_above_by_mask, values_above_by_masked_select, values_above_by_places, values_above_one_by_one),
        *(values_above_by_negation, values_above_stacked, values_above_by_tuple_of_places),
    ),
    "replace_above": (
        *(replace_above_by_where, replace_above_on_a_copy, replace_above_by_masked_fill, replace_above_by_products),
        *(replace_above_by_the_other_branch, replace_above_one_by_one, replace_above_by_index_put),
    ),
    "best_and_top": (
        *(best_and_top_by_topk, best_and_top_by_sort, best_and_top_by_max, best_and_top_row_by_row),
        *(best_and_top_by_argsort, best_and_top_from_the_negative),
    ),
    "gather": (
        *(gather_by_meshgrid, gather_by_open_grid, gather_by_counting_ones, gather_as_a_table),
        *(gather_from_flat_with_a_check, gather_by_one_hot, gather_by_unravel, gather_by_nonzero),
        *(gather_by_numpy_grid, gather_by_vmap, gather_by_take_with_assert, gather_filled_into_zeros),
        *(gather_by_mask_with_a_check, gather_with_helper),
    ),
    "label_log_probs": (
        *(label_log_probs_by_pairs, label_log_probs_by_gather, label_log_probs_by_take_along_dim),
        *(label_log_probs_by_one_hot, label_log_probs_by_nll),
        *(label_log_probs_one_by_one, label_log_probs_by_diagonal),
    ),
}

# (exercise, answer, words that its message must hold)
WRONG = (
    ("pick_three", pick_three_one_short, "2 values; expected 3"),
    ("pick_three", pick_three_last_row, "returned [30, 31, 32, 33, 34] for result[0]; expected [10, 11, 12, 13, 14]"),
    ("values_above", values_above_as_list, "returned a list of 2; expected a tensor of shape (2,)"),
    ("values_above", values_above_in_a_row, "shape (1, 2); expected (2,)"),
    ("values_above", values_above_of_absolute, "called with x=torch.tensor([3., -1., -2., -3.]), threshold=-2.0"),
    ("replace_above", replace_above_prints, "Is a `return` missing?"),
    (
        "replace_above",
        replace_above_adds,
        "called with x=torch.tensor([[5., 1., 2.], [2., 4., 0.]]), limit=2.0, fill=-1.0",
    ),
    ("best_and_top", best_and_top_without_indices, "shape (3,) for result[2]; expected (3, 2)"),
    ("best_and_top", best_and_top_as_dict, "returned a dict"),
    ("gather", gather_table_in_a_loop, "Your code looks along the same dim whatever `dim` says."),
    ("gather", gather_as_long, "dtype torch.int64; expected torch.float32"),
    ("gather", gather_in_float32, "dtype torch.float32; expected torch.int64"),
    ("gather", gather_along_the_first_dims, "shape (3, 3); expected (3, 2)"),
    ("gather", gather_changes_index, "its argument index"),
    ("gather", gather_by_renamed_library, "uses the library's gather; build it from arange and input[...]"),
    ("gather", gather_by_scripted_method, "uses the library's gather; build it from arange and input[...]"),
    ("label_log_probs", label_log_probs_from_one, "labels=torch.tensor([1, 2, 0])"),
    ("label_log_probs", label_log_probs_normalised_again, "gives the gradient with respect to log_probs"),
    ("label_log_probs", label_log_probs_upside_down, "labels=torch.tensor([1, 2, 0])"),
)
