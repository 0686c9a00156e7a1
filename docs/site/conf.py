"""Settings of the site; `docs/site/build.py` stages the pages and runs Sphinx with them."""

import re

from docutils.nodes import Node, SkipNode
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

project = "PyTorch, brick by brick"
copyright = "its authors: code under MIT, prose and figures under CC BY 4.0"
extensions = ["myst_nb"]
root_doc = "index"
language = "en"

html_theme = "furo"
html_title = project
html_show_sphinx = False
html_copy_source = False

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
suppress_warnings = ["mystnb.unknown_mime_type"]  # Mermaid: a graph is shown as its indented list

# Always, because a cache would not see that a plot's own code has changed; and an error ends the build.
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 600
nb_code_prompt_show = "Show a solution"
nb_code_prompt_hide = "Hide the solution"
# A page has no kernel to move a widget with; each of ours carries a still picture.
nb_mime_priority_overrides = [("html", "text/html", 0)]
nb_ipywidgets_js = {}


def setup(app: Sphinx) -> None:
    """Write formulas as MathML, which browsers and screen readers know without a script from elsewhere."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    app.config.html_math_renderer = "mathml"


def _inline(translator: HTML5Translator, node: Node) -> None:
    translator.body.append(convert(_tex(node)))
    raise SkipNode


def _block(translator: HTML5Translator, node: Node) -> None:
    translator.body.append(f'<div class="math">{convert(_tex(node), display="block")}</div>')
    raise SkipNode


def _tex(node: Node) -> str:
    return re.sub(r"\s+", " ", node.astext()).strip()
