"""SQL functions for who asks in SQL."""

from __future__ import annotations

import sqlite3


def register(connection: sqlite3.Connection) -> None:
    """Adds the functions to a connection."""
