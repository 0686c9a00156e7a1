"""nbgrader for a student: to which course lessons are handed in, and where.

It goes before all other files, also the hub's own: what is to be other here, the hub says by environment variables.
"""

import os

c = get_config()  # noqa: F821 (nbgrader provides it)

c.CourseDirectory.course_id = os.environ.get("COURSE_ID") or "pytorch-course"
c.ExchangeFactory.submit = "autograder.desk.handing_in.Submit"

# COURSE_EXCHANGE is a folder, else the address of ngshare, which Zero to JupyterHub has in a folder's place.
exchange = os.environ.get("COURSE_EXCHANGE", "")
if "://" in exchange:
    from ngshare_exchange import configureExchange

    configureExchange(c, exchange)
    c.ExchangeFactory.submit = "autograder.desk.ngshare.SubmitToNgshare"
elif exchange:
    c.Exchange.root = exchange
    if os.environ.get("COURSE_STUDENT"):  # where one account serves several people, nbgrader cannot tell who it is
        c.CourseDirectory.student_id = os.environ["COURSE_STUDENT"]
