"""Headers that make a browser refuse what no page of ours does."""

from __future__ import annotations

from typing import Any

from govspend_site.queries import DATABASE

_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    # What somebody searched for here is not told to the sites that we link to.
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
)
_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    # Drawings position their parts by style attributes.
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
# Datasette's editor and map have scripts within the page, and its ad-hoc charts compile theirs.
_WITH_ROWS = {"script-src": "'self' 'unsafe-inline' 'unsafe-eval'"}
_EMBEDDED = {"frame-ancestors": "*"}


def policy(path: str) -> str:
    """The Content-Security-Policy of the page at `path`."""
    first = path.strip("/").partition("/")[0].partition(".")[0]
    changed: dict[str, str] = {}
    if first in (DATABASE, "-"):
        changed = _WITH_ROWS
    elif first == "proof" and path.endswith("/embed"):
        changed = _EMBEDDED
    return "; ".join(f"{name} {value}" for name, value in {**_POLICY, **changed}.items())


def told(app: Any) -> Any:
    """`app` with these headers; a policy that an answer has of its own stays."""

    async def telling(scope: Any, receive: Any, send: Any) -> None:
        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": _added(message["headers"], scope["path"])}
            await send(message)

        await app(scope, receive, sending if scope["type"] == "http" else send)

    return telling


def _added(headers: Any, path: str) -> list[Any]:
    said = {name.lower(): value for name, value in headers}
    # Datasette tells even less of who comes from a page with a visitor's SQL in its address.
    added = [*headers, *(pair for pair in _ALWAYS if pair[0] not in said)]
    is_page = said.get(b"content-type", b"").startswith(b"text/html")
    if is_page and b"content-security-policy" not in said:
        added.append((b"content-security-policy", policy(path).encode()))
    return added
