"""The API at /api/v1/: what it offers, what it is asked, and what it answers."""
