"""Build the site: README, docs and the solved lessons, run from top to bottom, as pages in site/.

What a reader of a page wants is a little different from what a learner at a desk wants: an exercise shows what is
asked, and its solution folded below it. Pages keep their places, so that the links between them hold.
"""

import re
import shutil
import sys
from pathlib import Path

import nbformat
from jupyter_client import KernelManager
from nbformat.v4 import new_markdown_cell
from sphinx.cmd.build import build_main

ROOT = Path(__file__).parents[2]
STAGE, BUILT, SITE = ROOT / "build/site-source", ROOT / "build/site", ROOT / "site"
PAGES = ("CONTRIBUTING.md", "LICENSE", "LICENSE-PROSE", "docs")

_MARKER = re.compile(r"^ *### (BEGIN|END) SOLUTION\n", re.MULTILINE)
_ANSWER = re.compile(r"^### BEGIN SOLUTION\n(.*)^### END SOLUTION", re.MULTILINE | re.DOTALL)
_CONTENTS = """
```{toctree}
:hidden:
:caption: Learning
docs/learning
```

```{toctree}
:hidden:
:caption: The lessons, solved
:glob:
lessons/*/*
```

```{toctree}
:hidden:
:caption: Teaching and contributing
:glob:
docs/[!l]*
CONTRIBUTING
```
"""


def stage() -> None:
    """Lay out all pages in `STAGE`, in the places that they have in the repository."""
    shutil.rmtree(STAGE, ignore_errors=True)
    STAGE.mkdir(parents=True)
    for name in PAGES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, STAGE / name)
    shutil.rmtree(STAGE / "docs/site")
    (STAGE / "index.md").write_text((ROOT / "README.md").read_text(encoding="utf-8") + _CONTENTS, encoding="utf-8")
    for path in STAGE.rglob("*.md"):
        path.write_text(path.read_text(encoding="utf-8").replace("README.md", "index.md"), encoding="utf-8")
    for path in sorted(ROOT.glob("solutions/*/*.ipynb")):
        name = Path("lessons", *path.relative_to(ROOT / "solutions").parts)
        (STAGE / name).parent.mkdir(parents=True)
        nbformat.write(solved_page(nbformat.read(path, 4), nbformat.read(ROOT / name, 4)), STAGE / name)


def solved_page(solved: nbformat.NotebookNode, lesson: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The solved notebook for readers: each exercise as the lesson asks it, then its solution, folded.

    Args:
        solved: the notebook from solutions/
        lesson: the same from lessons/; a cell has the same id in both
    """
    asked = {cell.id: cell.source for cell in lesson.cells}
    cells = []
    for cell in solved.cells:
        if cell.cell_type == "markdown":
            cell.source = _ANSWER.sub(r"<details><summary>An answer</summary>\n\n\1\n</details>", cell.source)
        elif _MARKER.search(cell.source):
            cells.append(new_markdown_cell(f"```python\n{asked[cell.id]}\n```", id=f"{cell.id}-asked"))
            cell.source = _MARKER.sub("", cell.source)
            cell.metadata.tags = ["hide-input"]
        elif "prediction" in cell.metadata.get("tags", ()):
            cell.metadata.tags = ["remove-input"]  # a page shows the question alone
        cells.append(cell)
    solved.cells = cells
    return solved


def main() -> int:
    """Build anew; gives Sphinx's exit code, and leaves site/ as it was unless all went well."""
    stage()
    KernelManager.transport_encryption.default_value = "auto"  # else each kernel warns that it has none
    shutil.rmtree(BUILT, ignore_errors=True)
    options = ["--fail-on-warning", "--keep-going", "--quiet", "--conf-dir", str(Path(__file__).parent)]
    failed = build_main([*options, "--doctree-dir", str(STAGE / ".doctrees"), str(STAGE), str(BUILT)])
    if not failed:
        shutil.rmtree(SITE, ignore_errors=True)
        BUILT.rename(SITE)
    return failed


if __name__ == "__main__":
    sys.exit(main())
