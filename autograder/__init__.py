"""What an answer must satisfy, how it is diagnosed, and how a class is graded."""

import solutions as _solutions  # noqa: F401  first: it sets one BLAS thread before NumPy loads
from autograder import own as _own
from autograder.notebook import check, grade, hint, solution, use_my_own
from autograder.verify import verify

__all__ = ["check", "grade", "hint", "solution", "use_my_own", "verify"]

_own.attend()
