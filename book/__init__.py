"""The manuscript, its figures, its data, and the weaver that turns them into notebooks and pages."""
