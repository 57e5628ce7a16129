"""What the API promises in writing is kept, and its description holds for whatever is asked.

`tests/api_v1.json` is the promise. What is added is written into it by running this file; nothing
that stands in it is ever taken out or changed.
"""

from __future__ import annotations

import copy
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import BIN, Site
from govspend_site.api import answers, asking, reading
from govspend_site.api.resources import ENDINGS, RESOURCES
from openapi_spec_validator import validate

PROMISE = Path(__file__).parent / "api_v1.json"


@pytest.fixture(scope="module")
def description(real_site: Site) -> dict[str, Any]:
    found: dict[str, Any] = real_site.get("/openapi.json").json()
    return found


def test_the_description_is_valid_and_leaves_nothing_undescribed(
    description: dict[str, Any],
) -> None:
    """OpenAPI 3.1; every field and parameter has its words, in metadata.yml or beside it."""
    validate(description)
    for name, resource in RESOURCES.items():
        schema = description["components"]["schemas"][resource.row.__name__]
        for field, said in schema["properties"].items():
            assert len(said["description"]) > 5, f"{name}.{field}"
        listed = description["paths"][f"/api/v1/{name}"]["get"]
        for parameter in listed["parameters"]:
            assert len(parameter["description"]) > 5, f"{name}?{parameter['name']}"
        assert set(listed["responses"]) >= {"200", "304", "400", "405", "503"}
        files = description["paths"][f"/api/v1/{name}.{{format}}"]["get"]["responses"]["200"]
        assert len(files["content"]) == len(ENDINGS)


def test_the_examples_in_the_description_work(description: dict[str, Any], real_site: Site) -> None:
    """What is copied from it is taken."""
    tried = 0
    for name in RESOURCES:
        for parameter in description["paths"][f"/api/v1/{name}"]["get"]["parameters"]:
            for value in parameter["schema"].get("examples", []):
                answer = real_site.get(f"/api/v1/{name}", params={parameter["name"]: value})
                assert answer.status_code == 200, answer.text
                assert answer.json()["rows"], f"{name}?{parameter['name']}={value}"
                tried += 1
    assert tried >= 20


def promise() -> dict[str, Any]:
    """What version 1 keeps: names, types, what parameters take, formats and statuses."""
    found: dict[str, Any] = {"formats": list(ENDINGS), "methods": answers.METHODS.split(", ")}
    found["statuses"] = [200, 304, 400, 404, 405, 410, 503]
    found["problem"] = ["type", "title", "status", "detail", "errors"]
    found["mistake"] = ["parameter", "given", "allowed"]
    found["list"] = ["edition", "licence", "attribution", "notes", "rows", "truncated", "next"]
    found["item"] = ["edition", "licence", "attribution", "notes", "row"]
    found["edition"] = ["edition_id", "title", "newest_month", "illustrative"]
    for name, resource in RESOURCES.items():
        columns = asking.columns(resource).values()
        found[name] = {
            "fields": {c.name: f"{c.storage}{' or null' * c.is_nullable}" for c in columns},
            "parameters": {key: kept(said) for key, said in parameters(resource).items()},
            "keys": list(resource.keys),
            "item_id": resource.item_id,
            "usual_sort": resource.usual_sort,
        }
    return found


def parameters(resource: Any) -> dict[str, dict[str, Any]]:
    return reading.schema(resource.parameters)


def kept(schema: dict[str, Any]) -> dict[str, Any]:
    """What a parameter takes. Texts of its description are not promised."""
    one = {k: v for k, v in schema.get("items", {}).items() if k not in ("examples", "description")}
    said = {k: v for k, v in schema.items() if k not in ("examples", "description", "items")}
    return {**said, **({"items": one} if one else {})}


def broken(before: Any, now: Any, place: str = "v1") -> Iterator[str]:
    """What of the promise is gone or another. What is only there now is an addition."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key, value in before.items():
            yield from broken(value, now.get(key), f"{place}.{key}")
    elif isinstance(before, list) and isinstance(now, list):
        yield from (f"{place}: {value}" for value in before if value not in now)
    elif before != now:
        yield f"{place}: {before} became {now}"


def test_version_1_keeps_its_promise() -> None:
    """What programs are built on stays: names, types, what is taken, orders, formats, statuses."""
    assert list(broken(json.loads(PROMISE.read_text()), promise())) == []


def test_a_broken_promise_would_be_seen() -> None:
    """A field gone, renamed or retyped, a sort or status gone; an addition is none."""
    kept_one, now = copy.deepcopy(promise()), copy.deepcopy(promise())
    now["spend"]["fields"]["new"] = "text"
    now["spend"]["parameters"]["sort"]["enum"].append("new")
    now["formats"].append("new")
    assert list(broken(kept_one, now)) == []
    del now["spend"]["fields"]["amount"]
    now["buyers"]["fields"]["name"] = "integer"
    now["spend"]["parameters"]["sort"]["enum"].remove("-amount")
    now["spend"]["parameters"]["limit"]["maximum"] = 10
    now["statuses"].remove(410)
    assert len(list(broken(kept_one, now))) == 5


def test_answers_have_the_members_that_are_promised(real_site: Site) -> None:
    """The promise is of what is sent, not only of what the models say."""
    kept_one = json.loads(PROMISE.read_text())
    for name in RESOURCES:
        groups = "?group_by=supplier,month,lot" if name == "summary" else ""
        said = real_site.get(f"/api/v1/{name}{groups}").json()
        assert set(kept_one["list"]) <= set(said)
        assert set(kept_one["edition"]) <= set(said["edition"])
        absent = set(kept_one[name]["fields"]) - set(said["rows"][0])
        assert not absent or name == "summary"
    said = real_site.get("/api/v1/spend?limit=0").json()
    assert set(kept_one["problem"]) <= set(said)
    assert set(kept_one["mistake"]) <= set(said["errors"][0])
    assert set(kept_one["item"]) <= set(real_site.get("/api/v1/suppliers/bjss").json())


def test_the_description_holds_for_whatever_is_asked(sample_site: Site, tmp_path: Path) -> None:
    """Schemathesis: requests that the description allows are answered as it says, and requests
    that it does not allow are refused. All checks; the files are tried by hand and elsewhere."""
    command = [
        str(BIN / "schemathesis"), "run", f"{sample_site.url}/openapi.json", "--checks", "all",
        "--max-examples", "4", "--workers", "2", "--generation-deterministic",
        "--exclude-path-regex", "format", "--no-color",
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    assert "No issues found" in done.stdout


if __name__ == "__main__":
    PROMISE.write_text(json.dumps(promise(), indent=1) + "\n")
