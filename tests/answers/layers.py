"""Answers to lesson 7."""

import math

import torch
import torch.nn.functional as F

# --- linear


def linear_by_einsum(x, weight, bias):
    return torch.einsum("...i,oi->...o", x, weight) + bias


def linear_row_by_row(x, weight, bias):
    columns = [(x * weight[o]).sum(-1) + bias[o] for o in range(weight.shape[0])]
    return torch.stack(columns, dim=-1)


def linear_flattened(x, weight, bias):
    flat = x.reshape(-1, x.shape[-1])
    return torch.addmm(bias, flat, weight.t()).reshape(*x.shape[:-1], weight.shape[0])


def linear_added_in_place(x, weight, bias):
    out = torch.matmul(x, weight.transpose(0, 1))
    out += bias
    return out


def linear_in_float64(x, weight, bias):
    return (x.double() @ weight.double().mT + bias.double()).to(x.dtype)


# --- gelu


def gelu_by_erf(x):
    return 0.5 * x * (1 + torch.erf(x / math.sqrt(2)))


def gelu_by_erfc(x):
    return 0.5 * x * torch.erfc(-x * 2**-0.5)


def gelu_by_distribution(x):
    return x * torch.distributions.Normal(0.0, 1.0).cdf(x)


def gelu_by_ndtr(x):
    return x * torch.special.ndtr(x)


def gelu_with_tensor_constant(x):
    half = torch.tensor(0.5, dtype=x.dtype, device=x.device)
    return half * x * (1 + torch.special.erf(x / torch.sqrt(torch.tensor(2.0, dtype=x.dtype, device=x.device))))


# --- softmax


def softmax_shifted(x, dim):
    e = torch.exp(x - x.max(dim, keepdim=True).values)
    return e / e.sum(dim, keepdim=True)


def softmax_divided_in_place(x, dim):
    e = (x - x.amax(dim=dim, keepdim=True)).exp_()
    e /= e.sum(dim=dim, keepdim=True)
    return e


def softmax_by_logsumexp(x, dim):
    return torch.exp(x - torch.logsumexp(x, dim=dim, keepdim=True))


def softmax_with_dim_moved(x, dim):
    moved = x.movedim(dim, -1)
    shifted = moved - moved.max(-1).values.unsqueeze(-1)
    weights = shifted.exp()
    return (weights / weights.sum(-1)[..., None]).movedim(-1, dim)


def softmax_slice_by_slice(x, dim):
    slices = []
    for row in x.unbind(0) if x.dim() > 1 and dim % x.dim() != 0 else [x]:
        if row is x:
            e = (x - x.amax(dim, keepdim=True)).exp()
            return e / e.sum(dim, keepdim=True)
        slices.append(softmax_slice_by_slice(row, dim % x.dim() - 1))
    return torch.stack(slices)


def softmax_with_prints(x, dim):
    print("shape", x.shape, "largest", x.max())
    top = x.detach().amax(dim, keepdim=True)
    e = torch.exp(x - top)
    print("sum", e.sum().item())
    return e / e.sum(dim, keepdim=True)


# --- cross_entropy


def cross_entropy_by_log_softmax(logits, labels):
    return -F.log_softmax(logits, dim=1)[torch.arange(len(labels)), labels].mean()


def cross_entropy_by_logsumexp(logits, labels):
    right = logits.gather(1, labels.unsqueeze(1)).squeeze(1)
    return (torch.logsumexp(logits, 1) - right).mean()


def cross_entropy_by_one_hot(logits, labels):
    one_hot = F.one_hot(labels, logits.shape[1])
    return -(one_hot * logits.log_softmax(-1)).sum() / len(labels)


def cross_entropy_by_loop(logits, labels):
    total = 0.0
    for row, label in zip(logits, labels, strict=True):
        shifted = row - row.max()
        total = total + shifted.exp().sum().log() - shifted[label]
    return total / logits.shape[0]


def cross_entropy_by_distribution(logits, labels):
    return -torch.distributions.Categorical(logits=logits).log_prob(labels).mean()


def cross_entropy_in_float64(logits, labels):
    z = logits.double()
    z = z - z.max(dim=1, keepdim=True).values
    log_p = z - z.exp().sum(dim=1, keepdim=True).log()
    return (-log_p.gather(1, labels[:, None])).mean().to(logits.dtype)


# --- embedding


def embedding_by_indexing(weight, ids):
    return weight[ids]


def embedding_by_index_select(weight, ids):
    return torch.index_select(weight, 0, ids.reshape(-1)).reshape(*ids.shape, weight.shape[1])


def embedding_by_one_hot(weight, ids):
    return F.one_hot(ids, num_classes=weight.shape[0]).to(weight.dtype) @ weight


def embedding_by_stacking(weight, ids):
    rows = [weight[i] for i in ids.flatten().tolist()]
    return torch.stack(rows).reshape(ids.shape + weight.shape[1:])


def embedding_by_eye(weight, ids):
    return torch.eye(weight.shape[0], dtype=weight.dtype, device=weight.device)[ids] @ weight


# --- layer_norm


def layer_norm_by_var(x, weight, bias, eps=1e-5):
    mean = x.mean(dim=-1, keepdim=True)
    var = x.var(dim=-1, keepdim=True, unbiased=False)
    return (x - mean) / torch.sqrt(var + eps) * weight + bias


def layer_norm_from_squares(x, weight, bias, eps=1e-5):
    d = x.size(-1)
    centered = x - x.sum(-1, keepdim=True) / d
    return centered * torch.rsqrt((centered * centered).sum(-1, keepdim=True) / d + eps) * weight + bias


def layer_norm_by_var_mean(x, weight, bias, eps=1e-5):
    var, mean = torch.var_mean(x, -1, correction=0, keepdim=True)
    return weight * ((x - mean) * (var + eps) ** -0.5) + bias


def layer_norm_by_std(x, weight, bias, eps=1e-5):
    std = (x.std(-1, correction=0, keepdim=True) ** 2 + eps) ** 0.5
    return torch.addcmul(bias, (x - x.mean(-1, keepdim=True)) / std, weight)


def layer_norm_in_float64_in_place(x, weight, bias, eps=1e-5):
    y = x.to(torch.float64)
    y = y - y.mean(-1, keepdim=True)
    y = y / (y.pow(2).mean(-1, keepdim=True) + eps).sqrt()
    y *= weight
    y += bias
    return y.to(x.dtype)


def layer_norm_row_by_row(x, weight, bias, eps=1e-5):
    rows = x.reshape(-1, x.shape[-1])
    out = torch.empty_like(rows)
    for i, row in enumerate(rows):
        out[i] = (row - row.mean()) / (row.var(correction=0) + eps).sqrt() * weight + bias
    return out.reshape(x.shape)


# --- dropout


def dropout_by_mask(x, p, training, generator):
    if not training:
        return x
    keep = torch.rand(x.shape, generator=generator) >= p
    return x * keep / (1 - p)


def dropout_by_where(x, p, training, generator):
    if training:
        drop = torch.rand(x.shape, generator=generator) < p
        return torch.where(drop, torch.zeros_like(x), x / (1 - p))
    return x.clone()


def dropout_by_masked_fill(x, p, training, generator):
    if not training or p == 0:
        return x
    drop = torch.rand(x.shape, generator=generator) < p
    return x.masked_fill(drop, 0.0).div(1.0 - p)


def dropout_with_mask_in_dtype(x, p, training, generator):
    if training:
        mask = (torch.rand(x.shape, generator=generator, dtype=x.dtype) >= p).to(x.dtype)
        x = mask * x * (1 / (1 - p))
    return x


def dropout_on_a_copy(x, p, training, generator):
    out = x.clone()
    if training:
        out[torch.rand(x.shape, generator=generator) < p] = 0
        out = out / (1 - p)
    return out


# --- wrong, beyond the known mistakes


def softmax_only_two_dims(x, dim):
    e = torch.exp(x - x.max())
    return e / (e.sum(1, keepdim=True) if dim in (1, -1) else e.sum(0))


def softmax_always_float64(x, dim):
    return softmax_shifted(x.double(), dim)


def softmax_without_graph(x, dim):
    with torch.no_grad():
        return softmax_shifted(x, dim)


def softmax_changes_x(x, dim):
    x -= x.amax(dim, keepdim=True)
    return x.exp() / x.exp().sum(dim, keepdim=True)


def softmax_by_library(x, dim):
    return F.softmax(x, dim)


def softmax_turns_grad_off(x, dim):
    result = softmax_shifted(x, dim)
    torch.set_grad_enabled(False)
    return result


def linear_by_module(x, weight, bias):
    layer = torch.nn.Linear(weight.shape[1], weight.shape[0], dtype=weight.dtype)
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)
    return layer(x)


def cross_entropy_as_float(logits, labels):
    return cross_entropy_by_log_softmax(logits, labels).item()


def cross_entropy_without_return(logits, labels):
    cross_entropy_by_log_softmax(logits, labels)


def layer_norm_by_library(x, weight, bias, eps=1e-5):
    norm = F.layer_norm
    return norm(x, x.shape[-1:], weight, bias, eps)


def layer_norm_into_zeros(x, weight, bias, eps=1e-5):
    rows = x.reshape(-1, x.shape[-1])
    out = torch.zeros(rows.shape)  # float32, whatever x is
    for i, row in enumerate(rows):
        out[i] = (row - row.mean()) / (row.var(correction=0) + eps).sqrt() * weight + bias
    return out.reshape(x.shape)


def dropout_with_global_draw(x, p, training, generator):
    return dropout_by_mask(x, p, training, None)


def embedding_first_dim_only(weight, ids):
    return torch.stack([weight[int(i)] for i in ids])


RIGHT = {
    "linear": (linear_by_einsum, linear_row_by_row, linear_flattened, linear_added_in_place, linear_in_float64),
    "gelu": (gelu_by_erf, gelu_by_erfc, gelu_by_distribution, gelu_by_ndtr, gelu_with_tensor_constant),
    "softmax": (
        *(softmax_shifted, softmax_divided_in_place, softmax_by_logsumexp, softmax_with_dim_moved),
        *(softmax_slice_by_slice, softmax_with_prints),
    ),
    "cross_entropy": (
        *(cross_entropy_by_log_softmax, cross_entropy_by_logsumexp, cross_entropy_by_one_hot),
        *(cross_entropy_by_loop, cross_entropy_by_distribution, cross_entropy_in_float64),
    ),
    "embedding": (
        *(embedding_by_indexing, embedding_by_index_select, embedding_by_one_hot),
        *(embedding_by_stacking, embedding_by_eye),
    ),
    "layer_norm": (
        *(layer_norm_by_var, layer_norm_from_squares, layer_norm_by_var_mean, layer_norm_by_std),
        *(layer_norm_in_float64_in_place, layer_norm_row_by_row, layer_norm_into_zeros),
    ),
    "dropout": (
        *(dropout_by_mask, dropout_by_where, dropout_by_masked_fill),
        *(dropout_with_mask_in_dtype, dropout_on_a_copy),
    ),
}

# (exercise, answer, words that its message must hold)
WRONG = (
    ("softmax", softmax_only_two_dims, "sum"),
    ("softmax", softmax_always_float64, "dtype torch.float64; expected torch.float32"),
    ("softmax", softmax_without_graph, "cut off from the graph"),
    ("softmax", softmax_changes_x, "its argument x"),
    ("softmax", softmax_by_library, "uses the library's softmax; build it from exp, max and sum"),
    ("softmax", softmax_turns_grad_off, "grad mode"),
    ("linear", linear_by_module, "uses the library's linear; build it from"),
    ("cross_entropy", cross_entropy_as_float, "returned a float"),
    ("cross_entropy", cross_entropy_without_return, "Is a `return` missing?"),
    ("layer_norm", layer_norm_by_library, "uses the library's layer_norm; build it from"),
    ("dropout", dropout_with_global_draw, "returned"),
    ("embedding", embedding_first_dim_only, "called with"),
)
