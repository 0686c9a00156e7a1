"""nbgrader's Formgrader as the course's extension of Jupyter's server has it. In a browser: tests/browser."""

import json
import re
import tomllib
from pathlib import Path

import nbgrader
import pytest
from jinja2 import Environment, FileSystemLoader

from autograder.grading.formgrader import POLICY, protect
from tests.support import ROOT

TEMPLATES = Path(nbgrader.__file__).parent / "server_extensions" / "formgrader" / "templates"


@pytest.fixture(scope="module")
def pages():
    settings = {"nbgrader_jinja2_env": Environment(loader=FileSystemLoader([TEMPLATES]))}
    protect(settings)
    return settings["nbgrader_jinja2_env"]


def test_what_is_filled_into_a_page_is_escaped(pages):
    name = "O'Neil\";alert(1)//</script><b>"
    html = pages.get_template("manage_students_assignments.tpl").render(student_id=name, base_url="/user/x")

    assert html.count("</script>") == html.count("<script")
    assert "<b>" not in html
    (filled_in,) = re.findall(r"var student_id = (.*);", html)
    assert json.loads(filled_in) == name
    assert 'var base_url = "/user/x";' in html


def test_each_page_has_a_policy_that_only_its_own_scripts_fit(pages):
    def nonces():
        html = pages.get_template("gradebook_notebook_submissions.tpl").render(base_url="")
        assert html.count("<script ") == html.count("<script nonce=")
        return set(re.findall(r"'nonce-([\w-]+)'|<script nonce=\"([\w-]+)\"", html))

    first, second = nonces(), nonces()
    assert len({"".join(pair) for pair in first}) == 1
    assert first.isdisjoint(second)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, "frame-ancestors 'self'; base-uri 'self'; form-action 'self'"),
        ({POLICY: "frame-ancestors 'none';report-uri /x"}, "frame-ancestors 'self';report-uri /x"),  # JupyterHub's
        ({POLICY: "frame-ancestors https://lms.example.org"}, "frame-ancestors https://lms.example.org"),
    ],
)
def test_formgrader_may_be_shown_in_frames_of_its_server_unless_somebody_chose_otherwise(before, after):
    settings = {"headers": before} if before else {}
    protect(settings)

    assert settings["headers"][POLICY] == after


def test_setting_the_course_up_enables_the_extension():
    files = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["data-files"]
    (path,) = files["etc/jupyter/jupyter_server_config.d"]
    enabled = json.loads((ROOT / path).read_text())

    assert enabled["ServerApp"]["jpserver_extensions"] == {"autograder.grading.formgrader": True}
