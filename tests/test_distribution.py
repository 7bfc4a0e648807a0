"""The wheel and the source distribution hold what they should, the same bytes each time."""

import email
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "headline_score"
LEFT_BEHIND = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist")
# What a source distribution may hold at its top: the project's own, and what hatchling adds.
TOP = {"src", "tests", "training", "benchmarks", "docs", "README.md", "CHANGELOG.md", "LICENSE"}
TOP |= {"MODEL_CARD.md", "SECURITY.md", "pyproject.toml", "mkdocs.yml", "PKG-INFO", ".gitignore"}


def built(project: Path, kind: str) -> Path:
    """Return the distribution that hatchling builds, without a network."""
    into = project.with_name(f"{project.name}-{kind}")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(into)],
        cwd=project,
        check=True,
        capture_output=True,
        timeout=300,
    )
    (path,) = into.iterdir()
    return path


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(ROOT, tmp_path_factory.mktemp("build") / "a", ignore=LEFT_BEHIND))


@pytest.fixture(scope="module")
def wheel(project: Path) -> Path:
    return built(project, "wheel")


@pytest.fixture(scope="module")
def sdist(project: Path) -> Path:
    return built(project, "sdist")


def unpacked(sdist: Path, into: Path) -> Path:
    with tarfile.open(sdist) as archive:
        for member in archive:
            assert member.isfile()
            assert not Path(member.name).is_absolute()
            assert ".." not in Path(member.name).parts
            target = into / member.name
            target.parent.mkdir(parents=True, exist_ok=True)
            file = archive.extractfile(member)
            assert file is not None
            target.write_bytes(file.read())
    (top,) = into.iterdir()
    return top


def test_a_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    files = {path for path in PACKAGE.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert names == {f"headline_score/{path.relative_to(PACKAGE).as_posix()}" for path in files}
    assert {"headline_score/model.npz", "headline_score/py.typed"} <= names


def test_a_wheel_says_whose_it_is_and_needs_little(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        said = email.message_from_bytes(archive.read(metadata))
        licence = archive.read(metadata.replace("METADATA", "licenses/LICENSE"))
    assert said["License-Expression"] == "MIT"
    assert licence == (ROOT / "LICENSE").read_bytes()
    required = [each for each in said.get_all("Requires-Dist", []) if "extra ==" not in each]
    assert sorted(each.partition(">=")[0] for each in required) == ["click", "numpy", "tabulate"]
    assert not any("==" in each.partition(";")[0] for each in said.get_all("Requires-Dist", []))


def test_a_source_distribution_holds_the_project_alone(sdist: Path, tmp_path: Path) -> None:
    top = unpacked(sdist, tmp_path)
    assert {path.name for path in top.iterdir()} <= TOP
    for path in filter(Path.is_file, top.rglob("*")):
        if path.name != "PKG-INFO":
            assert path.read_bytes() == (ROOT / path.relative_to(top)).read_bytes()


def test_a_wheel_is_the_same_bytes_each_time(
    wheel: Path, sdist: Path, project: Path, tmp_path: Path
) -> None:
    again = Path(shutil.copytree(project, tmp_path / "b"))
    for path in again.rglob("*"):
        os.utime(path, (1, 1))
        path.chmod(0o700 if path.is_dir() else 0o600)
    assert built(again, "wheel").read_bytes() == wheel.read_bytes()
    assert built(again, "sdist").read_bytes() == sdist.read_bytes()
    (tmp_path / "c").mkdir()
    from_sdist = unpacked(sdist, tmp_path / "c")
    assert built(from_sdist, "wheel").read_bytes() == wheel.read_bytes()
