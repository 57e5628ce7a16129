"""Breakdowns of spend in pounds: lines, sum and SME share of each value, and of all lines shown.

`?_facet_pounds=COLUMN` asks for one more; those of metadata.yml and of `?_facet=` have them too.
"""

from typing import Any

from datasette import hookimpl
from govspend_site.pound_facet import PoundFacet


@hookimpl
def register_facet_classes() -> list[Any]:
    return [PoundFacet]
