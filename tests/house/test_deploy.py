"""What deploy/ has for hubs, as far as it can be tried without Docker, Kubernetes or another machine."""

import fnmatch
import re
import shlex
import shutil
import subprocess
import tomllib
from types import SimpleNamespace

import pytest
import yaml
from jupyterhub.spawner import LocalProcessSpawner
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from deploy import tryout
from tests.house.test_wheel import install
from tests.support import ROOT

DEPLOY = ROOT / "deploy"
VALUES = yaml.safe_load((DEPLOY / "values.yaml").read_text())
# an instruction of a Dockerfile, with the lines that it goes on in
STEPS = re.findall(
    r"^([A-Z]+) ((?:.*\\\n)*.*)", re.sub(r"(?m)^#.*\n", "", (DEPLOY / "Dockerfile").read_text()), re.MULTILINE
)
COPIES = [shlex.split(said) for kind, said in STEPS if kind == "COPY"]


class KubeSpawner(LocalProcessSpawner):
    """Of Zero to JupyterHub, by the name by which it is configured."""


def configured(before=None):
    config = Config(before or {})
    config.merge(PyFileConfigLoader("pytorch_course.py", str(DEPLOY)).load_config())
    return config


@pytest.mark.parametrize(
    ("spawner", "before"),
    [
        (LocalProcessSpawner, {}),
        (LocalProcessSpawner, {"Spawner": {"environment": {"MINE": "1"}}}),
        (KubeSpawner, {"KubeSpawner": {"environment": {}}, "Spawner": {"cmd": ["jupyterhub-singleuser"]}}),
        (KubeSpawner, {"KubeSpawner": {"environment": {"MINE": "1"}}}),
    ],
    ids=["TLJH", "TLJH with its own", "Z2JH", "Z2JH with its own"],
)
def test_each_server_is_told_what_it_has_to_know_and_what_the_hub_says_stays(spawner, before):
    one = spawner(config=configured(before))
    people = [SimpleNamespace(user=SimpleNamespace(name=name)) for name in ("instructor", "ann")]
    told = [
        {key: value(person) if callable(value) else value for key, value in one.environment.items()}
        for person in people
    ]

    assert one.cmd == ["course", "serve"]
    assert [env["COURSE_HOME"] for env in told] == ["~/pytorch-course", "/srv/pytorch-course"]
    assert [bool(env["COURSE_INSTRUCTOR"]) for env in told] == [True, False]
    assert {env["COURSE_EXCHANGE"] for env in told} == {"/srv/exchange"}
    assert {env.get("MINE") for env in told} == {"1" if "MINE" in str(before) else None}


def test_values_start_the_courses_server_and_lay_its_configuration_where_the_chart_reads_it():
    place = VALUES["hub"]["extraFiles"]["pytorch-course"]["mountPath"]

    assert VALUES["singleuser"]["cmd"] == ["course", "serve"]
    assert re.fullmatch(r"/usr/local/etc/jupyterhub/jupyterhub_config\.d/\w+\.py", place)
    assert "--set-file hub.extraFiles.pytorch-course.stringData=deploy/pytorch_course.py" in (
        DEPLOY / "values.yaml"
    ).read_text().replace("\\\n#       ", "")


def test_all_that_goes_into_the_image_is_there_and_let_in_and_no_grades_are():
    rules = [
        line
        for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    copied = [source for *sources, _ in COPIES for source in sources]

    assert [source for source in copied if not (ROOT / source).exists()] == []
    assert rules[0] == "*"
    assert {rule[1:] for rule in rules if rule[0] == "!"} == set(copied)
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    made = [line.strip("/") for line in ignored if line.startswith("/autograder")]
    assert made
    assert [path for path in made if not any(fnmatch.fnmatch(path, rule) for rule in rules[1:])] == []


def test_the_image_installs_what_the_project_names():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    (asked,) = re.findall(r"'/build\[([\w,]+)\]'", (DEPLOY / "Dockerfile").read_text())

    assert set(asked.split(",")) <= set(extras)
    assert "jupyterhub" in extras["hub"]


def test_every_exchange_that_is_made_has_the_sticky_bit(tmp_path):
    tryout.set_up(tmp_path)
    texts = [path.read_text() for path in (*DEPLOY.glob("*.md"), *(ROOT / "docs").glob("*.md"))]
    modes = [mode for text in texts for mode in re.findall(r"mkdir --mode (\d*777)\b", text)]

    assert (tmp_path / "exchange").stat().st_mode & 0o7777 == 0o1777
    assert set(modes) == {"1777"}


@pytest.mark.slow
def test_what_goes_into_the_image_is_a_course_for_students(tmp_path):
    """The image's files, laid out and installed as its Dockerfile says; all but the system below."""
    for *sources, target in COPIES:
        for source in sources:
            place = tmp_path / target.strip("/")
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                place.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, place)
    python = install(tmp_path / "build", tmp_path / "image")
    home = tmp_path / "home"
    home.mkdir()
    env = {"HOME": str(home), "PATH": f"{python.parent}:/usr/bin:/bin", "JUPYTERHUB_SERVICE_PREFIX": "/user/ann/"}
    env |= {"COURSE_HOME": str(tmp_path / "srv" / "pytorch-course"), "COURSE_DESK": str(home / "work")}
    lab, progress = (
        subprocess.run([python.with_name("course"), name], cwd=home, env=env, capture_output=True, text=True)
        for name in ("lab", "progress")
    )

    assert "JupyterLab is open already" in lab.stdout, lab.stderr
    assert (home / "work" / "07_layers" / "07_layers.ipynb").exists()
    assert " exercises passed." in progress.stdout, progress.stderr
    settings = python.parents[1].glob("lib/python3*/site-packages/autograder/desk/jupyter/student/*")
    assert {path.name for path in settings} >= {"labconfig", "jupyter_server_config.json", "nbgrader_config.py"}
