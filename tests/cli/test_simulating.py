"""`acd simulate` as a person calls it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def acd(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "acd.cli", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_a_day_with_faults_ends_with_one_json_object() -> None:
    done = acd("simulate", "--seed", "3", "--hours", "0.5", "--staff", "20", "--faults", "--json")
    report = json.loads(done.stdout.strip().splitlines()[-1])
    assert done.returncode == 0, done.stderr
    assert report.keys() >= {
        "contacts",
        "faults",
        "lost",
        "assigned_twice",
        "invariant_checks",
        "hash",
        "speed",
    }
    assert (report["lost"], report["assigned_twice"], report["broken"]) == (0, 0, [])
    assert min(report["contacts"], report["faults"], report["invariant_checks"]) > 0


def test_two_strategies_stand_side_by_side() -> None:
    done = acd(
        "simulate",
        "--hours",
        "0.3",
        "--staff",
        "10",
        "--strategy",
        "longest_idle",
        "--against-strategy",
        "least_busy",
    )
    assert done.returncode == 0, done.stderr
    assert "longest_idle" in done.stdout
    assert "least_busy" in done.stdout
    assert "occupancy, least to most" in done.stdout


def test_a_folder_that_is_none_is_said_and_ends_with_2() -> None:
    done = acd("simulate", "--config", "nowhere")
    assert done.returncode == 2
    assert "nowhere" in done.stderr


def test_staffing_is_swept_against_another_configuration_with_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "what-if.png"
    done = acd(
        *("simulate", "--hours", "0.2", "--staff", "8,12", "--against", "config", "--picture", str(path)),
        "--json",
    )
    assert done.returncode == 0, done.stderr
    runs = json.loads(done.stdout.strip().splitlines()[-1])["runs"]
    assert [run["name"] for run in runs] == ["8 agents", "12 agents", "config"]
    assert path.read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize("words", ["0", "many", "1e9", "5,-1", "nan"])
def test_a_staff_that_makes_no_sense_is_refused(words: str) -> None:
    done = acd("simulate", "--staff", words)
    assert done.returncode == 2
    assert "--staff" in done.stderr
