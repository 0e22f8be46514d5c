"""Reference answers: a typed NumPy library, one module a chapter."""

import os

# Two BLAS threads on two cores make alternating NumPy and torch calls up to 200 times slower;
# the number is read when NumPy is first imported, so this must come before it.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
