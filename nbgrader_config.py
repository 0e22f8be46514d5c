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
c.Execute.timeout = 120  # seconds a cell may take
c.Execute.extra_arguments = ["--log-level=ERROR"]  # else every kernel warns of its TCP port
