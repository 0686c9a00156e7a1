"""Rebuilding: whatever a learner does to a notebook, what is graded is the lesson with the learner's work in it."""

import copy
import random
from functools import cache

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell
from nbgrader.utils import compute_checksum

from autograder.notebooks import rebuild as module
from autograder.notebooks.ids import cell_id
from autograder.notebooks.matching import is_untouched
from autograder.notebooks.reading import read_notebook
from autograder.notebooks.rebuild import rebuild
from tests.support import ROOT
from tests.support.acting import PNG

LESSONS = sorted(path.name for path in (ROOT / "lessons").iterdir() if path.is_dir())
LESSON = "07_layers"

SOFTMAX = "def softmax(x, dim):\n    return x.softmax(dim)"
STUB = "raise NotImplementedError  # your code here"


@cache
def _read(folder, lesson):
    return nbformat.read(ROOT / folder / lesson / f"{lesson}.ipynb", as_version=4)


def notebook(folder, lesson=LESSON):
    return copy.deepcopy(_read(folder, lesson))


RELEASE = notebook("lessons")
WORDS = {cell.id: cell.source for cell in RELEASE.cells}
IMPORTS = next(cell.id for cell in RELEASE.cells if cell.source.startswith("import math"))
DEMO = next(cell.id for cell in RELEASE.cells if "demo" in cell.metadata.get("tags", ()))


@pytest.fixture
def mine():
    """A learner's copy of the lesson, in which softmax is answered."""
    copied = copy.deepcopy(RELEASE)
    at(copied, "softmax").source = SOFTMAX
    return copied


def at(nb, cell_id):
    return next(cell for cell in nb.cells if cell.id == cell_id)


def index(nb, cell_id):
    return nb.cells.index(at(nb, cell_id))


def submit(nb):
    """As grading reads it."""
    return rebuild(RELEASE, read_notebook(nbformat.writes(nb).encode()), LESSON)


def order(rebuilt, *ids):
    """The ids among ``ids``, in the notebook's order."""
    return [cell.id for cell in rebuilt.notebook.cells if cell.id in ids]


def changes(rebuilt):
    """What differs from the release: id -> source."""
    return {cell.id: cell.source for cell in rebuilt.notebook.cells if WORDS.get(cell.id) != cell.source}


OTHER_PNG = "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAAAAADRSSBWAAAAC0lEQVR4nGNgYAAAAAMAAbitOmMAAAAASUVORK5CYII="
ONLY_SOFTMAX = {"softmax": SOFTMAX}


def same_as_release(rebuilt, cell_id):
    return at(rebuilt.notebook, cell_id) == at(RELEASE, cell_id)


# --- nothing is lost, and nothing changes that should not -----------------------------------------------------


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_solution_put_into_its_lesson_is_the_solution(lesson):
    release, solution = notebook("lessons", lesson), notebook("solutions", lesson)
    submission = copy.deepcopy(release)
    answers = [cell.id for cell in solution.cells if cell.metadata.get("nbgrader", {}).get("solution")]
    for name in answers:
        at(submission, name).source = at(solution, name).source
    rebuilt = rebuild(release, submission, lesson)

    assert [cell.source for cell in rebuilt.notebook.cells] == [cell.source for cell in solution.cells]
    assert [cell.metadata for cell in rebuilt.notebook.cells] == [cell.metadata for cell in release.cells]
    assert list(rebuilt.answered) == answers
    assert rebuilt.learners == set(answers)
    assert rebuilt.warnings == ()


@pytest.mark.parametrize("lesson", LESSONS)
def test_an_untouched_lesson_comes_back_byte_for_byte(lesson):
    release = notebook("lessons", lesson)
    rebuilt = rebuild(release, release, lesson)

    assert nbformat.writes(rebuilt.notebook) == nbformat.writes(release)
    assert (rebuilt.warnings, rebuilt.learners) == ((), frozenset())


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_released_answers_cell_is_known_by_nbgraders_checksum(lesson):
    answers = [cell for cell in notebook("lessons", lesson).cells if cell.metadata.get("nbgrader", {}).get("solution")]

    assert answers
    assert all(is_untouched(cell) for cell in answers)


@pytest.mark.parametrize("lost", ["", "ids", "metadata", "ids and metadata"])
@pytest.mark.parametrize("lesson", LESSONS)
def test_solutions_are_found_without_ids_without_metadata_and_without_either(lesson, lost):
    release, submission = notebook("lessons", lesson), notebook("solutions", lesson)
    for cell in submission.cells:
        if "metadata" in lost:
            cell.metadata = {}
        if "ids" in lost:
            cell.id = "x" + cell.id
    rebuilt = rebuild(release, submission, lesson)

    assert [cell.source for cell in rebuilt.notebook.cells] == [cell.source for cell in submission.cells]
    assert rebuilt.own == ()


@pytest.mark.parametrize("seed", range(20))
def test_rebuilding_is_repeatable_and_settles_at_once(seed):
    chance = random.Random(seed)
    messy = notebook("solutions")
    for i in range(15):
        cells = messy.cells
        kind = chance.randrange(5)
        if kind == 0:
            cells.insert(chance.randrange(len(cells)), new_code_cell(f"own_{i} = {i}", id=f"mine-{i}"))
        elif kind == 1:
            del cells[chance.randrange(len(cells))]
        elif kind == 2:
            cells.insert(chance.randrange(len(cells)), cells.pop(chance.randrange(len(cells))))
        elif kind == 3:
            double = copy.deepcopy(chance.choice(cells))
            cells.insert(chance.randrange(len(cells)), double)
            double.id, double.source = f"double-{i}", double.source + chance.choice(["", "\n# again"])
        else:
            chance.choice(cells).source += "\n# edited"
    first = submit(messy)
    second = submit(first.notebook)

    assert nbformat.writes(first.notebook) == nbformat.writes(submit(messy).notebook)
    assert nbformat.writes(second.notebook) == nbformat.writes(first.notebook)
    assert {cell.source for cell in messy.cells if cell.source.startswith("own_")} <= {
        cell.source for cell in first.notebook.cells
    }
    nbformat.validate(first.notebook)
    assert len({cell.id for cell in first.notebook.cells}) == len(first.notebook.cells)


def test_what_goes_in_is_left_as_it_was(mine):
    before = nbformat.writes(mine), nbformat.writes(RELEASE)
    rebuilt = rebuild(RELEASE, mine, LESSON)
    rebuilt.notebook.cells[0].metadata["new"] = rebuilt.notebook.metadata["new"] = True

    assert (nbformat.writes(mine), nbformat.writes(RELEASE)) == before


# --- checks -------------------------------------------------------------------------------------------------


def delete(nb):
    nb.cells.remove(at(nb, "check_softmax"))


def double(nb):
    nb.cells.insert(2, copy.deepcopy(at(nb, "check_softmax")))
    nb.cells[2].id = "another"


def rename(nb):
    at(nb, "check_softmax").metadata.nbgrader.grade_id = "check_nothing"


def rename_as_the_answer(nb):
    at(nb, "check_softmax").metadata.nbgrader.grade_id = "softmax"


def rename_both(nb):
    rename(nb)
    at(nb, "check_softmax").id = "nothing"


def retype(nb):
    cell = at(nb, "check_softmax")
    nb.cells[nb.cells.index(cell)] = new_markdown_cell(cell.source, id=cell.id, metadata=cell.metadata)


def repoint(nb):
    at(nb, "check_softmax").metadata.nbgrader.points = 100


def unlock(nb):
    at(nb, "check_softmax").metadata.nbgrader.locked = False
    at(nb, "check_softmax").metadata.editable = True


def flip(nb):
    at(nb, "check_softmax").metadata.nbgrader.grade = False


def make_it_a_solution(nb):
    at(nb, "check_softmax").metadata.nbgrader.solution = True


def edit(nb):
    at(nb, "check_softmax").source = "print('passed')"


def blank(nb):
    at(nb, "check_softmax").source = ""


def move(nb):
    cell = at(nb, "check_softmax")
    nb.cells.remove(cell)
    nb.cells.insert(0, cell)


SETTINGS = "check_softmax: its grading settings differ from the lesson's, which count."
EDITED = "check_softmax: edited; the lesson's own stands in its place."


@pytest.mark.parametrize(
    ("damage", "warnings"),
    [
        (delete, ["check_softmax: deleted; the lesson's own stands in its place."]),
        (double, ["check_softmax: 2 copies; the lesson's own stands in its place."]),
        (rename, [SETTINGS]),
        (rename_as_the_answer, [SETTINGS]),
        (rename_both, [SETTINGS]),
        (retype, [EDITED]),
        (repoint, [SETTINGS]),
        (unlock, [SETTINGS]),
        (flip, [SETTINGS]),
        (make_it_a_solution, [SETTINGS]),
        (edit, [EDITED]),
        (blank, [EDITED]),
        (move, []),
    ],
)
def test_a_damaged_check_is_as_if_it_had_not_been(mine, damage, warnings):
    damage(mine)
    rebuilt = submit(mine)

    assert changes(rebuilt) == ONLY_SOFTMAX
    assert [cell.id for cell in rebuilt.notebook.cells] == [cell.id for cell in RELEASE.cells]
    assert same_as_release(rebuilt, "check_softmax")
    assert list(rebuilt.warnings) == warnings


def test_a_check_that_the_learner_wrote_a_second_time_is_left_out(mine):
    mine.cells.append(new_code_cell("check( softmax )", id="again"))

    assert changes(submit(mine)) == ONLY_SOFTMAX


# --- answers --------------------------------------------------------------------------------------------------


def add_copy(nb, where, source, **changes):
    cell = copy.deepcopy(at(nb, "softmax"))
    cell.update({"id": "a-copy", "source": source, **changes})
    nb.cells.insert(where, cell)


@pytest.mark.parametrize("where", [0, 5, 1000])
def test_of_two_answers_the_last_counts_and_the_first_is_kept_above_it(mine, where):
    at(mine, "softmax").source = first = "def softmax(x, dim):\n    return x"
    nb = copy.deepcopy(mine)
    add_copy(nb, where, SOFTMAX)
    rebuilt = submit(nb)
    last, other = (SOFTMAX, first) if where == 1000 else (first, SOFTMAX)

    assert at(rebuilt.notebook, "softmax").source == last
    assert [at(rebuilt.notebook, id).source for id in rebuilt.own] == [other]
    assert order(rebuilt, *rebuilt.own, "softmax", "check_softmax") == [*rebuilt.own, "softmax", "check_softmax"]
    assert "nbgrader" not in at(rebuilt.notebook, rebuilt.own[0]).metadata
    assert rebuilt.warnings == ("softmax: 2 cells answer it; one counts, the last that is no note or trial.",)


@pytest.mark.parametrize("where", [0, 1000])
def test_an_untouched_or_empty_copy_counts_for_nothing(mine, where):
    add_copy(mine, where, WORDS["softmax"] + "\n\n")
    add_copy(mine, where, " \n", id="another-copy")
    rebuilt = submit(mine)

    assert changes(rebuilt) == ONLY_SOFTMAX
    assert rebuilt.warnings == ()


def test_an_answer_in_a_copy_counts_where_the_stub_is_still_there(mine):
    at(mine, "softmax").source = WORDS["softmax"]
    add_copy(mine, 1000, SOFTMAX)
    rebuilt = submit(mine)

    assert changes(rebuilt) == ONLY_SOFTMAX
    assert rebuilt.warnings == ()


def test_a_cell_split_in_two_still_runs_as_one(mine):
    add_copy(mine, index(mine, "softmax") + 1, "softmax(torch.ones(2), 0)")
    rebuilt = submit(mine)

    assert at(rebuilt.notebook, "softmax").source == SOFTMAX
    assert order(rebuilt, "softmax", "a-copy", "check_softmax") == ["softmax", "a-copy", "check_softmax"]


def test_a_first_half_split_off_runs_first(mine):
    at(mine, "softmax").source = "scale = 1"
    add_copy(mine, index(mine, "softmax") + 1, SOFTMAX)
    rebuilt = submit(mine)

    assert order(rebuilt, *rebuilt.own, "softmax") == [*rebuilt.own, "softmax"]
    assert [at(rebuilt.notebook, id).source for id in (*rebuilt.own, "softmax")] == ["scale = 1", SOFTMAX]


def test_a_note_that_carries_the_answers_metadata_is_no_answer(mine):
    nb = read_notebook(nbformat.writes(mine).encode())
    note = new_markdown_cell(SOFTMAX + "\n# an older one", id="note", metadata=at(mine, "softmax").metadata)
    nb.cells.append(note)

    assert at(rebuild(RELEASE, nb).notebook, "softmax").source == SOFTMAX


@pytest.mark.parametrize("kind", [new_markdown_cell, new_raw_cell])
def test_an_answer_that_was_made_text_is_code_again(mine, kind):
    i = index(mine, "softmax")
    mine.cells[i] = kind(SOFTMAX, id="softmax", metadata=mine.cells[i].metadata)
    rebuilt = submit(mine)

    assert at(rebuilt.notebook, "softmax").cell_type == "code"
    assert changes(rebuilt) == ONLY_SOFTMAX
    assert rebuilt.warnings == (f"softmax: its cell was made a {mine.cells[i].cell_type} cell; it counts as code.",)


def test_an_answer_without_its_metadata_is_found_by_its_id(mine):
    at(mine, "softmax").metadata = {}
    rebuilt = submit(mine)

    assert changes(rebuilt) == ONLY_SOFTMAX
    assert same_as_release(rebuilt, "check_softmax")
    assert rebuilt.warnings == ("softmax: its cell has lost nbgrader's metadata.",)


def test_an_answer_whose_grade_id_was_changed_is_found_by_its_id(mine):
    at(mine, "softmax").metadata.nbgrader.grade_id = "gelu"
    rebuilt = submit(mine)

    assert changes(rebuilt) == ONLY_SOFTMAX
    assert rebuilt.warnings == ("softmax: its grading settings differ from the lesson's, which count.",)


@pytest.mark.parametrize("where", [0, 1000])
def test_an_answer_without_metadata_or_id_is_found_by_what_it_defines(mine, where):
    mine.cells.remove(at(mine, "softmax"))
    mine.cells.insert(where, new_code_cell(SOFTMAX, id="lost"))
    rebuilt = submit(mine)

    assert changes(rebuilt) == ONLY_SOFTMAX
    assert rebuilt.learners == {"softmax"}
    assert rebuilt.warnings == ("softmax: answered in a cell of the learner's own, which was put in its place.",)


def test_one_cell_with_two_answers_answers_both(mine):
    both = SOFTMAX + "\n\n\ndef gelu(x):\n    return x"
    at(mine, "softmax").source = WORDS["softmax"]
    mine.cells.append(new_code_cell(both, id="both"))

    assert changes(submit(mine)) == {"softmax": both, "gelu": both}


def test_an_answer_typed_above_the_check_is_found(mine):
    at(mine, "softmax").source = WORDS["softmax"]
    at(mine, "check_softmax").source = SOFTMAX + "\n\ncheck(softmax)"
    rebuilt = submit(mine)

    assert changes(rebuilt) == {"softmax": SOFTMAX + "\n\ncheck(softmax)"}
    assert same_as_release(rebuilt, "check_softmax")


def test_a_trial_of_the_same_name_does_not_replace_an_answer(mine):
    trial = "def softmax(x, dim):\n    return 0"
    mine.cells.append(new_code_cell(trial, id="trial"))
    rebuilt = submit(mine)

    assert changes(rebuilt) == {**ONLY_SOFTMAX, "trial": trial}
    assert order(rebuilt, "check_softmax", "trial") == ["check_softmax", "trial"]


def test_a_missing_answer_is_said_to_be_missing(mine):
    mine.cells.remove(at(mine, "softmax"))
    rebuilt = submit(mine)

    assert changes(rebuilt) == {}
    assert rebuilt.answered == ()
    assert rebuilt.warnings == ("softmax: its cell is missing; it stands as it was released.",)


def test_a_question_is_answered_also_where_its_metadata_is_lost(mine):
    answer = WORDS["why_dropout_scales"].replace("*Your answer here.*", "So that the sums agree.")
    at(mine, "why_dropout_scales").source = answer
    at(mine, "why_dropout_scales").update(id="lost", metadata={})

    assert changes(submit(mine)) == {**ONLY_SOFTMAX, "why_dropout_scales": answer}


def test_a_notebook_from_which_all_metadata_is_gone_has_one_warning(mine):
    for i, cell in enumerate(mine.cells):
        cell.update(id=f"new-{i}", metadata={"id": cell.id} if i % 2 else {})
    rebuilt = submit(mine)

    assert changes(rebuilt) == ONLY_SOFTMAX
    assert rebuilt.warnings[0] == "nbgrader's metadata is lost: cells were found by their ids, names and texts."
    assert len(rebuilt.warnings) <= 2


# --- order, own cells, edited cells -----------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_cells_in_another_order_come_back_in_the_lessons(mine, seed):
    random.Random(seed).shuffle(mine.cells)
    rebuilt = submit(mine)

    assert [cell.id for cell in rebuilt.notebook.cells] == [cell.id for cell in RELEASE.cells]
    assert changes(rebuilt) == ONLY_SOFTMAX


def test_own_cells_stay_among_their_neighbours(mine):
    for name, anchor, step in [("helper", "softmax", 0), ("test", "softmax", 1), ("scratch", "check_softmax", 1)]:
        mine.cells.insert(index(mine, anchor) + step, new_code_cell(f"# {name}", id=name))
    mine.cells.insert(0, new_markdown_cell("My notes", id="first"))
    mine.cells.append(new_code_cell("# the end", id="last"))
    rebuilt = submit(mine)

    assert [cell.id for cell in rebuilt.notebook.cells] == [cell.id for cell in mine.cells]
    assert rebuilt.own == ("first", "helper", "test", "scratch", "last")
    assert rebuilt.learners == {*rebuilt.own, "softmax"}
    assert rebuilt.warnings == ()


def test_a_helper_moves_along_with_an_answer_that_was_moved(mine):
    answer = at(mine, "softmax")
    mine.cells.remove(answer)
    mine.cells += [new_code_cell("# helper", id="helper"), answer, new_code_cell("# scratch", id="scratch")]
    rebuilt = submit(mine)

    assert order(rebuilt, "helper", "softmax", "check_softmax", "scratch") == [
        "helper",
        "softmax",
        "check_softmax",
        "scratch",
    ]


def test_deleted_imports_come_back_above_what_uses_them(mine):
    mine.cells = [cell for cell in mine.cells if cell.id in ("softmax", "check_softmax")]
    mine.cells.insert(0, new_code_cell("ones = torch.ones(2)", id="uses"))
    rebuilt = submit(mine)

    assert order(rebuilt, IMPORTS, "uses", "linear", "softmax") == [IMPORTS, "uses", "linear", "softmax"]
    assert same_as_release(rebuilt, IMPORTS)


def test_a_definition_below_a_stub_stays_above_a_check_that_comes_back(mine):
    mine.cells.remove(at(mine, "check_softmax"))
    mine.cells.insert(index(mine, "softmax") + 1, new_code_cell("softmax = wrapped(softmax)", id="wrapped"))

    assert order(submit(mine), "softmax", "wrapped", "check_softmax") == ["softmax", "wrapped", "check_softmax"]


def test_an_edited_plain_cell_replaces_the_lessons(mine):
    at(mine, IMPORTS).source += "\nimport itertools"
    rebuilt = submit(mine)

    assert changes(rebuilt) == {**ONLY_SOFTMAX, IMPORTS: WORDS[IMPORTS] + "\nimport itertools"}
    assert rebuilt.edited == (IMPORTS,)
    assert rebuilt.learners == {IMPORTS, "softmax"}


def test_white_space_at_line_ends_is_no_edit(mine):
    for cell in mine.cells:
        cell.source = cell.source.replace("\n", " \r\n") + "\n"

    assert submit(mine).edited == ()


def test_an_untouched_demo_stays_a_demo_and_an_edited_one_runs(mine):
    untouched = submit(mine)
    at(mine, DEMO).source += "\nhelper = 1"
    edited = submit(mine)

    assert same_as_release(untouched, DEMO)
    assert "tags" not in at(edited.notebook, DEMO).metadata
    assert edited.edited == (DEMO,)


def test_a_demo_tag_on_an_answer_or_a_check_or_an_untouched_cell_is_gone(mine):
    for name in ("softmax", "check_softmax", IMPORTS):
        at(mine, name).metadata["tags"] = ["demo"]
    rebuilt = submit(mine)

    assert all("tags" not in at(rebuilt.notebook, name).metadata for name in ("softmax", "check_softmax", IMPORTS))


def test_an_own_cell_has_no_metadata_no_outputs_and_no_attachments(mine):
    marks = {"grade_id": "mine", "grade": True, "solution": False, "locked": True, "points": 50, "schema_version": 3}
    own = new_code_cell("x = 1", id="own", metadata={"tags": ["demo", "raises-exception"], "nbgrader": marks})
    own.outputs = [nbformat.v4.new_output("stream", text="passed")]
    note = new_markdown_cell("![a](attachment:a)", id="note", attachments={"a": {"text/plain": "a"}})
    mine.cells += [own, note]
    rebuilt = rebuild(RELEASE, mine, LESSON)

    assert at(rebuilt.notebook, "own") == new_code_cell("x = 1", id="own")
    assert at(rebuilt.notebook, "note") == new_markdown_cell("![a](attachment:a)", id="note")
    assert (rebuilt.own, rebuilt.homeless) == (("own", "note"), ())


def test_a_plain_cell_made_text_with_other_words_is_a_note_beside_it(mine):
    i = index(mine, DEMO)
    mine.cells[i] = new_markdown_cell("I did not run this.", id=DEMO)
    rebuilt = submit(mine)

    assert same_as_release(rebuilt, DEMO)
    assert [at(rebuilt.notebook, id).source for id in rebuilt.own] == ["I did not run this."]


def test_own_cells_are_limited_in_number(mine, monkeypatch):
    monkeypatch.setattr(module, "MAX_OWN", 3)
    mine.cells += [new_code_cell(f"# {i}", id=f"own{i}") for i in range(5)]
    rebuilt = submit(mine)

    assert rebuilt.own == ("own0", "own1", "own2")
    assert rebuilt.warnings == ("5 cells of the learner's own: the first 3 are kept.",)


# --- an older release --------------------------------------------------------------------------------------------


def older():
    """A release in which nothing is as it is now, and a learner's work on it."""
    release = copy.deepcopy(RELEASE)
    plain = new_markdown_cell("An old text.", id=cell_id(LESSON, "An old text."))
    definition = new_code_cell("def embedding(): ...", id=cell_id(LESSON, "def embedding(): ..."))
    edited = new_code_cell("old = 1  # edited", id=cell_id(LESSON, "old = 1"))
    gone = copy.deepcopy(at(RELEASE, "gelu"))
    gone.update(id="swish", source="def swish(x):\n    return x * x.sigmoid()")
    gone.metadata.nbgrader.grade_id = "swish"
    check = copy.deepcopy(at(RELEASE, "check_gelu"))
    check.update(id="check_swish", source="check(swish)")
    check.metadata.nbgrader.grade_id = "check_swish"
    i = index(release, "linear")
    release.cells[i:i] = [plain, definition, edited, gone, check]
    for name in ("embedding", "check_embedding"):
        release.cells.remove(at(release, name))
    at(release, "softmax").source = SOFTMAX
    return release


def test_work_on_an_older_release_moves_into_the_newer():
    rebuilt = submit(older())
    swish = "def swish(x):\n    return x * x.sigmoid()"

    assert list(changes(rebuilt).values()) == ["old = 1  # edited", swish, SOFTMAX]
    assert (rebuilt.answered, rebuilt.homeless) == (("softmax",), ("swish",))
    assert rebuilt.own == (cell_id(LESSON, "old = 1"), "swish")
    assert rebuilt.warnings == (
        "embedding: its cell is missing; it stands as it was released.",
        "check_embedding: deleted; the lesson's own stands in its place.",
        "swish: the lesson does not ask for it; kept as a cell of the learner's own.",
    )


def test_an_older_stub_is_no_answer(mine):
    newer = copy.deepcopy(RELEASE)
    at(newer, "gelu").source = f"def gelu(x):\n    '''Newer words.'''\n    {STUB}"
    rebuilt = rebuild(newer, mine, LESSON)

    assert at(rebuilt.notebook, "gelu").source == at(newer, "gelu").source
    assert rebuilt.answered == ("softmax",)


def test_a_stub_of_an_exercise_that_has_gone_goes_too(mine):
    newer = copy.deepcopy(RELEASE)
    newer.cells = [cell for cell in newer.cells if cell.id not in ("gelu", "check_gelu")]
    rebuilt = rebuild(newer, mine, LESSON)

    assert [cell.id for cell in rebuilt.notebook.cells] == [cell.id for cell in newer.cells]
    assert (rebuilt.own, rebuilt.homeless) == ((), ())


def test_what_a_learner_calls_an_exercise_is_not_printed():
    evil = copy.deepcopy(older())
    at(evil, "swish").metadata.nbgrader.grade_id = "<script>\x1b[31m"

    assert submit(evil).warnings[-1] == (
        "An answer: the lesson does not ask for it; kept as a cell of the learner's own."
    )


def test_an_answer_to_what_was_withdrawn_is_worth_no_warning(mine):
    at(mine, "gelu").source = "def gelu(x):\n    return x"
    newer = notebook("lessons")
    newer.cells = [cell for cell in newer.cells if cell.id not in ("gelu", "check_gelu")]
    rebuilt = rebuild(newer, mine, LESSON, ("gelu",))

    assert (rebuilt.homeless, rebuilt.warnings) == (("gelu",), ())


def test_points_that_the_lesson_changed_since_are_nobodys_doing(mine):
    at(mine, "why_dropout_scales").source = "Because the mean stays as it was."
    newer = notebook("lessons")
    for name in ("why_dropout_scales", "check_softmax", "check_gelu"):
        cell = at(newer, name)
        cell.metadata.nbgrader.points = 2
        cell.metadata.nbgrader.checksum = compute_checksum(cell)
    rebuilt = rebuild(newer, mine, LESSON)

    assert rebuilt.warnings == ()
    assert at(rebuilt.notebook, "check_gelu") == at(newer, "check_gelu")
    assert at(rebuilt.notebook, "why_dropout_scales").metadata == at(newer, "why_dropout_scales").metadata


# --- written answers --------------------------------------------------------------------------------------------

QUESTION = "why_dropout_scales"
PROSE = "Because the mean of what the next layer receives stays as it was."


def below_the_question(nb, *cells):
    nb.cells[index(nb, QUESTION) + 1 : index(nb, QUESTION) + 1] = cells
    return submit(nb)


@pytest.mark.parametrize(
    "cell",
    [
        new_markdown_cell(PROSE, id="own"),
        new_raw_cell(PROSE, id="own"),
        new_code_cell(PROSE, id="own"),
        new_code_cell(f"# {PROSE}", id="own"),
        new_code_cell(f'"""{PROSE}"""', id="own"),
    ],
)
def test_an_answer_in_a_new_cell_below_the_question_is_the_answer(mine, cell):
    rebuilt = below_the_question(mine, cell)

    assert at(rebuilt.notebook, QUESTION).source == f"{WORDS[QUESTION]}\n\n{cell.source}"
    assert rebuilt.warnings == (f"{QUESTION}: answered in a new cell below it, which was put in its place.",)
    assert rebuilt.answered == ("softmax", QUESTION)
    assert "own" not in [each.id for each in rebuilt.notebook.cells]
    assert QUESTION in rebuilt.learners


def test_several_cells_below_the_question_are_one_answer_with_its_pictures(mine):
    first = new_markdown_cell("![a](attachment:a.png)", id="one", attachments={"a.png": {"image/png": PNG}})
    rebuilt = below_the_question(mine, first, new_code_cell("x = 1", id="two"), new_markdown_cell(PROSE, id="three"))
    answer = at(rebuilt.notebook, QUESTION)

    assert answer.source == f"{WORDS[QUESTION]}\n\n![a](attachment:a.png)\n\n{PROSE}"
    assert answer.attachments == {"a.png": {"image/png": PNG}}
    assert rebuilt.own == ("two",)


def test_pictures_of_the_same_name_are_not_mixed_up(mine):
    def drawn(cell_id, data):
        source = "![image](attachment:image.png)"
        return new_markdown_cell(source, id=cell_id, attachments={"image.png": {"image/png": data}})

    rebuilt = below_the_question(mine, drawn("one", PNG), drawn("two", OTHER_PNG))

    assert at(rebuilt.notebook, QUESTION).attachments == {"image.png": {"image/png": PNG}}
    assert at(rebuilt.notebook, "two").attachments == {"image.png": {"image/png": OTHER_PNG}}


def test_a_question_that_was_deleted_is_answered_by_the_text_in_its_place(mine):
    mine.cells[index(mine, QUESTION)] = new_markdown_cell(PROSE, id="own")

    assert at(submit(mine).notebook, QUESTION).source.endswith(PROSE)


def test_code_below_a_question_and_notes_below_an_answer_are_no_answer(mine):
    rebuilt = below_the_question(mine, new_code_cell("x = torch.ones(3)\nx.sum()", id="own"))
    assert (rebuilt.own, rebuilt.answered) == (("own",), ("softmax",))

    at(mine, QUESTION).source += " So."
    rebuilt = below_the_question(mine, new_markdown_cell(PROSE, id="note"))
    assert rebuilt.own == ("note", "own")
    assert at(rebuilt.notebook, QUESTION).source == f"{WORDS[QUESTION]} So."


def test_a_picture_pasted_into_an_answer_stays_with_it_and_what_is_no_picture_does_not(mine):
    answer = at(mine, QUESTION)
    answer.source += " ![image.png](attachment:1-2.png)"
    answer.attachments = {"1-2.png": {"image/png": PNG}, "x.svg": {"image/svg+xml": "PHN2Zz4="}}
    edited = mine.cells[0]
    edited.source += "\n\n![b](attachment:b.png)"
    edited.attachments = {"b.png": {"image/png": PNG}, "c.png": {"image/png": "PHN2Zz4=", "text/html": "<b>"}}
    rebuilt = submit(mine)

    assert at(rebuilt.notebook, QUESTION).attachments == {"1-2.png": {"image/png": PNG}}
    assert rebuilt.notebook.cells[0].attachments == {"b.png": {"image/png": PNG}}
