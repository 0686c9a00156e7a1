"""What a JupyterHub has to know of this course. JupyterHub reads this beside its own configuration.

The Littlest JupyterHub reads it from /opt/tljh/config/jupyterhub_config.d/, Zero to JupyterHub from values.yaml, and
`make hub` from here. The names in capitals are yours to change.
"""

from typing import Any

c = get_config()  # noqa: F821 (JupyterHub provides it)

INSTRUCTORS = {"instructor"}
LESSONS = "/srv/pytorch-course"  # what students get copies from: a folder that holds lessons/; they read it alone
TEACHING = "~/pytorch-course"  # in each instructor's home: the clone of the course, in which the class is graded
EXCHANGE = "/srv/exchange"  # nbgrader's: a folder, or the address of ngshare


def _teaches(spawner: Any) -> bool:
    return spawner.user.name in INSTRUCTORS


# Each person's server: the lessons in work/, progress, Assignments; for who teaches the course's folder, Formgrader.
c.Spawner.cmd = ["course", "serve"]
c.Spawner.environment.update(
    {
        "COURSE_HOME": lambda spawner: TEACHING if _teaches(spawner) else LESSONS,
        "COURSE_INSTRUCTOR": lambda spawner: "yes" if _teaches(spawner) else "",
        "COURSE_EXCHANGE": EXCHANGE,
    }
)

# A server that loads PyTorch in a kernel on a busy machine is slow to start, and no reason to give it up.
c.Spawner.start_timeout = 300
c.Spawner.http_timeout = 120
