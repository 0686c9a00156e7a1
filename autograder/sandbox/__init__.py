"""Run a learner's notebook behind walls, and reach its functions from outside."""

from autograder.sandbox.bubblewrap import SandboxError
from autograder.sandbox.client import Sandbox
from autograder.sandbox.run import Absent, Program, Run, Task

__all__ = ["Absent", "Program", "Run", "Sandbox", "SandboxError", "Task"]
