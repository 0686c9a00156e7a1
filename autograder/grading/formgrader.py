"""An extension of Jupyter's server: nbgrader's Formgrader is served with a Content-Security-Policy.

nbgrader prints names and parts of addresses into its pages as they are. Here they are escaped, and only the pages' own
scripts run. The page that shows a submission is made by a template of its own, which nbgrader_config.py names. Setting
the course up enables this: it lays jupyter/jupyter_server_config.d beside the other extensions of the environment.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Callable
from typing import Any

from jinja2 import Environment, FunctionLoader, pass_context
from jinja2.runtime import Context

POLICY = "Content-Security-Policy"
# In frames of one's own server, such as JupyterLab's and JupyterHub's, and in no other.
SERVED = "frame-ancestors 'self'; base-uri 'self'; form-action 'self'"

_TO_JAVASCRIPT = re.compile(r'(\bvar \w+ = )"\{\{ (\w+) \}\}"')


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "autograder.grading.formgrader"}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Nothing yet: nbgrader is loaded after this."""


async def _start_jupyter_server_extension(server: Any) -> None:
    protect(server.web_app.settings)


def protect(settings: dict[str, Any]) -> None:
    """Change a server's settings: the policy of all it serves, unless one was chosen, and Formgrader's own pages."""
    headers = settings.setdefault("headers", {})
    # JupyterHub sets 'none', and Formgrader could not be shown inside JupyterLab
    headers[POLICY] = headers.get(POLICY, SERVED).replace("frame-ancestors 'none'", "frame-ancestors 'self'")
    if pages := settings.get("nbgrader_jinja2_env"):
        settings["nbgrader_jinja2_env"] = _escaped(pages)


def _escaped(pages: Environment) -> Environment:
    """nbgrader's templates, with what is filled in escaped, and a policy that names their own scripts."""
    sources = {name: pages.loader.get_source(pages, name)[0] for name in pages.list_templates(["tpl", "j2"])}
    handlers = {handler for source in sources.values() for handler in re.findall(r'\bonclick="([^"{]*)"', source)}
    hashes = (base64.b64encode(hashlib.sha256(handler.encode()).digest()).decode() for handler in sorted(handlers))
    scripts = " ".join(["'nonce-{{ nonce() }}'", "'unsafe-hashes'", *(f"'sha256-{each}'" for each in hashes)])
    policy = (
        f"default-src 'none'; script-src {scripts}; style-src 'self' 'unsafe-inline'; font-src 'self'; "
        "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'"
    )
    environment = Environment(loader=FunctionLoader(_with_policy(sources.get, policy)), autoescape=True)
    environment.globals["nonce"] = _nonce
    return environment


def _with_policy(source: Callable[[str], str | None], policy: str) -> Callable[[str], str | None]:
    head = f'<head>\n<meta http-equiv="{POLICY}" content="{policy}">'

    def load(name: str) -> str | None:
        text = source(name)
        text = text and _TO_JAVASCRIPT.sub(r"\1{{ \2 | default('') | tojson }}", text)
        return text and text.replace("<head>", head).replace("<script", '<script nonce="{{ nonce() }}"')

    return load


@pass_context
def _nonce(context: Context) -> str:
    """The word that tells a page's own scripts; a new one for each page."""
    return context.vars.setdefault("nonce_of_this_page", secrets.token_urlsafe(16))
