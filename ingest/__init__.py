"""From published spend files to a proven SQLite database, one module a step."""
