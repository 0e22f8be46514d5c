"""Small Sphinx extensions: what the site does beyond Sphinx, MyST-NB and the theme."""
