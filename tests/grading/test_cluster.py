"""Grading elsewhere: on a Dask cluster whose workers share nothing with this process, and into PostgreSQL."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import nbformat
import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.grading import cluster, results
from benchmarks.students import WRONG, hand_in, new_course, notebook, solutions
from tests.support.classroom import LESSON, gradebook_rows, sqlite
from tests.support.postgres import postgres, postgres_server  # noqa: F401 (fixtures)

pytestmark = pytest.mark.slow

FIRST = "01_tensors"


def grade(course, *arguments):
    with contextlib.chdir(course):
        return CliRunner().invoke(app, ["grade", *arguments])


def course_of(folder, handed_in, lesson=LESSON):
    course = new_course(folder, lesson)
    hand_in(course, handed_in, lesson)
    return course


def with_seed_of(course, other, lesson=LESSON):
    seed = Path("autograder", "results", lesson, "seed")
    (course / seed).parent.mkdir(parents=True)
    shutil.copy(other / seed, course / seed)


def written(*arguments, **options):
    return nbformat.writes(notebook(*arguments, **options)).encode()


EIGHT = {f"right {n}": written(solutions(), cell=f"my_number = {n}") for n in range(3)}
EIGHT |= {
    f"wrong {name}": written({**solutions(), exercise: said}) for name, (exercise, said) in list(WRONG.items())[:4]
}
EIGHT["corrupt"] = b"{"


# --- a cluster


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    """The address of a scheduler with two workers, in folders of their own; they are restarted when they die."""
    folder = tmp_path_factory.mktemp("cluster")
    dask, file = Path(sys.executable).with_name("dask"), folder / "scheduler.json"
    where = ["--host", "127.0.0.1", "--no-dashboard"]
    commands = [
        [dask, "scheduler", *where, "--port", "0", "--scheduler-file", file],
        [dask, "worker", *where, "--nworkers", "2", "--nthreads", "1", "--scheduler-file", file],
    ]
    with contextlib.ExitStack() as stack:
        for command in commands:
            log = stack.enter_context((folder / f"{command[1]}.log").open("w"))
            process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
            stack.callback(process.wait)
            stack.callback(process.terminate)
        wait_until(file.exists)
        yield json.loads(file.read_text())["address"]


def wait_until(true, seconds=300):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture
def workers(scheduler):
    """Asks the cluster for the process ids of its workers."""
    from distributed import Client

    with Client(scheduler, timeout=120, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=300)
        yield lambda: list(client.run(os.getpid).values())


@pytest.fixture(scope="module")
def graded_here(tmp_path_factory):
    """The eight, graded by processes of this machine."""
    course = course_of(tmp_path_factory.mktemp("here") / "course", EIGHT)
    run = grade(course, LESSON, "--jobs", "2", "--json", "out.json")

    assert run.exit_code == 1, run.output
    return course


def test_a_cluster_that_loses_a_worker_grades_as_this_machine_does(workers, scheduler, graded_here, tmp_path):
    course, killed = course_of(tmp_path / "course", EIGHT), []
    with_seed_of(course, graded_here)
    kept = course / "autograder" / "results" / LESSON

    def kill_one():
        wait_until(lambda: len(list(kept.glob("*.json"))) >= 2)
        killed.append(workers()[0])
        os.kill(killed[0], signal.SIGKILL)

    killer = threading.Thread(target=kill_one)
    killer.start()
    run = grade(course, LESSON, "--scheduler", scheduler, "--json", "out.json")
    killer.join()

    assert run.exit_code == 1, run.output
    assert len(killed) == 1
    assert (course / "out.json").read_bytes() == (graded_here / "out.json").read_bytes()
    assert gradebook_rows(sqlite(course)) == gradebook_rows(sqlite(graded_here))


def test_workers_with_another_pytorch_are_refused(workers, scheduler, tmp_path, monkeypatch):
    results.judge_version.cache_clear()
    monkeypatch.setattr(results, "version", lambda package: "2.12.0")
    run = grade(course_of(tmp_path / "course", {"corrupt": b"{"}), LESSON, "--scheduler", scheduler)
    results.judge_version.cache_clear()

    assert run.exit_code == 2
    assert "These workers would grade differently: tcp://127.0.0.1:" in run.output.replace("\n", "")


def test_a_scheduler_that_does_not_answer_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE", 1)
    run = grade(course_of(tmp_path / "course", {"corrupt": b"{"}), LESSON, "--scheduler", "tcp://127.0.0.1:9")

    assert run.exit_code == 2
    assert "No Dask scheduler answers at tcp://127.0.0.1:9" in run.output
    assert "Start one with `dask scheduler`" in run.output.replace("\n", " ")


def test_a_scheduler_without_workers_is_an_error(tmp_path):
    from distributed import LocalCluster

    with LocalCluster(n_workers=0, processes=False, dashboard_address=":0") as empty:
        course = course_of(tmp_path / "course", {"corrupt": b"{"})
        run = grade(course, LESSON, "--scheduler", empty.scheduler_address)

    assert run.exit_code == 2
    assert f"The scheduler at {empty.scheduler_address} has no workers." in run.output


def test_a_scheduler_that_goes_away_is_an_error():
    from distributed import LocalCluster

    with LocalCluster(n_workers=1, processes=False, dashboard_address=":0") as here:
        start, at_once = cluster.connect(here.scheduler_address)
        executor = start()
    wait_until(lambda: executor._client.status != "running")

    assert at_once >= 1
    with pytest.raises(cluster.ClusterError, match="The Dask scheduler is gone"):
        executor.submit(print)
    executor.shutdown(cancel_futures=True)


def test_without_distributed_its_installation_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    run = grade(course_of(tmp_path / "course", {"corrupt": b"{"}), LESSON, "--scheduler", "tcp://127.0.0.1:9")

    assert run.exit_code == 2
    assert "pip install -c constraints.txt -e '.[cluster]'" in run.output.replace("\n", " ")


# --- PostgreSQL


def fifty():
    """Right, half done and untouched notebooks of lesson 1, and some that are no notebook."""
    answers = solutions(FIRST)
    less = [dict(list(answers.items())[:n]) for n in range(len(answers) + 1)]
    return {
        f"student {n:02}": written(less[-1 - n % len(less)], FIRST, f"my_number = {n}") if n % 16 != 15 else b"{"
        for n in range(50)
    }


def test_a_class_is_graded_into_postgresql_as_into_sqlite(postgres, tmp_path, monkeypatch):  # noqa: F811
    class_, runs = fifty(), []
    first, second = (course_of(tmp_path / name, class_, FIRST) for name in ("sqlite", "postgres"))
    runs.append(grade(first, FIRST, "--jobs", "2", "--json", "out.json"))
    with_seed_of(second, first, FIRST)
    monkeypatch.setenv("COURSE_DB_URL", postgres)
    runs.append(grade(second, FIRST, "--jobs", "2", "--json", "out.json"))

    assert [run.exit_code for run in runs] == [1, 1], runs[0].output + runs[1].output
    assert (second / "out.json").read_bytes() == (first / "out.json").read_bytes()
    assert not (second / "autograder" / "gradebook.db").exists()
    rows = gradebook_rows(postgres, FIRST)
    assert rows == gradebook_rows(sqlite(first), FIRST)
    assert len({row[0] for row in rows}) == 50
