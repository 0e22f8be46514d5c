"""`python -m precision`: measure what can be measured here, and write it into the ledger."""

import sys

from precision.ledger import main

if __name__ == "__main__":
    sys.exit(main())
