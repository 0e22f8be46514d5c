r"""Make a student's text harmless to show, whatever page it ends up in.

The formgrader renders Markdown with its HTML as it stands, beside a session that may change every
grade.  So nothing that Markdown, HTML or MathJax would act on is left in the text: a space breaks
it where it begins.  `x < y` and `\frac` stay as they are; `<b>` becomes `< b>`, in code too.
"""

import re
import unicodedata

MACROS = (
    "href|url|require|unicode|class|cssId|style|data|bbox|html\\w*|mmlToken|toolTip|texttip|tooltip|"
    "action|includegraphics|def|gdef|edef|xdef|let|futurelet|global|newcommand|renewcommand|"
    "providecommand|newenvironment|renewenvironment|DeclareMathOperator|csname|begingroup|Verb"
)
BEGINS = re.compile(
    r"<(?=[A-Za-z/!?%])"  # a tag, a comment, an address in brackets
    r"|&(?=[#A-Za-z])"  # an entity, which could spell any of these
    r"|!(?=\[)"  # an image
    r"|\](?=[(\[:])"  # a link, and the definition of one
    rf"|\\(?=(?:{MACROS})(?![A-Za-z]))"  # what MathJax could be made to do besides setting formulas
)
INVISIBLE = {
    "Cc",
    "Cf",
    "Cs",
    "Co",
    "Cn",
    "Zl",
    "Zp",
}  # Unicode's control, direction and no letters


def visible(text: str) -> str:
    """Return the text with everything spelled out that has no picture of its own.

    A character that turns the reading direction, say, could make code look like other code.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return "".join(
        one
        if one in "\n\t" or unicodedata.category(one) not in INVISIBLE
        else one.encode("unicode_escape", "surrogatepass").decode()
        for one in text
    )


def markdown(text: str) -> str:
    """Return Markdown that renders to text, formulas, lists and tables, and to nothing that acts."""
    return BEGINS.sub(lambda begin: begin[0] + " ", visible(text))


def unseen(line: str) -> str:
    """Return a line without the blanks at its end, and with no run of more than 80 before that."""
    return re.sub(r"[^\S\n]{81,}", " " * 80, line.rstrip())


def shortened(text: str, most: int) -> str:
    """Return the text, cut with a note if it is longer than anyone reads."""
    if len(text) <= most:
        return text
    return f"{text[:most]}\n# … {len(text) - most} more characters are only in the submission"
