"""`make demo-class`: grade a made-up class of 40, some of it hostile and some damaged, before the reader's eyes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.students import LESSON, ROOT, hand_in, made_up_class, new_course

COURSE = ROOT / "build" / "demo-class"
OPEN = """
All of it is in {folder}, an nbgrader course of its own. To look around:

  results      {folder}/results.json
  feedback     {folder}/autograder/feedback/wrong-softmax-one-sum/{lesson}/{lesson}.html
               {folder}/autograder/feedback/hostile-script/{lesson}/{lesson}.html
  gradebook    cd {folder} && {bin}/nbgrader export --to grades.csv
               cd {folder} && {bin}/jupyter lab         (Nbgrader > Formgrader)
  report       cd {folder} && {bin}/course report 7
  again        cd {folder} && {bin}/course grade 7      (nothing has changed, so nothing is run)
"""


def main() -> int:
    """Make the class, grade it and say what to look at; the exit code."""
    shutil.rmtree(COURSE, ignore_errors=True)
    new_course(COURSE)
    hand_in(COURSE, made_up_class())
    link = COURSE / "autograder" / "submitted" / "damaged-link" / LESSON / f"{LESSON}.ipynb"
    link.parent.mkdir(parents=True)
    link.symlink_to("/etc/passwd")
    print("40 submissions: right, wrong, half done, untouched, hostile and damaged. An endless loop costs its 10 s.")
    programs = Path(sys.executable).parent
    command = [programs / "course", "grade", LESSON, "--feedback", "--json", "results.json"]
    code = subprocess.run(command, cwd=COURSE, check=False).returncode
    if code != 1:  # some are damaged, and fail
        return code or 1
    print(OPEN.format(folder=COURSE, lesson=LESSON, bin=programs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
