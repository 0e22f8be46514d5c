"""Sphinx configuration of the web book; `python -m book site` builds it in `_build/site/`."""

import matplotlib.font_manager  # noqa: F401 - builds the font cache now, not inside a chapter

from book import outputs

project = "Neural Networks, Derived"
author = "the authors of Neural Networks, Derived"
language = "en"

extensions = [
    "myst_nb",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_togglebutton",
    "sphinxcontrib.bibtex",
    "book.extensions.admonitions",
    "book.extensions.chapter_map",
    "book.extensions.benchmarks",
    "book.extensions.chapters",
    "book.extensions.citations",
    "book.extensions.claims",
    "book.extensions.exercises",
    "book.extensions.finish",
    "book.extensions.katex",
    "book.extensions.launch",
    "book.extensions.numbers",
    "book.extensions.paper",
    "book.extensions.stylesheet",
    "book.extensions.vendor",
    "book.extensions.verified",
]
include_patterns = ["*.md"]

# Text.
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
bibtex_bibfiles = ["references.bib"]
bibtex_default_style = "plain"
bibtex_reference_style = "round_author_year"

# Notebooks: run when the site is built; outputs are kept by what the cells say.
nb_execution_mode = "cache"
nb_execution_cache_path = str(outputs.CACHE)
nb_execution_timeout = outputs.SECONDS
nb_execution_show_tb = True
nb_merge_streams = True
nb_output_stderr = "remove-warn"  # a page shows no warnings, and a chapter should give none
nb_ipywidgets_js = {"figures.js": {"defer": "defer"}}

# Pages. Nothing in them comes from another server.
html_theme = "sphinx_book_theme"
html_title = project
html_favicon = "_static/favicon.svg"
html_static_path = ["_static"]
templates_path = ["_templates"]
html_css_files = ["book.css"]
html_js_files = [("page.js", {"defer": "defer"})]
html_math_renderer = "katex"
html_copy_source = False
html_show_sourcelink = False
html_use_index = False
html_domain_indices = False
html_context = {"default_mode": "auto"}
html_theme_options = {
    "use_download_button": False,
    "use_fullscreen_button": False,
    "navbar_persistent": [],  # else an empty bar takes the menu buttons away from the article's
    "article_header_end": ["launch.html", "article-header-buttons.html"],
    "show_toc_level": 2,
    "home_page_in_toc": False,
    "footer_content_items": ["extra-footer.html"],
    "extra_footer": "Code under BSD-3-Clause, text and figures under CC-BY-4.0.",
}
copybutton_selector = "div.cell_input div.highlight pre, .copyable div.highlight pre"
