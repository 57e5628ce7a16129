"""A newcomer types what the README says, in a copy of what is committed, and it works."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import httpx
import many_machines
import pytest
from conftest import ROOT, SHARED, free_port

from ingest import feeds

README = (ROOT / "README.md").read_text(encoding="utf-8")
# The section on many machines has tests of its own, which run each of its commands.
BLOCKS = re.findall(r"```sh\n(.*?)```", README.replace(many_machines.SECTION, ""), re.DOTALL)
COMMANDS = [line for block in BLOCKS for line in block.splitlines() if line]
SERVERS = ("make demo", "make serve")
# `make test` runs this, but a newcomer's make is nobody's child.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}


@pytest.fixture(scope="module")
def copy(real_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's files as git has them, the published files beside it, installed already."""
    place = tmp_path_factory.mktemp("newcomer")
    project = place / "main"
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists():
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, project / name)
    (place / "shared").mkdir()
    (place / "shared" / "data").symlink_to(SHARED)
    _as_installed(project / ".venv")
    return project


def _as_installed(venv: Path) -> None:
    """The environment that the tests run in, marked as ready: it must not be installed over."""
    venv.mkdir()
    for name in ("bin", "lib", "include", "pyvenv.cfg"):
        (venv / name).symlink_to(Path(sys.prefix) / name)
    for name in ("ready", "ready-dev"):
        (venv / name).touch()


def test_every_command_of_the_readme_works(copy: Path) -> None:
    """In the order of the README; what serves must answer, what finishes must end well.

    `make test` is what runs this, and .ci/run runs it in a new environment.
    """
    assert "make test" in COMMANDS
    for command in COMMANDS:
        if command.startswith(SERVERS):
            _serve(copy, command)
        elif command != "make test":
            done = subprocess.run(
                command, shell=True, cwd=copy, capture_output=True, text=True, timeout=300,
                check=False, env=ENVIRONMENT,
            )  # fmt: skip
            assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


def _serve(copy: Path, command: str) -> None:
    """Starts the command on a free port and asks its home page."""
    port = free_port()
    log = copy / "server.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            f"{command} PORT={port}", shell=True, cwd=copy, start_new_session=True,
            stdout=output, stderr=output, env=ENVIRONMENT,
        )  # fmt: skip
        try:
            page = _home(f"http://127.0.0.1:{port}/", server)
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(30)
    assert page, f"{command}\n{log.read_text()}"
    assert ("illustrative sample" in page.lower()) == ("demo" in command)


def _home(url: str, server: subprocess.Popen[bytes]) -> str:
    for _ in range(300):
        try:
            answer = httpx.get(url, timeout=10)
            return answer.text if answer.status_code == 200 else ""
        except httpx.TransportError:
            if server.poll() is not None:
                return ""
            time.sleep(0.3)
    return ""


def test_make_help_lists_every_target(copy: Path) -> None:
    """One line each, in this order."""
    done = subprocess.run(
        ["make", "help"], cwd=copy, capture_output=True, text=True, check=True, env=ENVIRONMENT
    )
    names = [line.split()[0] for line in done.stdout.splitlines()]
    assert " ".join(names) == (
        "setup demo fetch preview build serve refresh schedule nginx accept withdraw test check "
        "scale-check bench clean"
    )


def test_the_declaration_in_the_readme_is_valid(tmp_path: Path) -> None:
    """What a publisher copies is what the program takes."""
    (block,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    (tmp_path / "feeds.yml").write_text(block)
    declared = feeds.load(tmp_path / "feeds.yml")
    assert declared.feeds["gcloud-sales"].sources[0].kind == "file"
    assert declared.admitted_lists["g-cloud-5"].constants == {"framework": "G-Cloud 5"}


def test_every_link_in_the_readme_leads_somewhere() -> None:
    """A file that was renamed takes its link along."""
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if "://" not in target:
            assert (ROOT / target).exists(), target


def test_questions_are_as_many_as_the_readme_says() -> None:
    """Seventeen."""
    assert len(list((ROOT / "canned_queries").glob("*.sql"))) == 17
    assert "seventeen questions" in README


def test_each_step_explains_itself(copy: Path) -> None:
    """--help is enough to start."""
    python = copy / ".venv" / "bin" / "python"
    commands = import_module("ingest.__main__").main.commands
    listed = subprocess.run(
        [python, "-m", "ingest", "--help"], cwd=copy, capture_output=True, text=True, check=True
    ).stdout
    assert {"fetch", "read", "rename", "parse", "stage", "match", "load"} < commands.keys()
    for step, command in commands.items():
        assert re.search(rf"^  {step} +\w", listed, re.MULTILINE), step
        assert all(option.help for option in command.params if option.param_type_name == "option")
