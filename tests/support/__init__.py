"""What several tests need: the repository's root here; a course, a class, a desk, attacks, a database server beside."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
