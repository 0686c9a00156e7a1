"""Answers to lesson 1."""

import math
import random

import numpy as np
import torch

# --- tensor_from_rows


def tensor_from_rows_with_dtype(rows):
    return torch.tensor(rows, dtype=torch.float32)


def tensor_from_rows_converted(rows):
    return torch.tensor(rows).float()


def tensor_from_rows_by_class(rows):
    return torch.Tensor(rows)


def tensor_from_rows_through_numpy(rows):
    return torch.from_numpy(np.array(rows, dtype=np.float32))


def tensor_from_rows_stacked(rows):
    return torch.stack([torch.tensor(row, dtype=torch.float32) for row in rows])


def tensor_from_rows_one_by_one(rows):
    x = torch.zeros(len(rows), len(rows[0]))
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            x[i, j] = value
    return x


def tensor_from_rows_flat_first(rows):
    return torch.tensor([float(value) for row in rows for value in row]).view(len(rows), -1)


def tensor_from_rows_with_prints(rows):
    x = torch.as_tensor(rows).to(torch.float32)
    print(x, x.shape)
    return x


def tensor_from_rows_as_leaf(rows):
    return torch.tensor(rows, dtype=torch.float32, requires_grad=True)


# --- tensor_from_rows, wrong


def tensor_from_rows_without_return(rows):
    torch.tensor(rows, dtype=torch.float32)


def tensor_from_rows_first_row(rows):
    return torch.tensor(rows[0], dtype=torch.float32)


def tensor_from_rows_upside_down(rows):
    return torch.tensor(rows[::-1], dtype=torch.float32)


def tensor_from_rows_new_default(rows):
    torch.set_default_dtype(torch.float64)
    return torch.tensor(rows, dtype=torch.float32)


def tensor_from_rows_emptied(rows):
    x = torch.tensor(rows, dtype=torch.float32)
    rows.clear()
    return x


# --- init_weights


def init_weights_by_randn(d_in, d_out, generator):
    return torch.randn(d_in, d_out, generator=generator)


def init_weights_in_place(d_in, d_out, generator):
    return torch.empty(d_in, d_out).normal_(generator=generator)


def init_weights_by_normal(d_in, d_out, generator):
    return torch.normal(0.0, 1.0, (d_in, d_out), generator=generator)


def init_weights_by_init(d_in, d_out, generator):
    weights = torch.empty(d_in, d_out)
    torch.nn.init.normal_(weights, mean=0, std=1, generator=generator)
    return weights


def init_weights_turned(d_in, d_out, generator):
    return torch.randn(d_out, d_in, generator=generator).T


def init_weights_by_box_muller(d_in, d_out, generator):
    u, v = torch.rand(2, d_in, d_out, generator=generator)
    return (-2 * (1 - u).log()).sqrt() * (2 * math.pi * v).cos()


def init_weights_by_quantiles(d_in, d_out, generator):
    u = torch.rand(d_in, d_out, generator=generator, dtype=torch.float64)
    return torch.special.ndtri(u.clamp(1e-12, 1 - 1e-12)).float()


def init_weights_row_by_row(d_in, d_out, generator):
    return torch.stack([torch.randn(d_out, generator=generator) for _ in range(d_in)])


def init_weights_as_leaf(d_in, d_out, generator):
    return torch.randn((d_in, d_out), generator=generator, requires_grad=True)


def init_weights_by_numpy(d_in, d_out, generator):
    seed = torch.randint(2**31, (), generator=generator).item()
    return torch.from_numpy(np.random.default_rng(seed).standard_normal((d_in, d_out), dtype=np.float32))


# --- init_weights, wrong


def init_weights_sorted(d_in, d_out, generator):
    return torch.randn(d_in, d_out, generator=generator).sort().values


def init_weights_of_two_draws(d_in, d_out, generator):
    return (torch.rand(d_in, d_out, generator=generator) + torch.rand(d_in, d_out, generator=generator) - 1) * 6**0.5


def init_weights_by_global_numpy(d_in, d_out, generator):
    return torch.from_numpy(np.random.randn(d_in, d_out)).float()


def init_weights_narrow_uniform(d_in, d_out, generator):
    return torch.empty(d_in, d_out).uniform_(-0.1, 0.1, generator=generator)


def init_weights_xavier(d_in, d_out, generator):
    return torch.nn.init.xavier_uniform_(torch.empty(d_in, d_out), generator=generator)


def init_weights_shifted(d_in, d_out, generator):
    return torch.randn(d_in, d_out, generator=generator) + 1


def init_weights_signs(d_in, d_out, generator):
    return torch.randint(0, 2, (d_in, d_out), generator=generator) * 2.0 - 1


def init_weights_heavy(d_in, d_out, generator):
    u = torch.rand(d_in, d_out, generator=generator) - 0.5
    return -u.sign() * (1 - 2 * u.abs()).log() / math.sqrt(2)


def init_weights_absolute(d_in, d_out, generator):
    return torch.randn(d_in, d_out, generator=generator).abs()


def init_weights_on_meta(d_in, d_out, generator):
    return torch.empty(d_in, d_out, device="meta")


def init_weights_as_list(d_in, d_out, generator):
    return torch.randn(d_in, d_out, generator=generator).tolist()


def init_weights_with_last_dim(d_in, d_out, generator):
    return torch.randn(d_in, d_out, 1, generator=generator)


# --- noise_like


def noise_like_by_like(template):
    return torch.rand_like(template, dtype=torch.float32)


def noise_like_by_shape(template):
    return torch.rand(template.shape, device=template.device)


def noise_like_of_floats(template):
    return torch.rand_like(template.float())


def noise_like_in_place(template):
    return torch.empty_like(template, dtype=torch.float32).uniform_()


def noise_like_moved(template):
    return torch.rand(*template.size()).to(template.device)


def noise_like_by_distribution(template):
    low = torch.zeros_like(template, dtype=torch.float32)
    return torch.distributions.Uniform(low, low + 1).sample()


def noise_like_through_the_cpu(template):
    return torch.rand_like(template.cpu().float()).to(template.device)


def noise_like_by_numpy(template):
    noise = np.random.random_sample(tuple(template.shape)) * (1 - 1e-7)
    return torch.as_tensor(noise, dtype=torch.float32, device=template.device)


def noise_like_one_by_one(template):
    noise = [random.random() * (1 - 1e-7) for _ in range(template.numel())]
    return torch.tensor(noise, device=template.device).reshape(template.shape)


def noise_like_after_a_look(template):
    print(template)
    if template.numel() and template.flatten()[0] > 1e9:
        print("large")
    return template.new_empty(template.shape, dtype=torch.float32).uniform_(0, 1)


# --- noise_like, wrong


def noise_like_added(template):
    return template + torch.rand_like(template, dtype=torch.float32)


def noise_like_as_array(template):
    return np.random.rand(*template.shape)


def noise_like_through_an_array(template):
    return torch.rand(template.numpy().shape)


def noise_like_squared(template):
    return torch.rand_like(template, dtype=torch.float32) ** 2


def noise_like_for_each_row(template):
    return torch.rand(template.shape[:1] + (1,) * (template.ndim - 1), device=template.device).expand(template.shape)


def noise_like_with_infinity(template):
    return torch.rand_like(template, dtype=torch.float32) / 0


def noise_like_seeded_by_size(template):
    torch.manual_seed(template.numel())
    return torch.rand(template.shape, device=template.device)


# --- describe


def describe_directly(t):
    return {"shape": tuple(t.shape), "dtype": t.dtype, "device": str(t.device)}


def describe_with_size(t):
    return {"shape": t.shape, "dtype": t.dtype, "device": str(t.device)}


def describe_in_another_order(t):
    return {"device": f"{t.device}", "dtype": t.dtype, "shape": tuple(t.size())}


def describe_size_by_size(t):
    sizes = []
    for dim in range(t.dim()):
        sizes.append(t.size(dim))
    info = {}
    info["shape"] = tuple(sizes)
    info["dtype"] = t.dtype
    info["device"] = t.device.__str__()
    return info


def describe_with_prints(t):
    print(t, t.shape, t.dtype, t.device)
    return {"shape": (*t.shape,), "dtype": t.dtype, "device": f"{t.device!s}"}


# --- describe, wrong


def describe_without_device(t):
    return {"shape": tuple(t.shape), "dtype": t.dtype}


def describe_with_other_keys(t):
    return {"size": tuple(t.shape), "dtype": t.dtype, "device": str(t.device)}


def describe_with_more(t):
    return {"shape": tuple(t.shape), "ndim": t.ndim, "dtype": t.dtype, "device": str(t.device)}


def describe_all_as_text(t):
    return {"shape": str(t.shape), "dtype": str(t.dtype), "device": str(t.device)}


def describe_reversed(t):
    return {"shape": tuple(t.shape)[::-1], "dtype": t.dtype, "device": str(t.device)}


def describe_after_float(t):
    return {"shape": tuple(t.shape), "dtype": torch.float32, "device": str(t.device)}


def describe_repr(t):
    return {"shape": tuple(t.shape), "dtype": t.dtype, "device": repr(t.device)}


def describe_printed(t):
    print({"shape": tuple(t.shape), "dtype": t.dtype, "device": str(t.device)})


# --- share_with_numpy


def share_with_numpy_from_numpy(array):
    return torch.from_numpy(array)


def share_with_numpy_as_tensor(array):
    return torch.as_tensor(array)


def share_with_numpy_asarray(array):
    return torch.asarray(array)


def share_with_numpy_by_dlpack(array):
    return torch.from_dlpack(array)


def share_with_numpy_from_buffer(array):
    dtype = torch.from_numpy(array[:0]).dtype
    return torch.frombuffer(array, dtype=dtype).reshape(array.shape)


def share_with_numpy_taken_over(array):
    tensor = torch.empty(0, dtype=torch.as_tensor(array).dtype)
    return tensor.set_(torch.from_numpy(array))


def share_with_numpy_as_view(array):
    return torch.from_numpy(array.view()).view(array.shape)


# --- share_with_numpy, wrong


def share_with_numpy_half(array):
    return torch.from_numpy(array[: len(array) // 2])


def share_with_numpy_filled(array):
    tensor = torch.empty(array.shape, dtype=torch.from_numpy(array).dtype)
    tensor.copy_(torch.from_numpy(array))
    return tensor


def share_with_numpy_plus_zero(array):
    return torch.from_numpy(array) + 0


def share_with_numpy_by_stack(array):
    return torch.stack([torch.from_numpy(np.asarray(part)) for part in array])


def share_with_numpy_float32_array(array):
    return torch.from_numpy(array.astype(np.float32))


def share_with_numpy_zeroed(array):
    array[...] = 0
    return torch.from_numpy(array)


# --- batch_to


def batch_to_unpacked(batch, device):
    features, labels = batch
    return features.to(device), labels.to(device)


def batch_to_for_each(batch, device):
    return tuple(tensor.to(device) for tensor in batch)


def batch_to_as_list(batch, device):
    return [tensor.to(device, non_blocking=True) for tensor in batch]


def batch_to_by_name(batch, device):
    x, y = batch
    x = x.to(device=device)
    y = y.to(device=str(device))
    return (x, y)


def batch_to_copied(batch, device):
    return batch[0].to(device, copy=True), batch[1].to(device, copy=True)


def batch_to_filled(batch, device):
    return tuple(torch.empty_like(tensor, device=device).copy_(tensor) for tensor in batch)


def batch_to_through_list(batch, device):
    moved = []
    for tensor in batch:
        print(tensor.dtype, tensor.device, device)
        moved.append(tensor.to(device, tensor.dtype))
    return type(batch)(moved)


# --- batch_to, wrong


def batch_to_as_dict(batch, device):
    return {"features": batch[0].to(device), "labels": batch[1].to(device)}


def batch_to_like_the_features(batch, device):
    features = batch[0].to(device)
    return features, batch[1].to(features)


def batch_to_features_twice(batch, device):
    return batch[0].to(device), batch[0].to(device)


def batch_to_halves(batch, device):
    return batch[0].half().to(device), batch[1].to(device)


def batch_to_labels_in_columns(batch, device):
    return batch[0].to(device), batch[1].to(device).unsqueeze(1)


def batch_to_without_return(batch, device):
    batch = (batch[0].to(device), batch[1].to(device))


def batch_to_into_names(batch, device):
    features, labels = batch
    features.to(device)
    labels.to(device)
    return features, labels


def batch_to_zeros(batch, device):
    return tuple(torch.zeros_like(tensor, device=device) for tensor in batch)


RIGHT = {
    "tensor_from_rows": (
        *(tensor_from_rows_with_dtype, tensor_from_rows_converted, tensor_from_rows_by_class),
        *(tensor_from_rows_through_numpy, tensor_from_rows_stacked, tensor_from_rows_one_by_one),
        *(tensor_from_rows_flat_first, tensor_from_rows_with_prints, tensor_from_rows_as_leaf),
    ),
    "init_weights": (
        *(init_weights_by_randn, init_weights_in_place, init_weights_by_normal, init_weights_by_init),
        *(init_weights_turned, init_weights_by_box_muller, init_weights_by_quantiles, init_weights_row_by_row),
        *(init_weights_as_leaf, init_weights_by_numpy),
    ),
    "noise_like": (
        *(noise_like_by_like, noise_like_by_shape, noise_like_of_floats, noise_like_in_place, noise_like_moved),
        *(noise_like_by_distribution, noise_like_through_the_cpu, noise_like_by_numpy, noise_like_one_by_one),
        noise_like_after_a_look,
    ),
    "describe": (
        *(describe_directly, describe_with_size, describe_in_another_order, describe_size_by_size),
        describe_with_prints,
    ),
    "share_with_numpy": (
        *(share_with_numpy_from_numpy, share_with_numpy_as_tensor, share_with_numpy_asarray),
        *(share_with_numpy_by_dlpack, share_with_numpy_from_buffer, share_with_numpy_taken_over),
        share_with_numpy_as_view,
    ),
    "batch_to": (
        *(batch_to_unpacked, batch_to_for_each, batch_to_as_list, batch_to_by_name, batch_to_copied),
        *(batch_to_filled, batch_to_through_list),
    ),
}

# (exercise, answer, words that its message must hold)
WRONG = (
    ("tensor_from_rows", tensor_from_rows_without_return, "Is a `return` missing?"),
    ("tensor_from_rows", tensor_from_rows_first_row, "shape (3,); expected (2, 3)"),
    ("tensor_from_rows", tensor_from_rows_upside_down, "called with rows=[[1, 2, 3], [4, 5, 6]]"),
    ("tensor_from_rows", tensor_from_rows_new_default, "global default dtype at torch.float64"),
    ("tensor_from_rows", tensor_from_rows_emptied, "left its argument rows with 0 values; expected 2"),
    ("init_weights", init_weights_by_global_numpy, "The draws do not come from the generator"),
    ("init_weights", init_weights_sorted, "breaks the rule that every entry is a draw of its own"),
    ("init_weights", init_weights_of_two_draws, "gives the distribution as 'another one'; expected 'normal'"),
    ("init_weights", init_weights_narrow_uniform, "gives the distribution as 'uniform'; expected 'normal'"),
    ("init_weights", init_weights_xavier, "Which of the two functions, rand and randn"),
    ("init_weights", init_weights_shifted, "gives the mean as 1; expected 0"),
    ("init_weights", init_weights_signs, "breaks the rule that every entry is a draw of its own"),
    ("init_weights", init_weights_heavy, "gives the distribution as 'another one'; expected 'normal'"),
    ("init_weights", init_weights_absolute, "gives the distribution as 'another one'; expected 'normal'"),
    ("init_weights", init_weights_on_meta, "breaks the rule that the result holds numbers"),
    ("init_weights", init_weights_as_list, "returned a list of 2; expected a tensor of shape (2, 3)"),
    ("init_weights", init_weights_with_last_dim, "shape (2, 3, 1); expected (2, 3)"),
    ("noise_like", noise_like_added, "breaks the rule that every entry lies in [0, 1)"),
    ("noise_like", noise_like_as_array, "returned a value of type ndarray"),
    ("noise_like", noise_like_through_an_array, "can't convert meta device type tensor to numpy"),
    ("noise_like", noise_like_squared, "gives the distribution as 'another one'; expected 'uniform'"),
    ("noise_like", noise_like_for_each_row, "breaks the rule that every entry is a draw of its own"),
    ("noise_like", noise_like_with_infinity, "breaks the rule that every entry lies in [0, 1)"),
    ("noise_like", noise_like_seeded_by_size, "A second call gives the same noise again."),
    ("describe", describe_without_device, "the keys ['dtype', 'shape']; expected ['device', 'dtype', 'shape']"),
    ("describe", describe_with_other_keys, "the keys ['device', 'dtype', 'size']"),
    ("describe", describe_with_more, "the keys ['device', 'dtype', 'ndim', 'shape']"),
    ("describe", describe_all_as_text, "Your shape is text, made for reading."),
    ("describe", describe_reversed, "gives the shape[0] as 3; expected 2"),
    ("describe", describe_after_float, "gives the dtype as torch.float32; expected torch.int64"),
    ("describe", describe_repr, """gives the device as "device(type='cpu')"; expected 'cpu'"""),
    ("describe", describe_printed, "Is a `return` missing?"),
    ("share_with_numpy", share_with_numpy_half, "shape (1,); expected (3,)"),
    ("share_with_numpy", share_with_numpy_filled, "Your tensor has memory of its own"),
    ("share_with_numpy", share_with_numpy_plus_zero, "what is written into the array shows in the tensor"),
    ("share_with_numpy", share_with_numpy_by_stack, "Your tensor has memory of its own"),
    ("share_with_numpy", share_with_numpy_float32_array, "dtype torch.float32; expected torch.float64"),
    ("share_with_numpy", share_with_numpy_zeroed, "[0, 0, 0]; expected [1, 2, 3]"),
    ("batch_to", batch_to_as_dict, "returned a dict of 2; expected a tuple of 2"),
    ("batch_to", batch_to_like_the_features, "The labels changed their dtype on the way."),
    ("batch_to", batch_to_features_twice, "for result[1]"),
    ("batch_to", batch_to_halves, "dtype torch.float16 for result[0]; expected torch.float32"),
    ("batch_to", batch_to_labels_in_columns, "shape (2, 1) for result[1]; expected (2,)"),
    ("batch_to", batch_to_without_return, "Is a `return` missing?"),
    ("batch_to", batch_to_into_names, "A tensor stays where it is"),
    ("batch_to", batch_to_zeros, "for result[0]; expected"),
)
