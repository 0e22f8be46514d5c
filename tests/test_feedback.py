"""The page that goes back says what helps; nothing a student wrote acts on it or in the formgrader."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from bs4 import BeautifulSoup
from classes import (  # noqa: F401
    ASKED,
    NAME,
    SLUG,
    Class,
    answered,
    cell_of,
    environment_put_back,
    generated,
    make_class,
    pupils,
    reported,
    solved,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from injections import BITES, INJECTIONS
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.markdown_mistune import markdown2html_mistune
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.server_extensions.formgrader import handlers
from playwright.sync_api import Browser, Page

from autograder.grading import inert
from autograder.grading.graded import graded_notebook
from autograder.grading.model import Result

TAGS = re.compile(
    "p|h[1-6]|a|em|strong|del|code|pre|span|div|ul|ol|li|blockquote|hr|br|table|thead|tbody|tr|th|td"
    "|dl|dt|dd|input"
)
ATTRIBUTES = {"class", "id", "href", "style", "type", "disabled", "checked", "start"}


# -- the page ------------------------------------------------------------------------------------


def test_the_page_says_what_helps(pupils: Class) -> None:
    submission = pupils.submit("s", answered(pupils.released(), "return 'mine'"))
    with pupils.recorder() as recorder:
        recorder.record(submission, reported(submission, 2.0, 0.5, 0.0))
    with pupils.gradebook() as gradebook:
        grade = gradebook.find_grade("check-tanh-backward", SLUG, NAME, "s")
        grade.manual_score, grade.needs_manual_grade = 0.75, False
        gradebook.find_comment("tanh-backward", SLUG, NAME, "s").manual_comment = "Come by & ask."
        gradebook.db.commit()
    text = pupils.feedback("s")
    page = BeautifulSoup(text, "html.parser")
    assert page.title.string == f"{NAME}: 3.25 of 5 points"
    assert page.h1.string == NAME and "3.25 of 5 points" in page.main.get_text()
    rows = [[cell.get_text() for cell in row.select("td")] for row in page.select("tbody tr")]
    assert rows == [
        ["sigmoid", "right", "2 of 2"],
        ["sigmoid_backward", "one over N forgotten", "0.5 of 2"],
        ["tanh_backward", "one over N forgotten", "0.75 of 1"],
    ]
    right, partly, changed = page.select("section")
    assert "Divide by len(Y)." in partly.get_text() and "<code>len(Y)</code>" in str(partly)
    assert "return 'mine'" in partly.pre.get_text() and partly.pre.select("span.k")
    assert "set by your instructor" in changed.get_text() and "Come by & ask." in changed.get_text()
    assert "set by your instructor" not in right.get_text() + partly.get_text()
    assert "HIDDEN" not in text and "SOLUTION" not in text and "check(" not in text


def test_an_answer_that_is_missing_is_said_once(pupils: Class) -> None:
    submission = pupils.submit("s")
    with pupils.recorder() as recorder:
        recorder.record(submission, reported(submission, 0.0, 0.0, 0.0))
    assert "No response." not in pupils.feedback("s")


def test_lateness_is_told(pupils: Class) -> None:
    pupils.course.config.LateSubmissionPlugin.penalty_method = "zero"
    with pupils.gradebook() as gradebook:
        gradebook.update_or_create_assignment(NAME, duedate="2026-10-01 00:00:00 UTC")
    submission = pupils.submit("s", timestamp="2026-12-01 12:00:00 UTC")
    with pupils.recorder() as recorder:
        recorder.record(submission, reported(submission))
    page = pupils.feedback("s")
    assert "5 points were taken off because it was handed in late." in page
    assert f"<title>{NAME}: 0 of 5 points</title>" in page


def test_feedback_is_made_anew(pupils: Class) -> None:
    """Without --force, too: an old page would tell an old score."""
    submission = pupils.submit("s")
    for scores, total in (((2.0, 2.0, 1.0), "5 of 5"), ((0.0, 2.0, 1.0), "3 of 5")):
        with pupils.recorder() as recorder:
            recorder.record(submission, reported(submission, *scores))
        assert pupils.course.api.generate_feedback(NAME, "s", force=True)["success"]
        assert total in (pupils.place("feedback", "s") / f"{SLUG}.html").read_text("utf-8")
    assert pupils.course.config.GenerateFeedback.force is True


def hostile(notebook: NotebookNode) -> NotebookNode:
    """Write every injection wherever a student can write."""
    for cell, (name, text) in zip(
        (cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("solution")),
        INJECTIONS.items(),
        strict=False,
    ):
        cell.source += f"\n    # {name}\n    raise ValueError({text!r})\n" + "\n".join(
            f"# {line}" for one in INJECTIONS.values() for line in one.splitlines()
        )
        cell.id = f"x{name[:3]}"
        cell.metadata["tags"] = [f'"><img src=x onerror=alert(1)>{name}']
        cell.metadata["name"] = '"><img src=x onerror=alert(1)>'
    notebook.cells += [new_markdown_cell(text) for text in INJECTIONS.values()]
    notebook.cells += [new_code_cell(text) for text in INJECTIONS.values()]
    notebook.metadata["title"] = "</title><script>alert(1)</script>"
    notebook.metadata["language_info"] = {"name": '"><img src=x onerror=alert(1)>'}
    return notebook


def hostile_report(submission):
    """A report whose words are the injections, as if an exception's message had come through."""
    words = " ".join(INJECTIONS.values())
    results = tuple(
        Result(name, points, 0.0, False, words, words)
        for name, points in zip(ASKED, (2.0, 2.0, 1.0), strict=True)
    )
    return replace(reported(submission), results=results)


def test_the_page_has_nothing_active(pupils: Class) -> None:
    submission = pupils.submit("s", hostile(pupils.released()))
    with pupils.recorder() as recorder:
        recorder.record(submission, hostile_report(submission))
    page = BeautifulSoup(pupils.feedback("s"), "html.parser")
    policy = page.find("meta", {"http-equiv": "Content-Security-Policy"})["content"]
    assert policy.startswith("default-src 'none'") and "script-src" not in policy
    assert not page.select("script, iframe, object, embed, base, form, svg, math, img, link, input")
    assert len(page.select("meta[http-equiv]")) == len(page.select("style")) == 1
    for tag in page.find_all(True):
        assert not [name for name in tag.attrs if name.startswith("on")], tag
        assert tag.name != "a" or re.fullmatch(r"#exercise-\d+", tag["href"]), tag
        assert not {"src", "style", "srcdoc", "formaction"} & tag.attrs.keys(), tag
    assert not re.search(r"@import|url\(", page.style.string)


# -- in a browser --------------------------------------------------------------------------------


@contextmanager
def watched(browser: Browser, html: str) -> Iterator[tuple[Page, list[str]]]:
    """Open a page; collect what it does that a page should not do.  It has no network."""
    context = browser.new_context()
    page, done = context.new_page(), list[str]()

    def serve(route) -> None:
        url = route.request.url
        if "evil" in url or url.endswith("bait"):
            done.append(url)
        if url == "http://grader.test/":
            route.fulfill(body=html, content_type="text/html; charset=utf-8")
        else:
            route.abort()

    def answer(dialog) -> None:
        done.append(dialog.message)
        dialog.dismiss()

    page.route("**/*", serve)
    page.on("dialog", answer)
    page.on("popup", lambda popup: done.append(popup.url))
    page.goto("http://grader.test/", wait_until="load")
    yield page, done
    context.close()


def acts(browser: Browser, html: str) -> list[str]:
    """Return what a page does when it is opened and everything in its cells is clicked."""
    with watched(browser, html) as (page, done):
        page.wait_for_timeout(150)
        if not done:
            page.evaluate(
                "document.querySelectorAll('#notebook a:not([href^=http]), #notebook .bait, main a')"
                ".forEach(one => one.click())"
            )
            page.wait_for_timeout(150)
    return done


def formgrader(notebook: NotebookNode) -> str:
    """Return the formgrader's page, made as its handler makes it."""
    exporter = HTMLExporter(
        template_name="formgrade", extra_template_basedirs=[handlers.template_path]
    )
    resources = {"base_url": "", "index": 0, "total": 1, "notebook_id": SLUG}
    return exporter.from_notebook_node(notebook, resources=resources)[0]


def test_the_injections_bite_where_nothing_is_done_against_them(browser: Browser) -> None:
    """Else the tests below would prove nothing."""
    dull = [
        name
        for name, text in BITES.items()
        if not acts(browser, formgrader(new_notebook(cells=[new_markdown_cell(text)])))
    ]
    assert not dull


def test_the_formgrader_runs_nothing(pupils: Class, browser: Browser) -> None:
    submission = pupils.submit("s", hostile(pupils.released()))
    made = graded_notebook(submission, pupils.assignment, hostile_report(submission))
    html = formgrader(made)
    assert acts(browser, html) == []
    with watched(browser, html) as (page, _):
        assert page.locator("#notebook .text_cell_render").count() > len(INJECTIONS)
        assert "alert(1)" in page.locator("#notebook").first.inner_text()  # shown, and not run


def test_the_feedback_runs_nothing(pupils: Class, browser: Browser) -> None:
    submission = pupils.submit("s", hostile(pupils.released()))
    with pupils.recorder() as recorder:
        recorder.record(submission, hostile_report(submission))
    html = pupils.feedback("s")
    open_door = re.sub(r"<meta[^>]*Content-Security-Policy[^>]*>", "", html)
    assert open_door != html
    assert acts(browser, html) == acts(browser, open_door) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1000])
def test_the_page_fits_and_is_readable(
    pupils: Class, browser: Browser, width: int, scheme: str
) -> None:
    submission = pupils.submit("s", answered(pupils.released(), "return " + "'long' + " * 40))
    with pupils.recorder() as recorder:
        recorder.record(submission, reported(submission, 2.0, 0.5, 0.0))
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, java_script_enabled=True
    )
    page = context.new_page()
    page.set_content(pupils.feedback("s"))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    colours = page.evaluate(CONTRAST)
    context.close()
    assert len(colours) > 20
    assert min(colours) >= 4.5


CONTRAST = """() => {
  const numbers = text => text.match(/[\\d.]+/g).map(Number);
  const light = rgb => rgb.slice(0, 3).map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = element => {
    for (let one = element; one; one = one.parentElement) {
      const colour = numbers(getComputedStyle(one).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll("main *")]
    .filter(one => [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim()))
    .map(one => {
      const [a, b] = [numbers(getComputedStyle(one).color), behind(one)].map(light);
      return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    });
}"""


# -- Markdown ------------------------------------------------------------------------------------

PIECES = [
    *(
        "<",
        ">",
        "</",
        "<!--",
        "-->",
        "&",
        "&lt;",
        "&#60;",
        ";",
        '"',
        "'",
        "`",
        "```",
        "~~~",
        "$",
        "$$",
    ),
    *(
        "\\",
        "\\[",
        "\\(",
        "[",
        "]",
        "(",
        ")",
        "![",
        "](",
        "]:",
        ":",
        "#",
        "|",
        "\n",
        "\n\n",
        "    ",
    ),
    *(
        "script",
        "img",
        "svg",
        " onerror=alert(1)",
        " src=x",
        "javascript:",
        "data:",
        "http://a.test",
    ),
    *(
        "\\begin{a}",
        "\\end{a}",
        "\\href{",
        "*",
        "_",
        "~~",
        "-",
        "1. ",
        "> ",
        "mermaid",
        "\x00",
        "a",
    ),
]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join) | st.text(max_size=60))
def test_inert_markdown_renders_to_nothing_that_acts(text: str) -> None:
    page = BeautifulSoup(markdown2html_mistune(inert.markdown(text)), "html.parser")
    for tag in page.find_all(True):
        assert TAGS.fullmatch(tag.name), tag
        assert tag.attrs.keys() <= ATTRIBUTES, tag
        assert tag.name != "input" or tag["type"] == "checkbox", tag
        assert re.fullmatch(r"text-align:\w+", tag.get("style", "text-align:left")), tag
        assert re.match(r"#|https?://", tag.get("href", "#")), tag
    assert not re.search(r"\\(href|require|unicode|def)(?![A-Za-z])", page.get_text())


@pytest.mark.parametrize("name", INJECTIONS)
def test_every_injection_is_inert(name: str) -> None:
    test_inert_markdown_renders_to_nothing_that_acts.hypothesis.inner_test(INJECTIONS[name])


@pytest.mark.parametrize(
    "text",
    [
        "x < y and y > 3, a & b",
        "$\\frac{a}{b} \\le \\sqrt{2}$ and **bold**, `code`",
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "see https://example.org/page",
        "# Title\n\n- one\n- two\n\n> said",
    ],
)
def test_ordinary_markdown_stays_as_it_is(text: str) -> None:
    assert inert.markdown(text) == text


def test_what_turns_the_reading_direction_is_spelled_out() -> None:
    assert inert.visible("a\u202eb\x1b[31m\x00\r\nπ²\t\U0001f600") == (
        "a\\u202eb\\x1b[31m\\x00\nπ²\t\U0001f600"
    )


@pytest.mark.parametrize(
    "piece", ["[", "*a **b ", "> ", "- ", "`", "$a", "<a", "\\begin{a}", "![["]
)
def test_the_longest_text_that_is_shown_is_shown_soon(piece: str) -> None:
    """A page must not take minutes; the bound is generous, for a busy machine."""
    began = time.process_time()
    markdown2html_mistune(inert.markdown((piece * 10_000)[:10_000]))
    assert time.process_time() - began < 20
