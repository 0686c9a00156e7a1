"""The built site: no link leads nowhere, every picture says what it shows. Run by `make site`."""

from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest

from tests.support import ROOT

SITE = ROOT / "site"
PAGES = sorted(SITE.rglob("*.html"))


class Page(HTMLParser):
    """The links, anchors and pictures of a page.

    Attributes:
        links: every href and src
        ids: every anchor that a link can lead to
        silent: the pictures without a text alternative
    """

    def __init__(self, path):
        super().__init__()
        self.links, self.ids, self.silent = [], set(), []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids.update(attributes[key] for key in ("id", "name") if attributes.get(key))
        self.links += [attributes[key] for key in ("href", "src") if attributes.get(key)]
        if tag == "img" and not attributes.get("alt"):
            self.silent.append(attributes.get("src"))


PARSED = {path: Page(path) for path in PAGES}


def test_every_lesson_has_a_page():
    lessons = [path.stem for path in (SITE.parent / "lessons").glob("*/*.ipynb")]

    assert lessons
    assert {path.stem for path in PAGES} >= {"index", *lessons}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(SITE)))
def test_no_local_link_is_broken(path):
    assert [link for link in PARSED[path].links if _broken(path, link)] == []


def _broken(page, link):
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return False
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if target in PARSED and parts.fragment:
        return unquote(parts.fragment) not in PARSED[target].ids
    return not target.is_file()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(SITE)))
def test_every_picture_has_a_text_alternative(path):
    assert PARSED[path].silent == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(SITE)))
def test_nothing_is_fetched_from_elsewhere(path):
    fetched = [link for link in PARSED[path].links if urlsplit(link).netloc and link.endswith((".js", ".css"))]

    assert fetched == []
