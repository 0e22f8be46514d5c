"""Grade a class: student code runs in a sandbox, and the verdict is made outside it."""
