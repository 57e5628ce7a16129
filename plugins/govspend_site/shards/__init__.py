"""The lines of an edition that keeps them in several files, read as if they were in one."""
