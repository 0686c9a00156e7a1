"""Answers to lesson 2."""

import itertools
from collections import deque

import numpy as np
import torch

# --- slope_at


def slope_by_backward(x):
    t = torch.tensor(x, requires_grad=True)
    ((3 * t + 1) ** 2).backward()
    return t.grad.item()


def slope_by_grad(x):
    t = torch.tensor([x], dtype=torch.float64).requires_grad_()
    y = torch.square(3 * t + 1).sum()
    return float(torch.autograd.grad(y, t)[0])


def slope_by_func(x):
    return torch.func.grad(lambda t: (3 * t + 1).pow(2))(torch.tensor(x)).item()


def slope_by_jacobian(x):
    return torch.autograd.functional.jacobian(lambda t: 9 * t * t + 6 * t + 1, torch.tensor(x)).item()


def slope_of_a_parameter(x):
    p = torch.nn.Parameter(torch.full((), x))
    u = 3 * p + 1
    print("u is", u)
    (u * u).backward()
    return p.grad.tolist()


def slope_by_formula(x):
    return 18 * x + 6


def slope_by_nudging(x):
    def y(x):
        return (3 * torch.tensor(x, dtype=torch.float64, requires_grad=True) + 1) ** 2

    return ((y(x + 0.5) - y(x - 0.5)) / 1).item()


def slope_by_forward_mode(x):
    _, slope = torch.func.jvp(lambda t: (3 * t + 1) ** 2, (torch.tensor(x),), (torch.tensor(1.0),))
    return slope.item()


def slope_as_a_numpy_number(x):
    t = torch.tensor(x, requires_grad=True)
    ((3 * t + 1) ** 2).backward()
    return t.grad.numpy()


def slope_rounded(x):
    return round(6 * (3 * x + 1))


# --- mean_square_grad


def mean_square_by_backward(t):
    x = t.detach().clone().requires_grad_(True)
    loss = (x**2).mean()
    loss.backward()
    return x.grad


def mean_square_by_grad(t):
    x = t.detach().requires_grad_()
    (g,) = torch.autograd.grad(x.pow(2).sum() / x.numel(), x)
    return g


def mean_square_by_formula(t):
    return 2 * t / t.numel()


def mean_square_by_func(t):
    return torch.func.grad(lambda x: torch.mean(x * x))(t.detach())


def mean_square_with_tensor(t):
    x = torch.tensor(t.tolist(), requires_grad=True)
    torch.nn.functional.mse_loss(x, torch.zeros_like(x)).backward()
    return x.grad.reshape(t.shape)


def mean_square_with_weights(t):
    x = t.data.clone()
    x.requires_grad = True
    y = x * x
    y.backward(torch.full_like(y, 1 / y.numel()))
    return x.grad.clone()


def mean_square_of_a_parameter(t):
    p = torch.nn.Parameter(t.detach().clone())
    (p.flatten() @ p.flatten() / p.numel()).backward()
    return p.grad.detach()


def mean_square_with_a_graph(t):
    x = t.clone().detach().requires_grad_()
    return torch.autograd.grad((x**2).mean(), x, create_graph=True)[0]


def mean_square_halved(t):
    x = t.detach().clone().requires_grad_()
    (0.5 * (x**2).mean()).backward()
    return x.grad * 3


def mean_square_as_numpy(t):
    return (2 * t.detach() / t.numel()).numpy()


def mean_square_written_to_the_argument(t):
    g = 2 * t.detach() / t.numel()
    t.detach().mul_(2)
    return g


# --- product_grads


def product_by_backward(a, b, x):
    a, b, x = (t.detach().clone().requires_grad_() for t in (a, b, x))
    z = x * (a + 2 * b)
    z.backward()
    return a.grad, b.grad, x.grad


def product_by_grad(a, b, x):
    inputs = [t.clone().detach().requires_grad_(True) for t in (a, b, x)]
    a, b, x = inputs
    return torch.autograd.grad(x * a + x * b * 2, inputs)


def product_by_formula(a, b, x):
    return x, 2 * x, a + 2 * b


def product_by_func(a, b, x):
    return torch.func.grad(lambda a, b, x: x * (a + 2 * b), argnums=(0, 1, 2))(a.detach(), b.detach(), x.detach())


def product_as_a_list(a, b, x):
    leaves = []
    for t in (a, b, x):
        leaves.append(torch.tensor(t.item(), requires_grad=True))
    (leaves[2] * (leaves[0] + 2 * leaves[1])).backward()
    return [leaf.grad for leaf in leaves]


def product_one_by_one(a, b, x):
    result = []
    for i in range(3):
        copies = [t.detach().clone() for t in (a, b, x)]
        copies[i].requires_grad_()
        (copies[2] * (copies[0] + 2 * copies[1])).backward()
        result.append(copies[i].grad)
    return tuple(result)


def product_as_a_dict(a, b, x):
    return {"a": x, "b": 2 * x, "x": a + 2 * b}


def product_without_the_last(a, b, x):
    return product_by_backward(a, b, x)[:2]


def product_stacked(a, b, x):
    return torch.stack(product_by_backward(a, b, x))


# --- fresh_grads


def fresh_by_copies(loss_fns, w):
    grads = []
    for loss_fn in loss_fns:
        x = w.detach().clone().requires_grad_()
        loss_fn(x).backward()
        grads.append(x.grad)
    return grads


def fresh_by_grad(loss_fns, w):
    x = w.detach().clone().requires_grad_()
    return [torch.autograd.grad(loss_fn(x), x)[0] for loss_fn in loss_fns]


def fresh_by_none(loss_fns, w):
    x = w.clone().detach().requires_grad_(True)
    grads = []
    for loss_fn in loss_fns:
        x.grad = None
        loss_fn(x).backward()
        grads.append(x.grad)
    return grads


def fresh_by_zero(loss_fns, w):
    x = w.detach().clone().requires_grad_()
    grads = []
    for loss_fn in loss_fns:
        if x.grad is not None:
            x.grad.zero_()
        loss_fn(x).backward()
        grads.append(x.grad.clone())
    return grads


def fresh_by_func(loss_fns, w):
    return [torch.func.grad(loss_fn)(w.detach()) for loss_fn in loss_fns]


def fresh_from_w_itself(loss_fns, w):
    return [torch.autograd.grad(loss_fn(w), w)[0] for loss_fn in loss_fns]


def fresh_by_differences(loss_fns, w):
    x = w.detach().clone().requires_grad_()
    grads, so_far = [], torch.zeros_like(x)
    for loss_fn in loss_fns:
        loss_fn(x).backward()
        grads.append(x.grad - so_far)
        so_far = x.grad.clone()
    return tuple(grads)


def fresh_with_an_optimizer(loss_fns, w):
    x = torch.nn.Parameter(w.detach().clone())
    optimizer = torch.optim.SGD([x], lr=1.0)
    grads = []
    for loss_fn in loss_fns:
        optimizer.zero_grad()
        loss_fn(x).backward()
        grads.append(x.grad)
    return grads


def fresh_stacked(loss_fns, w):
    return torch.stack(fresh_by_grad(loss_fns, w))


def fresh_that_steps(loss_fns, w):
    x = w.detach().requires_grad_()
    grads = []
    for loss_fn in loss_fns:
        (g,) = torch.autograd.grad(loss_fn(x), x)
        grads.append(g)
        with torch.no_grad():
            x -= 0.1 * g
    return grads


def fresh_backwards(loss_fns, w):
    return fresh_by_grad(loss_fns[::-1], w)


# --- predict_without_graph


def predict_in_no_grad(x, w):
    with torch.no_grad():
        return x @ w


def predict_detached(x, w):
    return (x @ w).detach()


def predict_detached_w(x, w):
    return torch.matmul(x, w.detach())


@torch.no_grad()
def predict_decorated(x, w):
    return x.mm(w)


@torch.inference_mode()
def predict_in_inference_mode(x, w):
    return x @ w


def predict_switching_back(x, w):
    before = torch.is_grad_enabled()
    torch.set_grad_enabled(False)
    y = x @ w
    torch.set_grad_enabled(before)
    return y


def predict_through_numpy(x, w):
    return torch.from_numpy(x.detach().numpy() @ w.detach().numpy())


def predict_from_data(x, w):
    return torch.einsum("nd,dm->nm", x, w.data)


def predict_and_add_one(x, w):
    with torch.no_grad():
        return x @ w + 1


def predict_changing_w(x, w):
    with torch.no_grad():
        y = x @ w
        w -= 0.1
    return y


# --- numerical_grad


def numerical_flat(f, x, eps=1e-4):
    x = x.detach().to(torch.float64)
    grad = torch.zeros_like(x)
    for i in range(x.numel()):
        plus, minus = x.clone().flatten(), x.clone().flatten()
        plus[i] += eps
        minus[i] -= eps
        grad.view(-1)[i] = (f(plus.reshape(x.shape)) - f(minus.reshape(x.shape))) / (2 * eps)
    return grad


def numerical_by_index(f, x, eps=1e-4):
    x = x.double()
    grad = torch.empty(x.shape, dtype=torch.float64)
    for index in itertools.product(*map(range, x.shape)):
        step = torch.zeros_like(x)
        step[index] = eps
        grad[index] = (f(x + step) - f(x - step)) / (2 * eps)
    return grad


def numerical_by_eye(f, x, eps=1e-4):
    steps = torch.eye(x.numel(), dtype=torch.float64).reshape(-1, *x.shape) * eps
    slopes = [(f(x + step) - f(x - step)).item() / eps / 2 for step in steps]
    return torch.tensor(slopes, dtype=torch.float64).reshape(x.shape)


def numerical_put_back(f, x, eps=1e-4):
    grad = torch.zeros_like(x)
    flat, slopes = x.view(-1), grad.view(-1)
    for i in range(len(flat)):
        old = flat[i].item()
        flat[i] = old + eps
        high = f(x)
        flat[i] = old - eps
        low = f(x)
        flat[i] = old
        slopes[i] = (high - low) / (2 * eps)
    return grad


def numerical_nudged_back(f, x, eps=1e-4):
    copy = x.clone()
    entries, grads = copy.view(-1), torch.zeros(x.numel())
    for i in range(x.numel()):
        entries[i] += eps
        high = f(copy).item()
        entries[i] -= 2 * eps
        low = f(copy).item()
        entries[i] += eps
        grads[i] = (high - low) / (2 * eps)
    return grads.reshape(x.shape)


def numerical_in_float32_at_the_end(f, x, eps=1e-4):
    return numerical_flat(f, x, eps).float()


def numerical_with_numpy(f, x, eps=1e-4):
    values = x.detach().numpy().astype(np.float64)
    grad = np.zeros_like(values)
    for index in np.ndindex(*values.shape):
        plus, minus = values.copy(), values.copy()
        plus[index] += eps
        minus[index] -= eps
        grad[index] = (f(torch.from_numpy(plus)) - f(torch.from_numpy(minus))) / (plus[index] - minus[index])
    return torch.from_numpy(grad)


@torch.no_grad()
def numerical_as_mean_of_both_sides(f, x, eps=1e-4):
    grad = torch.zeros(x.shape, dtype=x.dtype)
    here = f(x)
    for i in range(x.numel()):
        step = torch.zeros(x.numel(), dtype=x.dtype)
        step[i] = eps
        step = step.reshape(x.shape)
        ahead, behind = (f(x + step) - here) / eps, (here - f(x - step)) / eps
        grad += (ahead + behind) / 2 * (step != 0)
    return grad


def numerical_with_four_points(f, x, eps=1e-4):
    return (4 * numerical_flat(f, x, eps) - numerical_flat(f, x, 2 * eps)) / 3


def numerical_of_the_first_entry(f, x, eps=1e-4):
    grad = numerical_flat(f, x, eps)
    grad.view(-1)[1:] = 0
    return grad


def numerical_without_a_loop_over_columns(f, x, eps=1e-4):
    grad = torch.zeros_like(x)
    for i in range(len(x)):
        step = torch.zeros_like(x)
        step[i] = eps
        grad[i] = (f(x + step) - f(x - step)) / (2 * eps)
    return grad


# --- graph_ops


def ops_with_a_queue(z):
    names, seen, queue = [], {z.grad_fn}, deque([z.grad_fn])
    while queue:
        node = queue.popleft()
        names.append(type(node).__name__)
        for following, _ in node.next_functions:
            if following is not None and following not in seen:
                seen.add(following)
                queue.append(following)
    return names


def ops_with_a_growing_list(z):
    nodes = [z.grad_fn]
    for node in nodes:
        for following in node.next_functions:
            if following[0] and following[0] not in nodes:
                nodes.append(following[0])
    return [type(node).__name__ for node in nodes]


def ops_level_by_level(z):
    seen, level = [], [z.grad_fn]
    while level:
        below = []
        for node in level:
            if node is None or node in seen:
                continue
            seen.append(node)
            below += [pair[0] for pair in node.next_functions]
        level = below
    return [node.__class__.__name__ for node in seen]


def ops_by_id(z):
    names, seen, queue = [], set(), [z.grad_fn]
    while queue:
        node = queue.pop(0)
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        names.append(type(node).__name__)
        queue.extend(following for following, _ in node.next_functions)
    return names


def ops_in_a_dict(z):
    found = {z.grad_fn: "seen"}
    waiting = list(found)
    while waiting:
        node, *waiting = waiting
        for following, _number in node.next_functions:
            if following is not None and following not in found:
                found[following] = "seen"
                waiting.append(following)
    return [type(node).__name__ for node in found]


def ops_recursive(z):
    def visit(level, seen):
        new = list(dict.fromkeys(node for node in level if node is not None and node not in seen))
        if not new:
            return []
        below = [following for node in new for following, _ in node.next_functions]
        return [type(node).__name__ for node in new] + visit(below, [*seen, *new])

    return visit([z.grad_fn], [])


def ops_with_an_extra_line(z):
    return [*ops_with_a_queue(z), "z"]


def ops_without_subtractions(z):
    return [name for name in ops_with_a_queue(z) if name != "SubBackward0"]


def ops_as_a_set(z):
    return set(ops_with_a_queue(z))


def ops_two_children_only(z):
    names, queue = [], [z.grad_fn]
    while queue and len(names) < 5:
        node = queue.pop(0)
        names.append(type(node).__name__)
        queue += [following for following, _ in node.next_functions if following]
    return names


# --- backward


def backward_as_micrograd_does(value):
    topo, visited = [], set()

    def build_topo(v):
        if v not in visited:
            visited.add(v)
            for parent in v.parents:
                build_topo(parent)
            topo.append(v)

    build_topo(value)
    value.grad = 1.0
    for v in reversed(topo):
        for parent, local in zip(v.parents, v.local_grads, strict=True):
            parent.grad += local * v.grad


def backward_by_counting_children(value):
    children, waiting, seen = {}, [value], {value}
    while waiting:
        node = waiting.pop()
        for parent in node.parents:
            children[parent] = children.get(parent, 0) + 1
            if parent not in seen:
                seen.add(parent)
                waiting.append(parent)
    value.grad, ready = 1, deque([value])
    while ready:
        node = ready.popleft()
        for parent, local in zip(node.parents, node.local_grads, strict=True):
            parent.grad += node.grad * local
            children[parent] -= 1
            if children[parent] == 0:
                ready.append(parent)


def backward_in_a_dict_of_ids(value):
    nodes = {}

    def collect(node):
        if id(node) not in nodes:
            nodes[id(node)] = node
            for parent in node.parents:
                collect(parent)

    collect(value)
    order, done = [], set()
    while len(order) < len(nodes):  # slow, and right: whoever has all parents done comes next
        for key, node in nodes.items():
            if key not in done and all(id(p) in done for p in node.parents):
                done.add(key)
                order.append(node)
    grads = dict.fromkeys(nodes, 0.0)
    grads[id(value)] = 1.0
    for node in order[::-1]:
        for i in range(len(node.parents)):
            grads[id(node.parents[i])] += grads[id(node)] * node.local_grads[i]
    for key, node in nodes.items():
        node.grad = grads[key]


def backward_that_starts_anew(value):
    order = []

    def visit(node):
        if node in order:
            return
        for parent in node.parents:
            visit(parent)
        order.append(node)

    visit(value)
    for node in order:
        node.grad = 0.0
    value.grad += 1.0
    while order:
        node = order.pop()
        for parent, local in zip(node.parents, node.local_grads, strict=True):
            parent.grad = parent.grad + local * node.grad
    return value


def backward_pulled_from_below(value):
    """Each Value asks those that were computed from it, and keeps the answer."""
    users, seen, waiting = {}, {value}, [value]
    while waiting:
        node = waiting.pop(0)
        for parent, local in zip(node.parents, node.local_grads, strict=True):
            users.setdefault(parent, []).append((node, local))
            if parent not in seen:
                seen.add(parent)
                waiting.append(parent)
    known = {value: 1.0}

    def grad(node):
        if node not in known:
            known[node] = sum(local * grad(user) for user, local in users[node])
        return known[node]

    for node in seen:
        node.grad = grad(node)


def backward_doubled(value):
    backward_as_micrograd_does(value)
    value.grad *= 2


def backward_marking_the_graph(value):
    backward_as_micrograd_does(value)
    value.data = 0.0


def backward_that_skips_small_slopes(value):
    order = []

    def visit(node):
        if node not in order:
            for parent in node.parents:
                visit(parent)
            order.append(node)

    visit(value)
    value.grad = 1.0
    for node in reversed(order):
        for parent, local in zip(node.parents, node.local_grads, strict=True):
            parent.grad += local * node.grad if abs(local) > 1e-3 else 0.0


RIGHT = {
    "slope_at": (
        slope_by_backward,
        slope_by_grad,
        slope_by_func,
        slope_by_jacobian,
        slope_of_a_parameter,
        slope_by_forward_mode,
    ),
    "mean_square_grad": (
        mean_square_by_backward,
        mean_square_by_grad,
        mean_square_by_formula,
        mean_square_by_func,
        mean_square_with_tensor,
        mean_square_with_weights,
        mean_square_of_a_parameter,
        mean_square_with_a_graph,
    ),
    "product_grads": (
        product_by_backward,
        product_by_grad,
        product_by_formula,
        product_by_func,
        product_as_a_list,
        product_one_by_one,
    ),
    "fresh_grads": (
        fresh_by_copies,
        fresh_by_grad,
        fresh_by_none,
        fresh_by_zero,
        fresh_by_func,
        fresh_from_w_itself,
        fresh_by_differences,
        fresh_with_an_optimizer,
    ),
    "predict_without_graph": (
        predict_in_no_grad,
        predict_detached,
        predict_detached_w,
        predict_decorated,
        predict_in_inference_mode,
        predict_switching_back,
        predict_through_numpy,
        predict_from_data,
    ),
    "numerical_grad": (
        numerical_flat,
        numerical_by_index,
        numerical_by_eye,
        numerical_put_back,
        numerical_nudged_back,
        numerical_in_float32_at_the_end,
        numerical_with_numpy,
        numerical_as_mean_of_both_sides,
    ),
    "graph_ops": (
        ops_with_a_queue,
        ops_with_a_growing_list,
        ops_level_by_level,
        ops_by_id,
        ops_in_a_dict,
        ops_recursive,
    ),
    "backward": (
        backward_as_micrograd_does,
        backward_by_counting_children,
        backward_in_a_dict_of_ids,
        backward_that_starts_anew,
        backward_pulled_from_below,
    ),
}

WRONG = (
    ("slope_at", slope_by_formula, "gets there without autograd"),
    ("slope_at", slope_by_nudging, "gets there without autograd"),
    ("slope_at", slope_as_a_numpy_number, "returned a value of type ndarray; expected a float (42)"),
    ("slope_at", slope_rounded, "expected"),
    ("mean_square_grad", mean_square_halved, "returned [0.75, 1.5, 2.25, 3]; expected [0.5, 1, 1.5, 2]"),
    ("mean_square_grad", mean_square_as_numpy, "returned a value of type ndarray; expected a tensor of shape (4,)"),
    ("mean_square_grad", mean_square_written_to_the_argument, "left its argument t with [2, 4, 6, 8]; expected [1"),
    ("product_grads", product_as_a_dict, "returned a dict of 3; expected a tuple of 3"),
    ("product_grads", product_without_the_last, "returned 2 values; expected 3"),
    ("product_grads", product_stacked, "returned a tensor of shape (3,); expected a tuple of 3"),
    ("fresh_grads", fresh_stacked, "returned a tensor of shape (2, 2); expected a list of 2"),
    ("fresh_grads", fresh_that_steps, "returned [1.8, 3.8] for result[1]; expected [2, 4]"),
    ("fresh_grads", fresh_backwards, "returned [2, 4] for result[0]; expected [1, 1]"),
    ("predict_without_graph", predict_and_add_one, "returned [[12]]; expected [[11]]"),
    ("predict_without_graph", predict_changing_w, "left its argument w with [[2.9], [3.9]]; expected [[3], [4]]"),
    ("numerical_grad", numerical_with_four_points, "returned [3, 12]; expected [3.25, 12.25]"),
    ("numerical_grad", numerical_of_the_first_entry, "returned [3.25, 0]; expected [3.25, 12.25]"),
    ("numerical_grad", numerical_without_a_loop_over_columns, "nudges whole rows"),
    ("graph_ops", ops_with_an_extra_line, "returned 7 values; expected 6"),
    ("graph_ops", ops_without_subtractions, "values; expected"),
    ("graph_ops", ops_as_a_set, "returned a value of type set; expected a list of 6"),
    ("graph_ops", ops_two_children_only, "returned 5 values; expected 6"),
    ("backward", backward_doubled, "leaves z.grad at 2; expected 1"),
    ("backward", backward_marking_the_graph, "breaks the rule that data, parents and local_grads of every Value stay"),
    ("backward", backward_that_skips_small_slopes, ".grad at "),
)
