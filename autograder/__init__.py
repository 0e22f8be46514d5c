"""What an answer must satisfy, how it is diagnosed, and how a class is graded."""

import solutions as _solutions  # noqa: F401  first: it sets one BLAS thread before NumPy loads
from autograder.notebook import check, grade, hint, solution
from autograder.verify import verify

__all__ = ["check", "grade", "hint", "solution", "verify"]
