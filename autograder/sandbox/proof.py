"""Prove the sandbox's walls before anything is graded behind them: try what a hostile notebook would try first."""

from __future__ import annotations

import json
import os
import socket
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path

from autograder.sandbox import bubblewrap
from autograder.sandbox.client import Sandbox
from autograder.sandbox.errors import SandboxError, SandboxLost
from autograder.sandbox.launch import Server
from autograder.sandbox.run import Program

_ATTEMPTS = f"""
import json, sys
sys.path.append({bubblewrap.GRADER!r})
from inside.attempts import attempts
print(json.dumps(attempts(json.loads({{!r}}))))
"""


def prove(sandbox: Sandbox, secrets: Iterable[Path] = ()) -> None:
    """Run the attempts twice in the sandbox, so that the second would find what the first left behind.

    Args:
        secrets: files and folders of the host that must not be seen inside, such as the gradebook's.

    Raises:
        SandboxError: a wall is missing, or the attempts could not be made.
    """
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as server:
        os.chmod(folder, 0o755)
        secret = Path(folder, "secret")
        secret.write_text("no submission should read this")
        target = {
            "files": [str(path) for path in (secret, Path(__file__), *secrets) if os.path.exists(path)],
            "port": server.getsockname()[1],
            "environment": list(bubblewrap.ENVIRONMENT),
        }
        for _ in range(2):
            _try_once(sandbox, target)


def _try_once(sandbox: Sandbox, target: dict) -> None:
    try:
        with sandbox.run(Program((_ATTEMPTS.format(json.dumps(target)),), {})) as run:
            said = "".join(node.get("text", "") for node in run.outputs.get(0, []))
        could = json.loads(said)
    except ValueError:
        raise _untried(run.raised.get(0) or run.ended.get(0) or said) from None
    except SandboxLost as error:  # at the start: another try would only take time
        raise _untried(str(error)) from None
    if could:
        holes = "\n".join(f"  {attempt}: {what}" for attempt, what in could.items())
        raise SandboxError(
            "The sandbox has holes here, and nothing is graded in it. A notebook could\n"
            f"{holes}\nPlease report this, with your system and `bwrap --version`: see docs/grading.md."
        )


def _untried(why: str) -> SandboxError:
    return SandboxError(f"The sandbox's walls could not be tried, and without that nothing is graded: {why}")


_own = threading.local()


def own_sandbox(extras: tuple[str, ...] = (), server: Server | None = None) -> Sandbox:
    """This thread's own sandbox, started and proved when it is first asked for.

    Args:
        extras: modules that notebooks may import beside the course's own; for others, there is another sandbox.
        server: its server, where that was started already.

    Raises:
        SandboxError: there is no sandbox to be had.
    """
    if getattr(_own, "extras", None) != extras:
        sandbox = Sandbox(extras, server)
        prove(sandbox, [bubblewrap.AUTOGRADER.with_name(name) for name in ("solutions", "source")])
        if hasattr(_own, "sandbox"):
            _own.sandbox.close()
        _own.sandbox, _own.extras = sandbox, extras
    return _own.sandbox
