"""The graph behind a tensor, drawn from `grad_fn`."""

from dataclasses import dataclass
from typing import Any

import torch

from course_utils.plots.style import BLUE, INK, PAPER

_ARROWS = "#808080"  # seen on a light page and on a dark one: JupyterLab doesn't draw again when the theme changes


@dataclass(frozen=True)
class Graph:
    """A graph that JupyterLab draws, and that any other viewer shows as an indented list.

    Attributes:
        mermaid: the graph in Mermaid's language
        text: the same graph as lines of text, a node's inputs below it
    """

    mermaid: str
    text: str

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/vnd.mermaid": self.mermaid, "text/plain": self.text}

    def __str__(self) -> str:
        return self.text


def draw_graph(z: torch.Tensor, **names: torch.Tensor) -> Graph:
    """Draw the backward nodes of `z`, from the operation that made it to the leaves that collect gradients.

    Arrows point the way that gradients take, from `z` to the leaves. A node that is used several times is drawn once.

    Args:
        z: the result of a computation that autograd recorded
        names: what leaves are called, `a=a`; any other leaf is shown by its shape

    Raises:
        ValueError: `z` has no history.
    """
    if z.grad_fn is None:
        raise ValueError(
            "draw_graph: there is no graph behind this tensor, its grad_fn is None; expected the result of a "
            "computation in which something requires grad."
        )
    walk = _Walk(names)
    walk.visit(z.grad_fn, before="z.grad_fn: ", below="")
    title = "accTitle: The graph of backward nodes behind z"
    described = f"accDescr: {', '.join(walk.labels.values())}, joined by {len(walk.edges)} arrows"
    styles = [
        f"classDef operation fill:{PAPER},stroke:{INK},color:{INK}",
        f"classDef leaf fill:{PAPER},stroke:{BLUE},stroke-width:3px,color:{BLUE}",
        f"linkStyle default stroke:{_ARROWS},stroke-width:2px",
    ]
    lines = [title, described, *walk.shapes, *walk.edges, *styles]
    return Graph("flowchart TD\n" + "\n".join(f"    {line}" for line in lines), "\n".join(walk.lines))


class _Walk:
    """Collects what a drawing needs, branch by branch.

    Attributes:
        labels: node -> what it is called; a node's place in it is its number
        shapes, edges: Mermaid's lines for nodes and arrows
        lines: the indented list
    """

    def __init__(self, names: dict[str, torch.Tensor]) -> None:
        self.names = names
        self.labels: dict[Any, str] = {}
        self.shapes: list[str] = []
        self.edges: list[str] = []
        self.lines: list[str] = []

    def visit(self, node: Any, before: str, below: str) -> None:
        """Add a node with all that lies below it; `before` starts its own line, `below` those of its inputs."""
        if node in self.labels:
            self.lines.append(f"{before}{self.labels[node]} (again)")
            return
        leaf = getattr(node, "variable", None)
        self.labels[node] = label = type(node).__name__ + (f" → {self._name(leaf)}" if leaf is not None else "")
        me = self._number(node)
        self.shapes.append(f'{me}(["{label}"]):::leaf' if leaf is not None else f'{me}["{label}"]:::operation')
        self.lines.append(before + label)
        following = [node for node, _ in node.next_functions if node is not None]
        for i, child in enumerate(following, start=1):
            last = i == len(following)
            self.visit(child, f"{below}{'└─ ' if last else '├─ '}", f"{below}{'   ' if last else '│  '}")
            self.edges.append(f"{me} --> {self._number(child)}")

    def _number(self, node: Any) -> str:
        return f"n{list(self.labels).index(node)}"

    def _name(self, leaf: torch.Tensor) -> str:
        known = [name for name, tensor in self.names.items() if tensor is leaf]
        return f"{known[0]}.grad" if known else f".grad of a leaf {tuple(leaf.shape)}"
