"""What is wrong with a sandbox. Apart from what makes one, so that who only hands out work need not load PyTorch."""


class SandboxError(Exception):
    """No sandbox can be had here; the text says why and what to do."""


class SandboxLost(SandboxError):
    """A sandbox failed in the middle of a run; another try may well succeed."""
