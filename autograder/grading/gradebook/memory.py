"""What this course remembers of nbgrader's rows, in a table of its own beside them: written in the same transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, DateTime, Engine, Float, Interval, MetaData, String, Table, delete, insert
from sqlalchemy.orm import Session

# No foreign key: nbgrader deletes its rows without knowing of these.
MEMORY = Table(
    "course_memory",
    MetaData(),
    Column("row_id", String(32), primary_key=True),  # the id of nbgrader's row
    Column("answer", String(64)),  # of a grade: what was graded
    Column(
        "points", Float
    ),  # of a grade: a person's, set aside by a withdrawal; of a grade cell: its maximum, likewise
    Column("due", DateTime),  # of an assignment: as deadlines.toml last had it
    Column("extension", Interval),  # of a submission: as deadlines.toml last had it
)


def make_memory(engine: Engine) -> None:
    """Make the table where it isn't there yet."""
    MEMORY.create(engine, checkfirst=True)


def remember(db: Session, rows: Mapping[str, Mapping[str, Any]]) -> None:
    """Put these in the place of what was remembered: a row's id -> columns."""
    if rows:
        db.execute(delete(MEMORY).where(MEMORY.c.row_id.in_(rows)))
        blank = dict.fromkeys(column.name for column in MEMORY.columns)
        db.execute(insert(MEMORY), [{**blank, **values, "row_id": row} for row, values in rows.items()])


def followed(wanted: Any, found: Any, remembered: Any) -> Any:
    """A setting that a file may give: the file's; where that says nothing more, what others gave, and not its own."""
    if wanted is not None:
        return wanted
    return None if found == remembered else found
