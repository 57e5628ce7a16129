"""What can stop a step, each with the exit code that `python -m ingest` gives for it."""


class IngestError(Exception):
    """A broken promise. The message names the file, line, field and value, and what is allowed."""

    exit_code = 1


class DeclarationError(IngestError):
    """feeds.yml says something that is not allowed."""

    exit_code = 2


class ReadError(IngestError):
    """The bytes are not a table of text: a workbook, a web page, an empty file."""


class HeadingError(IngestError):
    """A required column cannot be found under any of its declared names."""


class FetchError(IngestError):
    """A source could not be had, or what came is not what was declared."""


class AuditError(IngestError):
    """A proof does not hold: what was published is not what was loaded."""


class NothingToPublish(IngestError):
    """No release could be taken, so there is no edition to build."""
