"""Priors, tables and studies in buckets are read as those here; runs are not written there."""

import numpy as np
import pytest
from commands import TINY

from photochrom import storage
from photochrom.app.uploads import prior_at
from photochrom.app.views.study import report_in
from photochrom.data import read_sources
from photochrom.image_io import find
from photochrom.prior import PriorFile, load_any


@pytest.fixture(params=["s3", "gcs"])
def bucket(request):
    return request.getfixturevalue(request.param)


def test_a_prior_in_a_bucket_is_one(bucket, prior, run, refusal, tmp_path):
    storage.put(f"{bucket}/mine.H5", prior.read_bytes())
    expected = PriorFile.load(prior)
    assert np.array_equal(PriorFile.load(f"{bucket}/mine.H5").prior.p, expected.prior.p)
    assert np.array_equal(prior_at(f"{bucket}/mine.H5", print).prior.p, expected.prior.p)
    code, out, _ = run("prior", "compare", f"{bucket}/mine.H5", prior)
    assert code == 0
    assert out.splitlines()[1].startswith("  0.0000    0.00000     0.000  ")
    output = tmp_path / "view.h5"
    assert run("prior", "view", f"{bucket}/mine.H5", "-o", output, "--uniform", 0.25)[0] == 0
    assert PriorFile.load(output).uniform == 0.25
    assert refusal("prior", "show", f"{bucket}/none.h5").startswith(
        f"{bucket}/none.h5: expected a file or folder, found none"
    )
    storage.put(f"{bucket}/damaged.h5", prior.read_bytes()[:2000])
    assert refusal("prior", "show", f"{bucket}/damaged.h5").startswith(
        f"{bucket}/damaged.h5: expected a prior as photochrom prior build writes it"
    )


def test_probabilities_in_a_bucket_are_a_prior_to_compare_with(s3, tmp_path):
    np.save(tmp_path / "p.npy", np.full(313, 1 / 313))
    storage.put(f"{s3}/p.npy", (tmp_path / "p.npy").read_bytes())
    assert load_any(f"{s3}/p.npy").p.sum() == pytest.approx(1)


def test_a_bucket_of_images_is_counted_by_the_app(s3, photos):
    there, here = (prior_at(place, lambda *done: None) for place in (f"{s3}/deep", str(photos)))
    assert np.array_equal(there.histogram.pixels, here.histogram.pixels)


def test_prior_and_table_in_a_bucket_train_as_those_here(s3, photos, prior, trained, tmp_path):
    table = "key\tsource\n" + "".join(f"{p.stem}\t{p.suffix}\n" for p in photos.iterdir())
    (tmp_path / "t.tsv").write_text(table)
    for name, data in {"p.h5": prior.read_bytes(), "t.tsv": table.encode()}.items():
        storage.put(f"{s3}/{name}", data)
    images = find([str(photos)]).images
    expected = read_sources(str(tmp_path / "t.tsv"), images)
    assert read_sources(f"{s3}/t.tsv", images) == expected
    weights = [
        trained(folder, "--prior", file, "--balance-by", rows).read_bytes()
        for folder, file, rows in (
            ("there", f"{s3}/p.h5", f"{s3}/t.tsv"),
            ("here", prior, tmp_path / "t.tsv"),
        )
    ]
    assert weights[0] == weights[1]


@pytest.fixture
def trained(run, photos, tmp_path):
    """Train two steps with some flags: the weights' file."""

    def train(folder, *flags):
        output = tmp_path / folder
        assert run("train", photos, "-o", output, "--steps", 2, *TINY, *flags)[0] == 0
        return output / "model.safetensors"

    return train


def test_a_study_in_a_bucket_is_browsed(bucket):
    with pytest.raises(ValueError, match="expected the folder of a finished study, found no"):
        report_in(f"{bucket}/study")
    storage.put(f"{bucket}/study/report/index.html", "a päge".encode())
    storage.put(f"{bucket}/study/report/scores.json", b"{}")
    assert report_in(f"{bucket}/study/") == report_in(f"{bucket}/study/report") == "a päge"


@pytest.mark.parametrize(
    "arguments",
    [
        ("prior", "build", "x", "-o"),
        ("prior", "show", "photographs", "--plot"),
        ("train", "x", "-o"),
        ("evaluate", "photochrom", "--images", "x", "-o"),
        ("colorize", "x", "--json"),
        ("demo", "-o"),
    ],
)
def test_what_is_written_here_is_not_taken_for_a_folder_named_s3(
    arguments, refusal, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    words = refusal(*arguments, "s3://bucket/out")
    assert words == "s3://bucket/out: expected a path of this machine to write to, got a URL"
    assert not list(tmp_path.iterdir())
