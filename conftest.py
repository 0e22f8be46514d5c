"""Every test runs with one BLAS thread; NumPy reads the number when it is first imported."""

import solutions  # noqa: F401
