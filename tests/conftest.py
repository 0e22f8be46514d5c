"""What several test modules share."""

pytest_plugins = ["site_fixtures"]
