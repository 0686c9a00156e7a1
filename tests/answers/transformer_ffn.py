"""Answers to lesson 10."""

import math

import torch
import torch.nn.functional as F
from torch import nn

# --- FeedForward


class FeedForward(nn.Module):
    def __init__(self, embedding_dim, ffn_dim):
        super().__init__()
        self.layer1 = nn.Linear(embedding_dim, ffn_dim)
        self.layer2 = nn.Linear(ffn_dim, embedding_dim)

    def forward(self, x):
        return self.layer2(F.gelu(self.layer1(x)))


class FeedForwardWithModules(nn.Module):
    def __init__(self, embedding_dim: int, ffn_dim: int) -> None:
        super().__init__()
        self.layer2 = nn.Linear(in_features=ffn_dim, out_features=embedding_dim, bias=True)
        self.activation = nn.GELU()
        self.layer1 = nn.Linear(in_features=embedding_dim, out_features=ffn_dim, bias=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = self.layer1(x)
        print("hidden", hidden.shape)
        return self.layer2(self.activation(hidden))


class FeedForwardByErf(nn.Module):
    def __init__(self, embedding_dim, ffn_dim):
        super().__init__()
        self.layer1, self.layer2 = nn.Linear(embedding_dim, ffn_dim), nn.Linear(ffn_dim, embedding_dim)

    def forward(self, x):
        h = self.layer1(x)
        return self.layer2(0.5 * h * (1 + torch.erf(h / math.sqrt(2))))


class FeedForwardByTanh(nn.Module):
    def __init__(self, embedding_dim, ffn_dim):
        super().__init__()
        self.layer1, self.layer2 = nn.Linear(embedding_dim, ffn_dim), nn.Linear(ffn_dim, embedding_dim)

    def forward(self, x):
        return self.layer2(F.gelu(self.layer1(x), approximate="tanh"))


class _Affine(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_out, n_in))
        self.bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, x):
        return torch.einsum("...i,oi->...o", x, self.weight) + self.bias


class FeedForwardFromParameters(nn.Module):
    def __init__(self, embedding_dim, ffn_dim):
        super().__init__()
        self.add_module("layer1", _Affine(embedding_dim, ffn_dim))
        self.add_module("layer2", _Affine(ffn_dim, embedding_dim))

    def forward(self, x):
        h = self.layer1(x)
        return self.layer2(h * torch.special.ndtr(h))


class FeedForwardWithIdleDropout(FeedForward):
    def __init__(self, embedding_dim, ffn_dim):
        super().__init__(embedding_dim, ffn_dim)
        self.dropout = nn.Dropout(0.0)

    def forward(self, x):
        return self.dropout(super().forward(x))


# --- ffn_parameter_count


def count_by_layer(embedding_dim, ffn_dim):
    first = embedding_dim * ffn_dim + ffn_dim
    second = ffn_dim * embedding_dim + embedding_dim
    return first + second


def count_factored(embedding_dim, ffn_dim):
    return (embedding_dim + 1) * ffn_dim + (ffn_dim + 1) * embedding_dim


def count_completed(embedding_dim, ffn_dim):
    return ((2 * embedding_dim + 1) * (2 * ffn_dim + 1) - 1) // 2


def count_by_shapes(embedding_dim, ffn_dim):
    shapes = [(ffn_dim, embedding_dim), (ffn_dim,), (embedding_dim, ffn_dim), (embedding_dim,)]
    return sum(math.prod(shape) for shape in shapes)


def count_on_meta(embedding_dim, ffn_dim):
    with torch.device("meta"):
        return sum(p.numel() for p in FeedForward(embedding_dim, ffn_dim).parameters())


# --- causal_attention


def attention_masked_fill(q, k, v):
    T, C = q.shape[1], q.shape[2]
    scores = q @ k.transpose(-2, -1) / math.sqrt(C)  # (B, T, T)
    future = torch.triu(torch.ones(T, T, dtype=torch.bool, device=q.device), diagonal=1)
    weights = torch.softmax(scores.masked_fill(future, float("-inf")), dim=-1)
    return weights @ v


def attention_by_einsum(q, k, v):
    T, C = q.shape[1:]
    scores = torch.einsum("btc,bsc->bts", q, k) * C**-0.5
    mask = torch.full((T, T), -math.inf, dtype=q.dtype, device=q.device).triu(1)
    return torch.einsum("bts,bsc->btc", F.softmax(scores + mask, dim=2), v)


def attention_position_by_position(q, k, v):
    rows = []
    for t in range(q.shape[1]):
        scores = (q[:, t : t + 1] * k[:, : t + 1]).sum(-1) / q.shape[-1] ** 0.5  # (B, t + 1)
        rows.append((scores.softmax(-1).unsqueeze(-1) * v[:, : t + 1]).sum(1))
    return torch.stack(rows, dim=1)


def attention_with_large_number(q, k, v):
    allowed = torch.tril(torch.ones(q.size(1), q.size(1), device=q.device))
    scores = torch.bmm(q, k.permute(0, 2, 1)).div(math.sqrt(q.size(-1)))
    scores = scores.masked_fill(allowed == 0, -1e9)
    return torch.bmm(F.softmax(scores, dim=-1), v)


def attention_renormalised(q, k, v):
    scores = q @ k.mT / math.sqrt(k.shape[-1])
    weights = (scores - scores.amax(-1, keepdim=True)).exp().tril()
    return weights / weights.sum(-1, keepdim=True) @ v


def attention_q_scaled_in_float64(q, k, v):
    q, k, w = (t.double() for t in (q, k, v))
    scores = (q * (1 / math.sqrt(q.shape[-1]))) @ k.mT
    places = torch.arange(q.shape[1], device=q.device)
    scores = torch.where(places[:, None] >= places, scores, -math.inf)
    return (scores.log_softmax(-1).exp() @ w).to(v.dtype)


def attention_by_baddbmm(q, k, v):
    mask = torch.ones(q.shape[1], q.shape[1], device=q.device, dtype=q.dtype).tril().log()
    scores = torch.baddbmm(mask, q, k.mT, alpha=q.shape[2] ** -0.5)
    return scores.softmax(2).bmm(v)


# --- MultiHeadAttention


class HeadsByView(nn.Module):
    def __init__(self, embedding_dim, n_heads):
        super().__init__()
        if embedding_dim % n_heads != 0:
            raise ValueError("embedding_dim must be divisible by n_heads")
        self.n_heads, self.head_dim = n_heads, embedding_dim // n_heads
        self.q = nn.Linear(embedding_dim, embedding_dim)
        self.k = nn.Linear(embedding_dim, embedding_dim)
        self.v = nn.Linear(embedding_dim, embedding_dim)
        self.proj = nn.Linear(embedding_dim, embedding_dim)

    def forward(self, x):
        B, T, C = x.shape
        q = self.q(x).view(B, T, self.n_heads, self.head_dim).transpose(1, 2)  # (B, n_heads, T, head_dim)
        k = self.k(x).view(B, T, self.n_heads, self.head_dim).transpose(1, 2)
        v = self.v(x).view(B, T, self.n_heads, self.head_dim).transpose(1, 2)
        scores = q @ k.transpose(-2, -1) / math.sqrt(self.head_dim)
        mask = torch.tril(torch.ones(T, T, device=x.device))
        weights = F.softmax(scores.masked_fill(mask == 0, float("-inf")), dim=-1)
        return self.proj((weights @ v).transpose(1, 2).contiguous().view(B, T, C))


class HeadsByCausalAttention(nn.Module):
    def __init__(self, embedding_dim, n_heads):
        super().__init__()
        if embedding_dim % n_heads:
            raise ValueError(f"{embedding_dim=} is no multiple of {n_heads=}")
        self.n_heads = n_heads
        self.proj, self.v, self.k, self.q = (nn.Linear(embedding_dim, embedding_dim) for _ in range(4))

    def forward(self, x):
        q, k, v = (torch.cat(f(x).chunk(self.n_heads, dim=-1)) for f in (self.q, self.k, self.v))
        return self.proj(torch.cat(attention_masked_fill(q, k, v).chunk(self.n_heads), dim=-1))


class HeadsOneByOne(HeadsByCausalAttention):
    def forward(self, x):
        width = x.shape[-1] // self.n_heads
        found = []
        for h in range(self.n_heads):
            own = slice(h * width, (h + 1) * width)
            found.append(attention_by_einsum(self.q(x)[..., own], self.k(x)[..., own], self.v(x)[..., own]))
        return self.proj(torch.cat(found, dim=2))


class HeadsByEinsum(HeadsByCausalAttention):
    def forward(self, x):
        B, T, C = x.shape
        q, k, v = (f(x).reshape(B, T, self.n_heads, -1) for f in (self.q, self.k, self.v))
        scores = torch.einsum("bthd,bshd->bhts", q, k) / (C / self.n_heads) ** 0.5
        mask = torch.full((T, T), -math.inf, device=x.device).triu(1)
        return self.proj(torch.einsum("bhts,bshd->bthd", (scores + mask).softmax(-1), v).reshape(B, T, C))


def split_heads(x, n_heads):
    if x.shape[-1] % n_heads:
        raise ValueError("C is no multiple of n_heads")
    return x.unflatten(-1, (n_heads, -1)).transpose(1, 2)


class HeadsByLessonThree(nn.Module):
    """It refuses where it runs, by way of its helper."""

    def __init__(self, embedding_dim, n_heads):
        super().__init__()
        self.n_heads = n_heads
        for name in ("q", "k", "v", "proj"):
            self.add_module(name, nn.Linear(embedding_dim, embedding_dim))

    def forward(self, x):
        q, k, v = (split_heads(f(x), self.n_heads).flatten(0, 1) for f in (self.q, self.k, self.v))
        found = attention_q_scaled_in_float64(q, k, v).unflatten(0, (len(x), self.n_heads))
        return self.proj(found.permute(0, 2, 1, 3).flatten(2))


# --- TransformerBlock


class BlockPlain(nn.Module):
    def __init__(self, embedding_dim, ffn_dim, n_heads=1):
        super().__init__()
        self.n_heads = n_heads
        self.norm1 = nn.LayerNorm(embedding_dim)
        self.q = nn.Linear(embedding_dim, embedding_dim)
        self.k = nn.Linear(embedding_dim, embedding_dim)
        self.v = nn.Linear(embedding_dim, embedding_dim)
        self.proj = nn.Linear(embedding_dim, embedding_dim)
        self.norm2 = nn.LayerNorm(embedding_dim)
        self.ffn = FeedForward(embedding_dim, ffn_dim)

    def mix(self, attention, h):
        q, k, v = (split_heads(f(h), self.n_heads).flatten(0, 1) for f in (self.q, self.k, self.v))
        return attention(q, k, v).unflatten(0, (len(h), self.n_heads)).transpose(1, 2).flatten(2)

    def forward(self, x):
        x = x + self.proj(self.mix(attention_masked_fill, self.norm1(x)))
        return x + self.ffn(self.norm2(x))


class BlockWithHelper(BlockPlain):
    def attend(self, x):
        return self.proj(self.mix(attention_by_einsum, x))

    def forward(self, x):
        out = self.attend(self.norm1(x)) + x
        return self.ffn(self.norm2(out)) + out


class BlockByLibraryAttention(BlockPlain):
    def forward(self, x):
        h = self.norm1(x)
        q, k, v = (split_heads(f(h), self.n_heads) for f in (self.q, self.k, self.v))
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)  # (B, n_heads, T, width)
        x = x + self.proj(mixed.transpose(1, 2).flatten(2))
        return x + self.ffn(self.norm2(x))


class BlockInAnotherOrder(BlockPlain):
    def __init__(self, embedding_dim, ffn_dim, n_heads=1):
        nn.Module.__init__(self)
        self.n_heads = n_heads
        self.ffn = FeedForwardWithModules(embedding_dim, ffn_dim)
        for name in ("proj", "v", "k", "q"):
            setattr(self, name, nn.Linear(embedding_dim, embedding_dim))
        self.norm2, self.norm1 = nn.LayerNorm(embedding_dim), nn.LayerNorm(embedding_dim)

    def forward(self, x):
        middle = torch.add(x, self.proj(self.mix(attention_renormalised, self.norm1(x))))
        return torch.add(middle, self.ffn(self.norm2(middle)))


class _OwnNorm(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(dim)), nn.Parameter(torch.zeros(dim))

    def forward(self, x):
        centred = x - x.mean(-1, keepdim=True)
        return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt() * self.weight + self.bias


class BlockWithOwnNorm(BlockPlain):
    def __init__(self, embedding_dim, ffn_dim, n_heads=1):
        super().__init__(embedding_dim, ffn_dim, n_heads)
        self.norm1, self.norm2 = _OwnNorm(embedding_dim), _OwnNorm(embedding_dim)


class BlockOfModules(nn.Module):
    def __init__(self, embedding_dim, ffn_dim, n_heads=1):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(embedding_dim), nn.LayerNorm(embedding_dim)
        self.attention = HeadsByView(embedding_dim, n_heads)
        self.ffn = FeedForward(embedding_dim, ffn_dim)

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.ffn(self.norm2(x))


# --- next_token_loss


def loss_flattened(logits, tokens):
    return F.cross_entropy(logits[:, :-1].flatten(0, 1), tokens[:, 1:].flatten())


def loss_reshaped(logits, tokens):
    B, T, V = logits.shape
    return nn.CrossEntropyLoss()(logits[:, :-1, :].reshape(-1, V), tokens[:, 1:].reshape(B * (T - 1)))


def loss_transposed(logits, tokens):
    return F.cross_entropy(logits[:, :-1].transpose(1, 2), tokens[:, 1:])


def loss_by_gather(logits, tokens):
    log_probs = logits.log_softmax(-1)[:, :-1]
    return -log_probs.gather(2, tokens[:, 1:, None]).mean()


def loss_by_logsumexp(logits, tokens):
    guesses, truth = logits[:, : logits.size(1) - 1], tokens[:, 1:]
    right = (guesses * F.one_hot(truth, logits.size(2))).sum(-1)
    return (guesses.logsumexp(-1) - right).mean()


def loss_row_by_row(logits, tokens):
    return torch.stack([F.cross_entropy(z[:-1], t[1:]) for z, t in zip(logits, tokens, strict=True)]).mean()


def loss_with_ignored_end(logits, tokens):
    targets = tokens.roll(-1, dims=1)
    targets[:, -1] = -100
    return F.cross_entropy(logits.mT, targets)


def loss_step_by_step(logits, tokens):
    total = 0
    for t in range(tokens.shape[1] - 1):
        total = total + F.cross_entropy(logits[:, t], tokens[:, t + 1])
    return total / (tokens.shape[1] - 1)


# --- generate


@torch.no_grad()
def generate_by_multinomial(model, tokens, steps, temperature, generator):
    for _ in range(steps):
        logits = model(tokens)[:, -1]  # (B, V)
        probabilities = torch.softmax(logits / temperature, dim=-1)
        drawn = torch.multinomial(probabilities, num_samples=1, generator=generator)
        tokens = torch.cat((tokens, drawn), dim=1)
    return tokens


def generate_by_cumulated_shares(model, tokens, steps, temperature, generator):
    with torch.inference_mode():
        for _ in range(steps):
            shares = (model(tokens)[:, -1, :] / temperature).softmax(-1).cumsum(-1)
            u = torch.rand(len(tokens), 1, generator=generator)
            drawn = (shares < u).sum(-1, keepdim=True).clamp(max=shares.shape[1] - 1)
            tokens = torch.cat([tokens, drawn], 1)
    return tokens


def generate_by_gumbel(model, tokens, steps, temperature, generator):
    model.eval()
    with torch.no_grad():
        out = tokens.clone()
        for _ in range(steps):
            logits = model(out)[:, -1] / temperature
            noise = -torch.log(-torch.log(torch.rand(logits.shape, generator=generator).clamp(1e-9, 1 - 1e-7)))
            out = torch.hstack([out, (logits + noise).argmax(-1).unsqueeze(1)])
        return out


def generate_by_exponentials(model, tokens, steps, temperature, generator):
    result = torch.empty(tokens.shape[0], tokens.shape[1] + steps, dtype=torch.int64)
    result[:, : tokens.shape[1]] = tokens
    with torch.no_grad():
        for t in range(tokens.shape[1], result.shape[1]):
            p = F.softmax(model(result[:, :t])[:, -1] / temperature, dim=1)
            result[:, t] = (p / torch.empty_like(p).exponential_(generator=generator)).argmax(1)
    return result


def generate_row_by_row(model, tokens, steps, temperature, generator):
    was_on = torch.is_grad_enabled()
    torch.set_grad_enabled(False)
    for _ in range(steps):
        logits = model(tokens)[:, -1] / temperature
        drawn = [torch.multinomial(row.softmax(0), 1, generator=generator) for row in logits]
        tokens = torch.cat([tokens, torch.stack(drawn)], dim=1)
    torch.set_grad_enabled(was_on)
    return tokens


def generate_detached(model, tokens, steps, temperature, generator):
    for _ in range(steps):
        logits = model(tokens).detach()[:, -1]
        drawn = torch.multinomial(torch.exp(logits / temperature), 1, generator=generator)
        tokens = torch.cat([tokens, drawn], dim=-1)
    return tokens


def generate_with_numbers_drawn_first(model, tokens, steps, temperature, generator):
    draws = torch.rand(steps, tokens.shape[0], 1, generator=generator, dtype=torch.float64)
    with torch.no_grad():
        for u in draws:
            p = (model(tokens)[:, -1].double() / temperature).softmax(-1)
            drawn = torch.searchsorted(p.cumsum(-1), u).clamp(max=p.shape[-1] - 1)
            tokens = torch.cat([tokens, drawn], dim=1)
    return tokens


# --- wrong, beyond the known mistakes


class FeedForwardOtherNames(nn.Module):
    def __init__(self, embedding_dim, ffn_dim):
        super().__init__()
        self.fc1 = nn.Linear(embedding_dim, ffn_dim)
        self.fc2 = nn.Linear(ffn_dim, embedding_dim)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class FeedForwardWithoutReturn(FeedForward):
    def forward(self, x):
        super().forward(x)


class FeedForwardDetached(FeedForward):
    def forward(self, x):
        return super().forward(x.detach())


def count_by_first_layer_only(embedding_dim, ffn_dim):
    return sum(p.numel() for p in nn.Linear(embedding_dim, ffn_dim).parameters()) + 1


def attention_by_library(q, k, v):
    return F.scaled_dot_product_attention(q, k, v, is_causal=True)


def attention_first_of_batch(q, k, v):
    return attention_masked_fill(q[:1], k[:1], v)


def attention_changes_v(q, k, v):
    result = attention_masked_fill(q, k, v)
    v *= 0
    return result


class HeadsByLibrary(HeadsByCausalAttention):
    def forward(self, x):
        q, k, v = (split_heads(f(x), self.n_heads) for f in (self.q, self.k, self.v))
        return self.proj(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2))


class HeadsByLibraryModule(HeadsByCausalAttention):
    def __init__(self, embedding_dim, n_heads):
        super().__init__(embedding_dim, n_heads)
        self._heads = [nn.MultiheadAttention(embedding_dim, n_heads, batch_first=True)]  # hidden from the parameters

    def forward(self, x):
        (heads,) = self._heads
        with torch.no_grad():
            heads.in_proj_weight.copy_(torch.cat([self.q.weight, self.k.weight, self.v.weight]))
            heads.in_proj_bias.copy_(torch.cat([self.q.bias, self.k.bias, self.v.bias]))
            heads.out_proj.weight.copy_(self.proj.weight)
            heads.out_proj.bias.copy_(self.proj.bias)
        later = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
        return heads(x, x, x, attn_mask=later, need_weights=False)[0]


class HeadsOfTheFirstText(HeadsByCausalAttention):
    def forward(self, x):
        return super().forward(x[:1]).expand_as(x)


class HeadsBackwards(HeadsByCausalAttention):
    def forward(self, x):
        return super().forward(x.flip(1)).flip(1)


def attention_zeros_for_a_mask(q, k, v):
    scores = (q @ k.mT / math.sqrt(q.shape[-1])).tril()
    return scores.masked_fill(scores == 0, -math.inf).softmax(-1) @ v


def attention_by_plain_exp(q, k, v):
    weights = (q @ k.mT / math.sqrt(q.shape[-1])).exp().tril()
    return weights / weights.sum(-1, keepdim=True) @ v


def attention_with_a_number_too_small(q, k, v):
    later = torch.ones(q.shape[1], q.shape[1], dtype=torch.bool).triu(1)
    return (q @ k.mT / math.sqrt(q.shape[-1])).masked_fill(later, -1e4).softmax(-1) @ v


_SHORT = torch.ones(256, 256, dtype=torch.bool).triu(1)


def attention_with_a_mask_of_256(q, k, v):
    extra = max(q.shape[1] - len(_SHORT), 0)
    later = F.pad(_SHORT[: q.shape[1], : q.shape[1]], (0, extra, 0, extra))
    return (q @ k.mT / math.sqrt(q.shape[-1])).masked_fill(later, -math.inf).softmax(-1) @ v


WRONG_ON_ODD_INPUTS = (
    *(attention_zeros_for_a_mask, attention_by_plain_exp, attention_with_a_number_too_small),
    attention_with_a_mask_of_256,
)


def heads_with(attention):
    def forward(self, x):
        q, k, v = (torch.cat(f(x).chunk(self.n_heads, dim=-1)) for f in (self.q, self.k, self.v))
        return self.proj(torch.cat(attention(q, k, v).chunk(self.n_heads), dim=-1))

    return type(f"heads_{attention.__name__}", (HeadsByCausalAttention,), {"forward": forward})


def block_with(attention):
    def forward(self, x):
        x = x + self.proj(self.mix(attention, self.norm1(x)))
        return x + self.ffn(self.norm2(x))

    return type(f"block_{attention.__name__}", (BlockPlain,), {"forward": forward})


def generate_in_a_window(model, tokens, steps, temperature, generator):
    def window(tokens):
        return model(tokens[:, -128:])

    return generate_by_multinomial(window, tokens, steps, temperature, generator)


class BlockWithoutProjOrResidual(BlockPlain):
    def forward(self, x):
        return self.mix(attention_masked_fill, self.norm1(x)) + self.ffn(self.norm2(x))


class BlockTwice(BlockPlain):
    def forward(self, x):
        return super().forward(super().forward(x))


def loss_as_perplexity(logits, tokens):
    return loss_flattened(logits, tokens).exp()


def loss_in_bits(logits, tokens):
    return loss_flattened(logits, tokens) / math.log(2)


def generate_top_two(model, tokens, steps, temperature, generator):
    with torch.no_grad():
        for _ in range(steps):
            logits = model(tokens)[:, -1] / temperature
            least = logits.topk(2).values[:, -1:]
            p = logits.masked_fill(logits < least, -math.inf).softmax(-1)
            tokens = torch.cat([tokens, torch.multinomial(p, 1, generator=generator)], 1)
    return tokens


def generate_as_list(model, tokens, steps, temperature, generator):
    return generate_by_multinomial(model, tokens, steps, temperature, generator).tolist()


def generate_leaves_grad_off(model, tokens, steps, temperature, generator):
    torch.set_grad_enabled(False)
    return generate_by_multinomial.__wrapped__(model, tokens, steps, temperature, generator)


def generate_freezes_the_model(model, tokens, steps, temperature, generator):
    model.requires_grad_(False)
    return generate_by_multinomial(model, tokens, steps, temperature, generator)


def generate_in_place(model, tokens, steps, temperature, generator):
    tokens.resize_(tokens.shape[0], tokens.shape[1] + steps)
    return tokens


RIGHT = {
    "FeedForward": (
        *(FeedForward, FeedForwardWithModules, FeedForwardByErf, FeedForwardByTanh, FeedForwardFromParameters),
        FeedForwardWithIdleDropout,
    ),
    "ffn_parameter_count": (count_by_layer, count_factored, count_completed, count_by_shapes, count_on_meta),
    "causal_attention": (
        *(attention_masked_fill, attention_by_einsum, attention_position_by_position, attention_with_large_number),
        *(attention_renormalised, attention_q_scaled_in_float64, attention_by_baddbmm),
    ),
    "MultiHeadAttention": (HeadsByView, HeadsByCausalAttention, HeadsOneByOne, HeadsByEinsum, HeadsByLessonThree),
    "TransformerBlock": (
        *(BlockPlain, BlockWithHelper, BlockByLibraryAttention, BlockInAnotherOrder, BlockWithOwnNorm),
        BlockOfModules,
    ),
    "next_token_loss": (
        *(loss_flattened, loss_reshaped, loss_transposed, loss_by_gather, loss_by_logsumexp, loss_row_by_row),
        *(loss_with_ignored_end, loss_step_by_step),
    ),
    "generate": (
        *(generate_by_multinomial, generate_by_cumulated_shares, generate_by_gumbel, generate_by_exponentials),
        *(generate_row_by_row, generate_detached, generate_with_numbers_drawn_first),
    ),
}

# (exercise, answer, words that its message must hold)
WRONG = (
    ("FeedForward", FeedForwardOtherNames, "layer1.weight"),
    ("FeedForward", FeedForwardWithoutReturn, "Is a `return` missing?"),
    ("FeedForward", FeedForwardDetached, "gradient with respect to x"),
    ("ffn_parameter_count", count_by_first_layer_only, "returned 10; expected 17"),
    ("causal_attention", attention_by_library, "build it from matrix products, a mask and softmax"),
    ("causal_attention", attention_first_of_batch, "returned"),
    ("causal_attention", attention_changes_v, "its argument v"),
    ("MultiHeadAttention", HeadsByLibrary, "build it from matrix products, a mask and softmax"),
    (
        "MultiHeadAttention",
        HeadsByLibraryModule,
        "uses the library's multi_head_attention_forward",
    ),
    ("MultiHeadAttention", HeadsOfTheFirstText, "returned"),
    ("MultiHeadAttention", HeadsBackwards, "attend to what comes after them"),
    *(("causal_attention", attention, "called with") for attention in WRONG_ON_ODD_INPUTS),
    *(("MultiHeadAttention", heads_with(attention), "called with") for attention in WRONG_ON_ODD_INPUTS),
    ("generate", generate_in_a_window, "returned"),
    ("TransformerBlock", BlockWithoutProjOrResidual, "returned"),
    ("TransformerBlock", BlockTwice, "returned"),
    *(("TransformerBlock", block_with(attention), "called with") for attention in WRONG_ON_ODD_INPUTS),
    ("next_token_loss", loss_as_perplexity, "returned"),
    ("next_token_loss", loss_in_bits, "returned"),
    ("generate", generate_top_two, "the share of each token in step 1"),
    ("generate", generate_as_list, "a list of"),
    ("generate", generate_leaves_grad_off, "grad mode"),
    ("generate", generate_freezes_the_model, "breaks the rule that the model stays as it was"),
    ("generate", generate_in_place, "returned"),
)
