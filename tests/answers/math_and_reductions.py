"""Answers to lesson 3."""

import math

import torch

# --- two_products


def two_products_by_operators(a, b):
    return a * b, a @ b


def two_products_by_functions(a, b):
    return torch.mul(a, b), torch.mm(a, b)


def two_products_as_a_list(a, b):
    entry_by_entry = torch.einsum("ij,ij->ij", a, b)
    return [entry_by_entry, torch.einsum("ik,kj->ij", a, b)]


def two_products_by_loops(a, b):
    first, second = torch.empty_like(a), torch.zeros(a.shape)
    for i in range(len(a)):
        for j in range(len(a)):
            first[i, j] = a[i, j] * b[i, j]
            for k in range(len(a)):
                second[i, j] += a[i, k] * b[k, j]
    return first, second


def two_products_in_place_on_copies(a, b):
    product = a.clone()
    product *= b
    print("product", product)
    return product, a.matmul(b)


# --- score_summary


def score_summary_by_mean(scores):
    return scores.mean(dim=0), scores.mean(dim=1), scores.mean()


def score_summary_by_sums(scores):
    students, assignments = scores.shape
    return scores.sum(0) / students, scores.sum(-1) / assignments, scores.sum() / scores.numel()


def score_summary_by_mean_of_means(scores):
    per_assignment = scores.mean(axis=0)
    return per_assignment, torch.mean(scores, 1), per_assignment.mean()


def score_summary_by_loops(scores):
    per_assignment = torch.zeros(scores.shape[1])
    for column in range(scores.shape[1]):
        per_assignment[column] = sum(scores[:, column]) / len(scores)
    per_student = torch.stack([row.mean() for row in scores])
    return per_assignment, per_student, torch.tensor(sum(per_student.tolist()) / len(per_student))


def score_summary_through_numpy(scores):
    array = scores.numpy()
    return torch.from_numpy(array.mean(0)), torch.from_numpy(array.mean(1)), torch.tensor(array.mean())


def score_summary_by_matrix_products(scores):
    n, m = scores.shape
    return torch.ones(n) @ scores / n, scores @ torch.ones(m) / m, scores.flatten().mean()


# --- matmul_by_hand


def matmul_by_hand_with_b_broadcast(a, b):
    return (a[:, :, None] * b).sum(dim=1)


def matmul_by_hand_with_b_transposed(a, b):
    return (a.unsqueeze(1) * b.T.unsqueeze(0)).sum(-1)


def matmul_by_hand_with_k_first(a, b):
    terms = torch.mul(a.t()[:, :, None], b[:, None, :])  # (k, n, m)
    return torch.sum(terms, dim=0)


def matmul_by_hand_by_mean(a, b):
    products = a.reshape(*a.shape, 1) * b.reshape(1, *b.shape)
    return products.mean(1) * a.shape[1]


def matmul_by_hand_by_expand(a, b):
    n, k = a.shape
    m = b.shape[1]
    return (a[:, None, :].expand(n, m, k) * b.mT[None].expand(n, m, k)).sum(2)


def matmul_by_hand_by_vmap(a, b):
    return torch.vmap(lambda row: (row[:, None] * b).sum(0))(a)


def matmul_by_hand_by_cumsum(a, b):
    return (a[..., None] * b[None]).double().cumsum(dim=1)[:, -1].float()


def matmul_by_hand_through_numpy(a, b):
    return torch.from_numpy((a.numpy()[:, :, None] * b.numpy()[None]).sum(axis=1))


# --- standardize


def standardize_by_std(x, dim):
    return (x - x.mean(dim=dim, keepdim=True)) / x.std(dim=dim, correction=0, keepdim=True)


def standardize_by_squares(x, dim):
    centred = x - x.mean(dim, True)
    return centred / centred.pow(2).mean(dim, True).sqrt()


def standardize_by_var_mean(x, dim):
    var, mean = torch.var_mean(x, dim, unbiased=False, keepdim=True)
    return (x - mean) * torch.rsqrt(var)


def standardize_with_the_sample_std_corrected(x, dim):
    n = x.shape[dim]
    mean = x.sum(dim).unsqueeze(dim) / n
    std = x.std(dim, keepdim=True) * math.sqrt((n - 1) / n)
    return (x - mean) / std


def standardize_with_dim_moved(x, dim):
    moved = x.movedim(dim, 0)
    return ((moved - moved.mean(0)) / moved.std(0, unbiased=False)).movedim(0, dim)


def standardize_on_a_copy_in_place(x, dim):
    z = x.clone().double()
    z -= z.mean(dim, keepdim=True)
    z /= z.square().mean(dim, keepdim=True).sqrt()
    return z.to(x.dtype)


def standardize_through_numpy(x, dim):
    array = x.numpy()
    return torch.tensor((array - array.mean(dim, keepdims=True)) / array.std(dim, keepdims=True))


def standardize_slice_by_slice(x, dim):
    slices = x.movedim(dim, -1).reshape(-1, x.shape[dim])
    done = torch.stack([(s - s.mean()) / s.std(correction=0) for s in slices])
    return done.reshape(x.movedim(dim, -1).shape).movedim(-1, dim)


# --- pairwise_sq_distances


def pairwise_by_broadcasting(x, y):
    return ((x[:, None, :] - y[None, :, :]) ** 2).sum(dim=-1)


def pairwise_by_cdist(x, y):
    return torch.cdist(x, y) ** 2


def pairwise_by_expansion(x, y):
    return (x**2).sum(1)[:, None] + (y**2).sum(1) - 2 * x @ y.T


def pairwise_by_einsum(x, y):
    difference = x.unsqueeze(1) - y
    return torch.einsum("nmd,nmd->nm", difference, difference)


def pairwise_by_norm(x, y):
    return torch.linalg.vector_norm(x[:, None] - y, dim=2).square()


def pairwise_by_repeat(x, y):
    n, m = len(x), len(y)
    left = x.repeat_interleave(m, dim=0)
    right = y.repeat(n, 1)
    return torch.pow(left - right, 2).sum(1).view(n, m)


def pairwise_by_vmap(x, y):
    return torch.vmap(lambda point: (point - y).square().sum(-1))(x)


def pairwise_by_product(x, y):
    difference = torch.sub(x.reshape(x.shape[0], 1, x.shape[1]), y)
    return (difference * difference).sum(-1)


def pairwise_by_clamped_expansion(x, y):
    squares = x.square().sum(-1, keepdim=True) - 2 * torch.mm(x, y.t())
    squares += y.square().sum(-1)
    return squares.clamp_(min=0)


# --- log_sum_exp


def log_sum_exp_by_amax(x, dim):
    top = x.amax(dim=dim, keepdim=True)
    return (x - top).exp().sum(dim=dim).log() + top.squeeze(dim)


def log_sum_exp_with_the_dim_dropped_last(x, dim):
    top = x.max(dim, keepdim=True).values
    return (top + torch.log(torch.sum(torch.exp(x - top), dim, keepdim=True))).squeeze(dim)


def log_sum_exp_with_dim_moved(x, dim):
    moved = x.movedim(dim, 0)
    top, _ = moved.max(0)
    return top + torch.log(torch.exp(moved - top).sum(0))


def log_sum_exp_by_logaddexp(x, dim):
    first, *others = x.unbind(dim)
    for other in others:
        first = torch.logaddexp(first, other)
    return first


def log_sum_exp_by_log_softmax(x, dim):
    return (x - torch.log_softmax(x, dim)).select(dim, 0)


def log_sum_exp_in_float64(x, dim):
    z = x.double()
    top = z.amax(dim)
    return (top + (z - top.unsqueeze(dim)).exp_().sum(dim).log_()).float()


def log_sum_exp_with_two_cases(x, dim):
    top = torch.max(x, dim=dim)[0]
    total = torch.zeros(top.shape)
    for i in range(x.size(dim)):
        total += torch.exp(x.select(dim, i) - top)
    logsumexp = torch.log(total) + top
    print(logsumexp.shape)
    return logsumexp


# --- wrong, beyond the known mistakes


def standardize_changes_x(x, dim):
    x -= x.mean(dim, keepdim=True)
    x /= x.std(dim, correction=0, keepdim=True)
    return x


def standardize_last_dim_only_from_three(x, dim):
    return standardize_by_std(x, dim if x.dim() < 3 else -1)


def standardize_in_float64(x, dim):
    return standardize_by_std(x.double(), dim)


def matmul_by_hand_with_a_helper(a, b):
    return _product(a, b)


def _product(a, b):
    return a @ b


def matmul_by_hand_by_numpy_einsum(a, b):
    import numpy as np

    return torch.from_numpy(np.einsum("ik,kj->ij", a.numpy(), b.numpy()))


def matmul_by_hand_with_a_loop_in_a_helper(a, b):
    return torch.cat([_row_times(row, b) for row in a.split(1)])


def _row_times(row, b):
    return (row.T * b).sum(0, keepdim=True)


def matmul_by_hand_by_while(a, b):
    out, k = torch.zeros(a.shape[0], b.shape[1]), 0
    while k < b.shape[0]:
        out = out + a[:, k : k + 1] * b[k]
        k += 1
    return out


def pairwise_by_numpy_loops(x, y):
    points, others = x.numpy(), y.numpy()
    return torch.tensor([[((p - q) ** 2).sum() for q in others] for p in points])


def pairwise_by_map(x, y):
    def to_all(point):
        return (point - y).square().sum(-1)

    return torch.stack(list(map(to_all, x)))


def pairwise_by_items(x, y):
    n, m, d = len(x), len(y), x.shape[1]
    return torch.tensor([[sum((x[i, k] - y[j, k]).item() ** 2 for k in range(d)) for j in range(m)] for i in range(n)])


def score_summary_stacked(scores):
    return torch.tensor([scores.mean(0).mean(), scores.mean(1).mean(), scores.mean()])


def score_summary_as_a_dict(scores):
    return {"per_assignment": scores.mean(0), "per_student": scores.mean(1), "overall": scores.mean()}


def two_products_stacked(a, b):
    return torch.stack((a * b, a @ b))


def log_sum_exp_by_tensor_method(x, dim):
    return x.logsumexp(dim=dim)


def log_sum_exp_right_for_two_dims(x, dim):
    if x.dim() > 2:
        return x.exp().sum(dim).log()
    return log_sum_exp_by_amax(x, dim)


def log_sum_exp_of_absolute_values(x, dim):
    top = x.abs().amax(dim, keepdim=True)
    return (x - top).exp().sum(dim).log() + top.squeeze(dim)


# --- split_heads


def split_heads_by_reshape(x, n_heads):
    B, T, C = x.shape
    if C % n_heads != 0:
        raise ValueError(f"{C} features cannot be shared out among {n_heads} heads")
    return x.reshape(B, T, n_heads, C // n_heads).transpose(1, 2)


def split_heads_by_view_and_permute(x, n_heads):
    B, T, C = x.size()
    size, rest = divmod(C, n_heads)
    if rest:
        raise ValueError(rest)
    return x.view(B, T, n_heads, size).permute(0, 2, 1, 3).contiguous()


def split_heads_by_stack(x, n_heads):
    if x.shape[-1] % n_heads:
        raise ValueError("no")
    return torch.stack(x.split(x.shape[-1] // n_heads, dim=-1), dim=1)


def split_heads_from_the_transpose(x, n_heads):
    C = x.shape[-1]
    if C // n_heads * n_heads < C:
        raise ValueError(C, n_heads)
    return x.mT.unflatten(1, (n_heads, C // n_heads)).mT


def split_heads_by_a_loop(x, n_heads):
    B, T, C = x.shape
    size = C // n_heads
    if size * n_heads != C:
        raise ValueError
    heads = x.new_empty(B, n_heads, T, size)
    for head in range(n_heads):
        heads[:, head] = x[:, :, head * size : (head + 1) * size]
    return heads


def split_heads_by_cat(x, n_heads):
    if x.shape[2] % n_heads > 0:
        raise ValueError
    return torch.cat([part.unsqueeze(1) for part in x.chunk(n_heads, dim=2)], dim=1)


def split_heads_upside_down(x, n_heads):
    return split_heads_by_reshape(x, n_heads).flip(1)


def split_heads_refusing_too_much(x, n_heads):
    if x.shape[-1] % n_heads or n_heads > x.shape[1]:
        raise ValueError
    return split_heads_by_reshape(x, n_heads)


def split_heads_in_float(x, n_heads):
    return split_heads_by_reshape(x, n_heads).float()


RIGHT = {
    "split_heads": (
        split_heads_by_reshape,
        split_heads_by_view_and_permute,
        split_heads_by_stack,
        split_heads_from_the_transpose,
        split_heads_by_a_loop,
        split_heads_by_cat,
    ),
    "two_products": (
        *(two_products_by_operators, two_products_by_functions, two_products_as_a_list),
        *(two_products_by_loops, two_products_in_place_on_copies),
    ),
    "score_summary": (
        *(score_summary_by_mean, score_summary_by_sums, score_summary_by_mean_of_means),
        *(score_summary_by_loops, score_summary_through_numpy, score_summary_by_matrix_products),
    ),
    "matmul_by_hand": (
        *(matmul_by_hand_with_b_broadcast, matmul_by_hand_with_b_transposed, matmul_by_hand_with_k_first),
        *(matmul_by_hand_by_mean, matmul_by_hand_by_expand, matmul_by_hand_by_vmap, matmul_by_hand_by_cumsum),
        matmul_by_hand_through_numpy,
    ),
    "standardize": (
        *(standardize_by_std, standardize_by_squares, standardize_by_var_mean),
        *(standardize_with_the_sample_std_corrected, standardize_with_dim_moved, standardize_on_a_copy_in_place),
        *(standardize_through_numpy, standardize_slice_by_slice),
    ),
    "pairwise_sq_distances": (
        *(pairwise_by_broadcasting, pairwise_by_cdist, pairwise_by_expansion, pairwise_by_einsum, pairwise_by_norm),
        *(pairwise_by_repeat, pairwise_by_vmap, pairwise_by_product, pairwise_by_clamped_expansion),
    ),
    "log_sum_exp": (
        *(log_sum_exp_by_amax, log_sum_exp_with_the_dim_dropped_last, log_sum_exp_with_dim_moved),
        *(log_sum_exp_by_logaddexp, log_sum_exp_by_log_softmax, log_sum_exp_in_float64, log_sum_exp_with_two_cases),
    ),
}

# (exercise, answer, words that its message must hold)
WRONG = (
    ("split_heads", split_heads_upside_down, "values differ"),
    ("split_heads", split_heads_refusing_too_much, "raised ValueError"),
    ("split_heads", split_heads_in_float, "returned dtype torch.float32; expected torch.int64"),
    ("two_products", two_products_stacked, "returned a tensor of shape (2, 2, 2); expected a tuple of 2"),
    ("score_summary", score_summary_stacked, "returned a tensor of shape (3,); expected a tuple of 3"),
    ("score_summary", score_summary_as_a_dict, "returned a dict of 3; expected a tuple of 3"),
    ("matmul_by_hand", matmul_by_hand_with_a_helper, "build it from broadcasting and a sum"),
    (
        "matmul_by_hand",
        matmul_by_hand_by_numpy_einsum,
        "uses the library's einsum; build it from broadcasting and a sum",
    ),
    ("matmul_by_hand", matmul_by_hand_with_a_loop_in_a_helper, "it loops"),
    ("matmul_by_hand", matmul_by_hand_by_while, "it loops"),
    ("standardize", standardize_changes_x, "left its argument x with"),
    ("standardize", standardize_last_dim_only_from_three, "called with x=torch."),
    ("standardize", standardize_in_float64, "dtype torch.float64; expected torch.float32"),
    ("pairwise_sq_distances", pairwise_by_numpy_loops, "lines of Python"),
    ("pairwise_sq_distances", pairwise_by_map, "it loops"),
    ("pairwise_sq_distances", pairwise_by_items, "it loops"),
    (
        "log_sum_exp",
        log_sum_exp_by_tensor_method,
        "uses the library's logsumexp; build it from a maximum, exp, sum and log",
    ),
    ("log_sum_exp", log_sum_exp_right_for_two_dims, "inf"),
    ("log_sum_exp", log_sum_exp_of_absolute_values, "called with"),
)
