"""What a JupyterHub has to know of this course. JupyterHub reads this beside its own configuration.

It is the same file for The Littlest JupyterHub (tljh.md), for Zero to JupyterHub (values.yaml) and for `make hub`. The
names in capitals are yours to change.
"""

from typing import Any

c = get_config()  # noqa: F821 (JupyterHub provides it)

INSTRUCTORS = {"instructor"}
LESSONS = "/srv/pytorch-course"  # what students get copies from: a folder that holds lessons/; they only read it
TEACHING = "~/pytorch-course"  # in each instructor's home: the clone of the course, in which the class is graded
EXCHANGE = "/srv/exchange"  # nbgrader's: a folder, or the address of ngshare
COURSE = "course"  # the command; with its path, where a server would not find it


def _teaches(spawner: Any) -> bool:
    return spawner.user.name in INSTRUCTORS


# Each person's server: lessons in work/, progress, Assignments; for who teaches, the course's folder and Formgrader.
c.Spawner.cmd = [COURSE, "serve"]
for spawner in (c.Spawner, c.KubeSpawner):  # Zero to JupyterHub sets the second, which would hide the first
    spawner.environment.update(
        {
            "COURSE_HOME": lambda spawner: TEACHING if _teaches(spawner) else LESSONS,
            "COURSE_INSTRUCTOR": lambda spawner: "yes" if _teaches(spawner) else "",
            "COURSE_EXCHANGE": EXCHANGE,
        }
    )

# A machine on which a whole class starts at once is slow, and no server should be given up for that.
c.Spawner.start_timeout = 300
c.Spawner.http_timeout = 120
