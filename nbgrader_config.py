"""How nbgrader sees this book; it reads this file when it is started in the project's folder.

A course lives in the folder that the variable NND_COURSE names, by default _build/course, which
`make course` fills with a simulated class.  Its assignments are the book's chapters.
"""

import os

course = os.environ.get("NND_COURSE", "_build/course")

c = get_config()  # noqa: F821  traitlets puts it here
c.CourseDirectory.course_id = "nnd"
c.CourseDirectory.root = os.getcwd()
c.CourseDirectory.source_directory = "solutions/notebooks"
c.CourseDirectory.release_directory = f"{course}/release"
c.CourseDirectory.submitted_directory = f"{course}/submitted"
c.CourseDirectory.autograded_directory = f"{course}/autograded"
c.CourseDirectory.feedback_directory = f"{course}/feedback"
c.CourseDirectory.solution_directory = f"{course}/solution"
c.Exchange.root = f"{os.path.abspath(course)}/exchange"  # on one machine; a hub has its own
c.CourseDirectory.db_url = f"sqlite:///{os.path.abspath(course)}/gradebook.db"
c.ClearSolutions.code_stub = {"python": "raise NotImplementedError  # your code here"}

# Grading: the student's code runs in a sandbox, and the verdict is made outside it.  Nothing of a
# submission but its notebook and the exchange's two small files is read, and nothing is copied: to
# ignore the assignment's folder keeps nbgrader from copying what a link in it points to.
c.CourseDirectory.ignore = [
    ".ipynb_checkpoints",
    "*.pyc",
    "__pycache__",
    "feedback",
    "[0-9][0-9]_*",
]
c.Autograde.pre_convert_hook = "autograder.grading.preprocess.clear_way"
c.Autograde.exporter_class = "autograder.grading.preprocess.Unread"
c.Autograde.sanitize_preprocessors = []
c.Autograde.autograde_preprocessors = [
    "autograder.grading.preprocess.Judged",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.ExchangeFactory.collect = "autograder.grading.collect.Collect"

# Feedback: a page of our own, made anew whenever it is asked for.
c.GenerateFeedback.exporter_class = "autograder.grading.feedback.FeedbackExporter"
c.GenerateFeedback.force = True
