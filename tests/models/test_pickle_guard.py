"""A pickle in place of a model is refused in one line, and never opened."""

import pickle
import shlex
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file


class Trap:
    """What makes a folder when it is unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        import os

        return os.mkdir, (self.path,)


def put(path, kind, trap):
    if kind == "torch":
        torch.save(trap, path)
    elif kind == "old torch":
        torch.save(trap, path, _use_new_zipfile_serialization=False)
    else:
        path.write_bytes(pickle.dumps(trap, protocol=int(kind)))


@pytest.mark.parametrize("name", ["x.pt", "x.PTH", "x.ckpt", "pytorch_model.bin", "model"])
@pytest.mark.parametrize("kind", ["torch", "old torch", "2", "5"])
@pytest.mark.filterwarnings("ignore")  # torch has two of its own on its old format
def test_a_pickle_is_refused_whatever_its_name(kind, name, refusal, photos, tmp_path):
    path = tmp_path / name
    put(path, kind, Trap(tmp_path / "trapped"))
    line = refusal("colorize", photos, "--model", path)
    assert line.startswith(f"{path}: expected a folder of config.json and model.safetensors, as")
    assert "got a pickle, which is never opened, as it may run any code: only if you trust" in line
    assert "torch.load(" in line
    assert not (tmp_path / "trapped").exists()


def test_so_is_a_folder_of_nothing_else(refusal, photos, tmp_path):
    folder = tmp_path / "theirs"
    folder.mkdir()
    put(folder / "weights.pt", "torch", Trap(tmp_path / "trapped"))
    (folder / "config.json").write_text("{}")
    line = refusal("colorize", photos, "--model", folder)
    assert line.startswith(f"{folder}: expected a folder of config.json")
    assert f'torch.load("{folder}/weights.pt", weights_only=False)' in line
    assert not (tmp_path / "trapped").exists()


def test_so_is_an_url(refusal, photos):
    line = refusal("colorize", photos, "--model", "memory://models/x.pth")
    assert "got a pickle, which is never opened" in line


def test_the_conversion_is_one_that_works(refusal, photos, tmp_path):
    path = tmp_path / 'it\'s "$HOME" é.pt'
    torch.save({"a": torch.arange(3)}, path)
    line = refusal("colorize", photos, "--model", path)
    words = shlex.split(line[line.index("python -c") :])
    assert words[:2] == ["python", "-c"]
    subprocess.run([sys.executable, *words[1:]], check=True)
    made = load_file(path.with_suffix(".safetensors"))
    assert made["a"].tolist() == [0, 1, 2]


@pytest.mark.parametrize("name", ["last.ckpt", "model.pt"])
def test_of_a_file_in_a_run_its_folder_is_named(name, refusal, photos, model):
    torch.save({}, model / name)
    line = refusal("colorize", photos, "--model", model / name)
    assert line == (f"{model / name}: expected the folder of a run, got a file in it: name {model}")


def test_a_checkpoint_beside_a_model_is_no_matter(run, photos, model, tmp_path):
    torch.save({}, model / "last.ckpt")
    assert run("colorize", photos, "--model", model, "-o", tmp_path / "out")[0] == 0


def test_another_file_is_no_folder(refusal, photos, model):
    line = refusal("colorize", photos, "--model", model / "model.safetensors")
    assert "expected the folder of a run, its URL or a model's name" in line
    assert line.endswith("found a file")
