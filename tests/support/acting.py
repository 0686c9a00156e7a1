"""What a student may write so that it acts on the page of whoever looks at it, and what only looks like it."""

from nbformat.v4 import new_code_cell, new_markdown_cell, new_output, new_raw_cell

ACT = "window.acted=1;fetch('http://127.0.0.1:9/x');document.title='acted'"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
AWAY = "http://127.0.0.1:9/x"

MARKDOWN = [
    f"<script>{ACT}</script>",
    f"<SCRIPT/x>{ACT}</SCRIPT>",
    f"<script src={AWAY}></script>",
    f'<img src="x" onerror="{ACT}">',
    f"<img src=x:x onerror={ACT}//",
    f'<img src="data:image/png;base64,{PNG}" onload="{ACT}">',
    f'<img src="data:image/png;base64,x" onerror="{ACT}" style="position:fixed">',
    f"<img src={AWAY}>",
    f"![x]({AWAY})",
    "![x](/logout)",
    f"![x][r]\n\n[r]: {AWAY}",
    f"![x](data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9ImFsZXJ0KDEpIi8+ '{ACT}')",
    f'![x](data:image/svg+xml,<svg onload="{ACT}">)',
    f'![x" onerror="{ACT}](x "y\\" onerror={ACT}")',
    f"[a link](javascript:{ACT})",
    f"[a link](<javascript:{ACT}>)",
    f"[a link]( \n java&#x0A;script:{ACT} 'title')",
    f"[a link](\\javascript:{ACT})",
    f"[a link](JaVaScRiPt&colon;{ACT})",
    "[a link](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    f"[a link](vbscript:{ACT})",
    f"[ref]\n\n[ref]: javascript:{ACT}",
    f"[ref\ntwo]\n\n> [ref\ntwo]:\n> javascript:{ACT}",
    f"[![x](attachment:nowhere.png)](javascript:{ACT})",
    "[grades](/formgrader/manage_students/%22;window.acted=1//)",
    f"<javascript:{ACT}>",
    f'<a href="javascript:{ACT}" autofocus onfocus="{ACT}">x</a>',
    f'<a href="java&#x0A;script:{ACT}">x</a>',
    f'<a\nhref="data:text/html,<script>{ACT}</script>">x</a>',
    f'<svg onload="{ACT}"><script>{ACT}</script><animate onbegin="{ACT}" attributeName="x" dur="1s"/></svg>',
    f"<math><mtext></table><mglyph><style><!--</style><img title='--&gt;&lt;img src=x onerror={ACT}&gt;'>",
    f"<math><a xlink:href='javascript:{ACT}'><mi>x</mi></a></math>",
    f'<iframe srcdoc="<script>parent.{ACT}</script>"></iframe><iframe src="javascript:parent.{ACT}"></iframe>',
    f'<object data="{AWAY}"></object><embed src="{AWAY}"><applet code="x"></applet>',
    f'<meta http-equiv="refresh" content="0;url={AWAY}"><base href="{AWAY}">',
    f'<style>@import "{AWAY}"; body{{background:url({AWAY})}}</style><link rel="stylesheet" href="{AWAY}">',
    f'<form action="{AWAY}"><button formaction="javascript:{ACT}">x</button><input autofocus onfocus="{ACT}"></form>',
    f'<details open ontoggle="{ACT}"><summary>x</summary></details>',
    f'<video src="{AWAY}" onerror="{ACT}"></video><audio><source src="x" onerror="{ACT}"></audio>',
    f'<marquee onstart="{ACT}"></marquee><body onload="{ACT}"><input onfocus="{ACT}" autofocus>',
    f'<div style="position:fixed;inset:0;background:url({AWAY})" class="nbgrader_cell" id="check_softmax">x</div>',
    "# check_softmax-comment\n\n<p id='check_softmax' class='score'>",
    f"<noscript><p title='</noscript><img src=x onerror={ACT}>'>",
    f"<textarea><img title='</textarea><img src=x onerror={ACT}>'>",
    f"<!--><img src=x onerror={ACT}>-->",
    f"<![CDATA[<img src=x onerror={ACT}>]]>",
    f"<?php <img src=x onerror={ACT}> ?>",
    f"<scr\x00ipt>{ACT}</scr\x00ipt><\x00img src=x onerror={ACT}>",
    f"<scr\x1b[0mipt>{ACT}</script><\x1b[0mimg src=x onerror={ACT}>",
    f"$$\\href{{javascript:{ACT}}}{{x}}$$ </div></body></html><script>{ACT}</script>",
    f"$x$$$<img src=x onerror={ACT}>$$ and `$`<img src=x onerror={ACT}>`$`",
    f"\\begin{{x}}<img src=x onerror={ACT}>\\end{{x}}<img src=x onerror={ACT}>",
    f"$\\mmlToken{{mi}}[href='javascript:{ACT}']{{x}} \\style{{background:url({AWAY})}}{{y}} \\require{{html}}$",
    f"$\\bbox[background:url({AWAY})]{{x}} \\cssId{{check_softmax}}{{\\class{{score}}{{x}}}}$",
    f"```mermaid\ngraph TD\nA[<img src=x onerror={ACT}>]\nclick A href 'javascript:{ACT}'\n```",
    f"```html\n</pre><script>{ACT}</script>\n```",
    f'~~~ "><script>{ACT}</script>\nx\n~~~',
    f"`<img src=x onerror={ACT}>` ``` `` <script>{ACT}</script>",
    f"| a |\n|---|\n| <img src=x onerror={ACT}> |\n| [x](javascript:{ACT}) |",
    f"- [ ] <img src=x onerror={ACT}>\n  <script>\n  {ACT}\n  </script>",
    f"    <script>{ACT}</script>\n\n\t<img src=x onerror={ACT}>",
    f"&lt;script&gt;{ACT}&lt;/script&gt; &#60;img src=x onerror={ACT}&#62;",
    f"<b onclick={ACT}>x</b><b/onmouseover={ACT}>y</b><p\fonclick={ACT}>",
    f"<img src=attachment:x.png onerror={ACT}> ![x](attachment:missing.png)",
    f'http://127.0.0.1:9/"onmouseover={ACT} www.example.org/<script>{ACT}</script>',
]

HONEST = [
    "The **mean** stays as it was, because $E[x m] / (1-p) = E[x]$, where $a < b$ and $x \\in [0, 1]$.",
    "| a | b |\n|---|:-:|\n| 1 | `x[i](y)` |\n\n1. one\n2. two\n\n> said somebody",
    "```python\nfor i in range(3):\n    print(x[i] < 3, i > 2)\n```",
    "<details><summary>More</summary>\n\nH<sub>2</sub>O, line<br>line<br/>line, <b>bold</b>\n\n</details>",
    "See [the docs](https://pytorch.org/docs) and [below](#why) or <b>write</b> to [me](mailto:me@example.org).",
    "$$\\begin{aligned} y &= Wx + b \\\\ \\hat{y} &\\le 1 \\end{aligned}$$",
    f"![a picture](data:image/png;base64,{PNG})",
]


def acting_cells():
    """Cells in each of whose parts a student might put something that acts."""
    html = "".join(MARKDOWN)
    kinds = ["text/html", "text/markdown", "text/latex", "image/svg+xml", "application/javascript", "text/vnd.mermaid"]
    kinds += ["application/vnd.jupyter.widget-view+json", "application/pdf", "application/json", "image/png"]
    kinds += ["application/vnd.plotly.v1+json", "image/jpeg", "application/vnd.jupyter.widget-state+json"]
    outputs = [new_output("display_data", data={kind: html}) for kind in kinds]
    outputs += [new_output("display_data", data={"text/html": html}, metadata={"text/html": {"isolated": True}})]
    outputs += [
        new_output("display_data", data={"image/png": PNG}, metadata={"image/png": {"width": f'1 onload="{ACT}"'}})
    ]
    outputs += [new_output("execute_result", data={"text/plain": html, "text/html": html})]
    outputs += [new_output("stream", name="stdout", text=f"\x1b]8;;javascript:{ACT}\x07{html}")]
    outputs += [new_output("error", ename=html, evalue=html, traceback=[html, f"\x1b[31m{html}"])]
    cells = [new_markdown_cell(source) for source in MARKDOWN]
    cells += [new_raw_cell(html, metadata={"raw_mimetype": "text/html"}), new_raw_cell(html)]
    cells += [new_code_cell(html, outputs=outputs, metadata={"tags": [f'"><script>{ACT}'], "magics_language": html})]
    cells += [new_markdown_cell(f"![x](attachment:{name})", attachments={name: bundle}) for name, bundle in BUNDLES]
    cells[0].metadata["nbgrader"] = {"grade_id": f'"><img src=x onerror="{ACT}">', "solution": True, "grade": True}
    for i, cell in enumerate(cells):
        cell.id = f"acting-{i}"
    return cells


BUNDLES = [
    ("a.html", {"text/html": f"<script>{ACT}</script>"}),
    ("b.svg", {"image/svg+xml": "PHN2ZyBvbmxvYWQ9ImFsZXJ0KDEpIi8+"}),
    ("c.png", {f'image/png"onerror="{ACT}': PNG}),
    ("d.png", {"image/png": f'x" onerror="{ACT}'}),
    ("e.png", {"image/png": "PHN2ZyBvbmxvYWQ9ImFsZXJ0KDEpIi8+", "image/svg+xml": PNG}),
    (f'f"onerror="{ACT}.png', {"image/png": PNG}),
]
