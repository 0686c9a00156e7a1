"""Handing in by ngshare, where the package ngshare_exchange is; nbgrader's settings name this class."""

from pathlib import Path

from ngshare_exchange import ExchangeSubmit

from autograder.desk.handing_in import WithReceipt


class SubmitToNgshare(WithReceipt, ExchangeSubmit):
    """ngshare's, with a receipt."""

    def who(self) -> str:
        """Whom the hub knows."""
        return self.username

    def arrived(self) -> Path:
        """The copy that ngshare's class makes of what it has sent."""
        return Path(self.cache_path, f"{self.username}+{self.coursedir.assignment_id}+{self.timestamp}")
