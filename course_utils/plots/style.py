"""The house style of the lessons' pictures.

A plotting function returns a `Picture`, a matplotlib figure that a notebook shows by itself when it is the last
expression of a cell, with a text alternative for readers who cannot see it. `pyplot` is not used: there is no
global figure that a cell could forget to close or show twice.
"""

import base64
import html
import io
from collections.abc import Mapping

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe and Ito's palette stays distinct for the common kinds of colour blindness. Line style or
# marker says the same once more, so that no picture depends on colour alone.
BLUE, VERMILLION, GREEN, BLACK = "#0072B2", "#D55E00", "#009E73", "#000000"
LINES = ((BLUE, "-"), (VERMILLION, "--"), (GREEN, "-."), (BLACK, ":"))
# A light ground of its own keeps a picture readable in JupyterLab's dark theme too.
PAPER, INK, GRID, BAND = "#FCFCFA", "#222222", "#DDDDD8", "#D9D9D2"
PIXELS_PER_INCH, SHARPNESS = 80, 2  # drawn twice as fine as shown, for dense screens


class Picture(Figure):
    """A figure with a text alternative, shown by a notebook without any further call.

    Args:
        alt: what the picture shows, in a sentence or two
        width, height: the size on screen, in inches of `PIXELS_PER_INCH` pixels
    """

    def __init__(self, alt: str, width: float, height: float) -> None:
        super().__init__(figsize=(width, height), facecolor=PAPER, layout="constrained")
        self.alt = alt

    def png(self) -> bytes:
        """The picture as a PNG file."""
        file = io.BytesIO()
        self.savefig(file, format="png", dpi=PIXELS_PER_INCH * SHARPNESS)
        return file.getvalue()

    def img(self) -> str:
        """The picture as an HTML `<img>` that carries its text alternative."""
        return self._img(base64.b64encode(self.png()).decode())

    def _img(self, png: str) -> str:
        width = round(self.get_figwidth() * PIXELS_PER_INCH)
        fits = "max-width:100%;height:auto"  # a wide picture in a narrow window
        return f'<img src="data:image/png;base64,{png}" width="{width}" style="{fits}" alt="{html.escape(self.alt)}">'

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        png = base64.b64encode(self.png()).decode()
        # JupyterLab drops the `alt` of an image output, but not of HTML; viewers without HTML take the PNG.
        return {"text/html": self._img(png), "image/png": png, "text/plain": self.alt}


def dress(axes: Axes, title: str, x_label: str, y_label: str) -> None:
    """Give axes the house style, their title and their labels."""
    axes.set_title(title, fontsize=11, color=INK, pad=8)
    axes.set_xlabel(x_label, color=INK)
    axes.set_ylabel(y_label, color=INK)
    axes.set_facecolor(PAPER)
    axes.tick_params(colors=INK)
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def draw_curves(axes: Axes, x: torch.Tensor, curves: Mapping[str, torch.Tensor]) -> None:
    """Draw one line `(n,)` over `x` `(n,)` for each name, told apart by colour and by dashes."""
    for (name, y), (color, dashes) in zip(curves.items(), LINES, strict=False):
        axes.plot(x.tolist(), y.tolist(), color=color, linestyle=dashes, linewidth=2, label=name)
