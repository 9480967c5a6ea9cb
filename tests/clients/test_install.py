"""`dagbok install` and `dagbok uninstall`, seen by `jupyter kernelspec list`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import run
from jupyter_client.manager import start_new_kernel

PROGRAM = os.environ["DAGBOK_PROGRAM"]
# What says where a user's files are, and the environment.
VARIABLES = ("JUPYTER_PATH", "JUPYTER_DATA_DIR", "XDG_DATA_HOME", "VIRTUAL_ENV", "CONDA_PREFIX", "HOME")


def environment(home, **variables):
    """An environment in which nothing is set but these."""
    kept = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    # The compiler is found through the home folder, where it is a proxy.
    toolchain = {"RUSTUP_HOME": ".rustup", "CARGO_HOME": ".cargo"}
    kept = {name: str(Path.home() / folder) for name, folder in toolchain.items()} | kept
    return kept | {"HOME": str(home)} | {name: str(value) for name, value in variables.items()}


def dagbok(*arguments, env, status=0):
    ended = subprocess.run([PROGRAM, *map(str, arguments)], env=env, text=True, capture_output=True, stdin=subprocess.DEVNULL)
    assert ended.returncode == status, ended.stderr
    return ended.stderr


def listed(env):
    """The folder of each kernel that Jupyter finds."""
    kernels = json.loads(run("jupyter", "kernelspec", "list", "--json", "--log-level=ERROR", env=env))["kernelspecs"]
    return {name: kernel["resource_dir"] for name, kernel in kernels.items()}


def paths(home):
    """All that is below a folder but what Jupyter makes for itself."""
    return sorted(path for path in home.rglob("*") if not {".ipython", ".jupyter"} & set(path.parts))


def check_comes_and_goes(home, where, folder, env):
    """A kernel that is installed is listed, in `folder`; once it is removed, nothing of it is left. What installing said."""
    assert "rust-test" not in listed(env)
    before = paths(home)
    said = dagbok("install", "--name=rust-test", *where, env=env)
    assert str(folder) in said
    assert listed(env)["rust-test"] == str(folder / "kernels/rust-test")
    spec = json.loads((folder / "kernels/rust-test/kernel.json").read_text())
    assert Path(spec["argv"][0]).is_relative_to(home) and spec["language"] == "rust"
    dagbok("uninstall", "--name=rust-test", *where, env=env)
    assert "rust-test" not in listed(env)
    assert paths(home) == before
    assert "no kernel `rust-test`" in dagbok("uninstall", "--name=rust-test", *where, env=env, status=1)
    return said


def test_for_the_user(tmp_path):
    home = tmp_path / "home of Åsa"
    home.mkdir()
    check_comes_and_goes(home, [], home / ".local/share/jupyter", environment(home))


def test_for_a_user_with_a_data_folder(tmp_path):
    check_comes_and_goes(tmp_path, ["--user"], tmp_path / "data/jupyter", environment(tmp_path, XDG_DATA_HOME=made(tmp_path / "data")))


def test_for_a_user_with_jupyters_data_folder(tmp_path):
    check_comes_and_goes(tmp_path, [], tmp_path / "j d", environment(tmp_path, JUPYTER_DATA_DIR=made(tmp_path / "j d")))


def test_under_a_prefix(tmp_path):
    prefix = made(tmp_path / "my prefix")
    env = environment(tmp_path, JUPYTER_PATH=prefix / "share/jupyter")
    said = check_comes_and_goes(tmp_path, ["--prefix", prefix], prefix / "share/jupyter", env)
    assert f"JUPYTER_PATH={prefix}/share/jupyter" in said


@pytest.mark.parametrize("variable", ["VIRTUAL_ENV", "CONDA_PREFIX"])
def test_in_the_active_environment(tmp_path, variable):
    active = made(tmp_path / "active å")
    env = environment(tmp_path, JUPYTER_PATH=active / "share/jupyter", **{variable: active})
    check_comes_and_goes(tmp_path, ["--sys-prefix"], active / "share/jupyter", env)
    gone = environment(tmp_path, **{variable: tmp_path / "gone"})
    assert f"the active environment `{tmp_path}/gone` is not there" in dagbok("install", "--sys-prefix", env=gone, status=1)


def test_in_the_environment_of_python(tmp_path):
    """Without an active environment, that of the first `python3` is meant, in which `jupyter` looks as well."""
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", "--system-site-packages", venv], check=True)
    env = environment(tmp_path, PATH=f"{venv}/bin:{os.environ['PATH']}", JUPYTER_PATH=venv / "share/jupyter")
    check_comes_and_goes(tmp_path, ["--sys-prefix"], venv / "share/jupyter", env)


def test_an_installed_kernel_runs_from_a_folder_with_any_name(tmp_path, monkeypatch):
    prefix = tmp_path / "a 'b' \"c\" $d {e} 😀"
    dagbok("install", "--prefix", prefix, "--name=strange", "--display-name=Rust 😀", env=environment(tmp_path))
    monkeypatch.setenv("JUPYTER_PATH", str(prefix / "share/jupyter"))
    manager, client = start_new_kernel(kernel_name="strange")
    try:
        assert client.execute_interactive("1 + 1", timeout=60)["content"]["status"] == "ok"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--prefix", "/proc/nowhere"], "cannot"),
        (["--prefix", "/dev/null/x"], "cannot write"),
        (["--name", "a/b"], "cannot be a kernel's name"),
        (["--name", ""], "cannot be a kernel's name"),
        (["--user", "--sys-prefix"], "cannot be used with"),
    ],
)
def test_what_cannot_be_done(tmp_path, arguments, words):
    ended = subprocess.run([PROGRAM, "install", *arguments], env=environment(tmp_path), text=True, capture_output=True)
    assert ended.returncode != 0 and words in ended.stderr and "panicked" not in ended.stderr, ended.stderr
    assert not list(tmp_path.iterdir())


def test_without_a_home(tmp_path):
    env = environment(tmp_path)
    del env["HOME"]
    assert "cannot find the home folder" in dagbok("install", env=env, status=1)


def made(folder):
    folder.mkdir()
    return folder
