import shutil
import signal
import socket
import stat
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from emulator.emulation import Emulation
from emulator.folders import find_folders
from tests.emulator.process import ROOT, Emulator, control_url, process, started


def run(*options: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "emulator", *options]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=20)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def secret_files(provider: dict[str, Any]) -> list[Path]:
    return [Path(value["file"]) for value in provider.values() if isinstance(value, dict)]


def test_provider_file_points_at_the_demo_providers(tmp_path: Path) -> None:
    file = tmp_path / "conf" / "providers.toml"
    with started("--providers-file", str(file)) as emulator:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))["provider"]
        running = emulator.providers()
    assert {table["id"] for table in tables} == set(running)
    assert mode(file.parent / "secrets") == 0o700
    for table in tables:
        shown = running[table["id"]]
        assert (table["vendor"], table["base_url"]) == (shown["vendor"], shown["url"])
        assert table["track"] == shown["references"]
        secrets = secret_files(table)
        assert secrets
        assert {mode(secret) for secret in secrets} == {0o600}
        assert all(secret.read_text().endswith("-not-a-secret") for secret in secrets)


def test_every_vendor_has_a_run_that_unfolds(tmp_path: Path) -> None:
    file = tmp_path / "providers.toml"
    with started("--providers-file", str(file)) as demo, started("--no-demo-runs") as quiet:
        with_runs = {name: shown["references"] for name, shown in demo.providers().items()}
        without = {name: shown["references"] for name, shown in quiet.providers().items()}
    assert all(set(without[name]) < set(with_runs[name]) for name in with_runs)


def test_provider_file_without_demo_runs_tracks_the_seeds_alone(tmp_path: Path) -> None:
    file = tmp_path / "providers.toml"
    with started("--no-demo-runs", "--providers-file", str(file)):
        tables = tomllib.loads(file.read_text(encoding="utf-8"))["provider"]
    assert next(table["track"] for table in tables if table["id"] == "oms-ce") == ["t_7di1uvmxd340"]


def test_taken_port_is_one_line(module_emulator: Emulator) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run("--port", str(port - 1))
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr == (
        f"emulator: cannot listen on 127.0.0.1:{port} (Address already in use);"
        " choose another with --port or EMULATOR_PORT\n"
    )


def test_unwritable_provider_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = run("--port", "0", "--providers-file", str(tmp_path / "file" / "providers.toml"))
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert ended.stderr.startswith(f"emulator: {tmp_path}/file/providers.toml: ")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_quietly_even_while_answering(number: signal.Signals) -> None:
    with process("--port", "0") as running:
        emulator = Emulator(control_url(running))
        emulator.fault("oms-ce", "delay", seconds=60)
        port = int(emulator.url("oms-ce").rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as waiting:
            waiting.sendall(b"GET /api/v2?Action=GetPreCheckResult HTTP/1.1\r\nHost: emulator\r\n\r\n")
            while not emulator.calls("oms-ce")["GetPreCheckResult"]["count"]:
                pass
            running.send_signal(number)
            _, errors = running.communicate(timeout=3)
        emulator.http.close()
    assert (running.returncode, errors) == (0, "")


def copied_package(tmp_path: Path) -> Path:
    ignore = shutil.ignore_patterns("__pycache__")
    return shutil.copytree(ROOT / "emulator", tmp_path / "emulator", ignore=ignore)


def add_sixth(package: Path, provider: str = "sixth", offset: int = 60) -> Path:
    sixth = shutil.copytree(package / "ninedata", package / "sixth_vendor")
    demo = (sixth / "demo.toml").read_text()
    demo = demo.replace('id = "ninedata"', f'id = "{provider}"').replace("offset = 5", f"offset = {offset}")
    (sixth / "demo.toml").write_text(demo)
    return sixth


async def test_emulation_runs_in_process_too() -> None:
    async with Emulation(find_folders(), port=0, demo=False) as emulation, httpx.AsyncClient() as client:
        answer = await client.get(emulation.urls()["ninedata"] + "/openapi/now")
    assert answer.json()["success"] is True


def test_sixth_vendor_folder_is_found_by_being_there(tmp_path: Path) -> None:
    add_sixth(copied_package(tmp_path))
    with started(cwd=tmp_path) as emulator:
        assert emulator.providers()["sixth"]["vendor"] == "sixth-vendor"


@pytest.mark.parametrize(
    ("provider", "offset", "said"),
    [("ninedata", 60, "claim id 'ninedata'"), ("sixth", 5, "claim port_offset 5")],
)
def test_clash_of_two_folders_names_both(tmp_path: Path, provider: str, offset: int, said: str) -> None:
    add_sixth(copied_package(tmp_path), provider, offset)
    ended = run("--port", "0", cwd=tmp_path)
    assert ended.returncode == 2
    assert ended.stderr == f"emulator: emulator/ninedata and emulator/sixth_vendor: both demo.toml files {said}\n"


@pytest.mark.parametrize("part", ["__init__.py", "server.py", "expected.json", "demo.toml"])
def test_missing_part_of_a_folder_is_named(tmp_path: Path, part: str) -> None:
    (add_sixth(copied_package(tmp_path)) / part).unlink()
    ended = run("--port", "0", cwd=tmp_path)
    assert ended.returncode == 2
    assert ended.stderr == f"emulator: emulator/sixth_vendor: {part} is missing\n"


def test_bad_demo_file_is_named(tmp_path: Path) -> None:
    (add_sixth(copied_package(tmp_path)) / "demo.toml").write_text("[[provider]]\nid = 'sixth'\n")
    ended = run("--port", "0", cwd=tmp_path)
    assert ended.returncode == 2
    assert ended.stderr == "emulator: emulator/sixth_vendor/demo.toml: missing 'port_offset'\n"
