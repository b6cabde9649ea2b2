"""Heads: where they start, that they compute in float32, and their gain."""

import json

import numpy as np
import pytest
import torch

from photochrom.config import Architecture, PriorConfig, TrainConfig
from photochrom.data import center_loader
from photochrom.evaluation.tuning import Decoding, apply
from photochrom.losses import l2, rebalanced_cross_entropy
from photochrom.models import Colorizer
from photochrom.prior import build_prior
from photochrom.quantize import Gamut, annealed_mean, soft_encode
from photochrom.training import TrainingModule, fit

METHODS = {
    "classification": {"rebalance": False},
    "regression": {"method": "regression"},
    "tanh": {"method": "regression", "head": "tanh"},
}
SMALL = {"width": 2, "size": 32}


@pytest.fixture
def prior(images):
    return build_prior(images, PriorConfig(), ["drawn"])


@pytest.fixture
def first(images, tiny, tmp_path):
    """What a method makes of two images, at T = 1, before its first step."""

    def call(method, prior=None, **changes):
        # A step of Adam that moves no weight by more than 1e-12.
        still = {"steps": 1, "lr": 1e-12, "weight_decay": 0.0} | changes
        fit(images, prior, TrainConfig(**tiny | METHODS[method] | still), tmp_path / method)
        L = torch.rand(2, 1, 24, 40, generator=torch.Generator().manual_seed(0)) * 100
        with torch.inference_mode():
            return Colorizer.load(tmp_path / method).ab(L, temperature=1.0)

    return call


@pytest.mark.parametrize("method", METHODS)
def test_every_method_starts_at_the_mean_of_the_bins(method, first):
    ab = first(method)
    mean = Gamut.srgb().bins.mean(dim=0)
    torch.testing.assert_close(mean, torch.tensor([15.7, 6.7]).to(mean), atol=0.05, rtol=0)
    # float32, and means of 313 bins of up to 110
    torch.testing.assert_close(ab, mean.float()[:, None, None].expand_as(ab), atol=1e-4, rtol=0)


@pytest.mark.parametrize("method", METHODS)
def test_or_at_the_mean_of_the_prior(method, first, prior):
    ab = first(method, prior, head_init="prior")
    mean = torch.tensor(prior.prior.p @ prior.prior.gamut.bins.double().numpy()).float()
    assert torch.linalg.vector_norm(mean - Gamut.srgb().bins.mean(dim=0)) > 1
    # A classifier gives each of the bins without mass a millionth: 313e-6 · 110 · 2 = 0.07.
    atol = 0.07 if method == "classification" else 1e-4
    torch.testing.assert_close(ab, mean[:, None, None].expand_as(ab), atol=atol, rtol=0)


def test_a_classifier_that_starts_at_the_prior_predicts_it(images, tiny, prior, tmp_path):
    still = {"steps": 1, "lr": 1e-12, "weight_decay": 0.0, "head_init": "prior"}
    fit(images, prior, TrainConfig(**tiny | still | {"rebalance": False}), tmp_path / "run")
    model = Colorizer.load(tmp_path / "run")
    with torch.inference_mode():
        p = model.network(torch.rand(1, 1, 16, 16) * 100).softmax(dim=1)[0, :, 3, 5]
    p_with_floor = np.maximum(prior.prior.p, 1e-6)
    expected = torch.tensor(p_with_floor / p_with_floor.sum()).float()
    torch.testing.assert_close(p, expected, atol=1e-6, rtol=1e-4)  # float32


def test_a_head_by_default_starts_with_noise(first):
    """Of about 29 ab units for a regression, which it has to unlearn first."""
    assert first("regression", head_init="default").std() > 10


def test_a_regression_starts_where_its_ab_is_its_bias_whatever_comes_in():
    """By hand: 100 · bias, and 110 · tanh(bias) = 16.5 for a bias of atanh(0.15)."""
    from photochrom.training.heads import start_head

    gamut = Gamut(torch.tensor([[0.0, 0.0], [33.0, -22.0]], dtype=torch.float64), step=10)
    for head, bias in (("linear", [0.165, -0.11]), ("tanh", np.arctanh([0.15, -0.1]))):
        model = Colorizer(Architecture(method="regression", head=head, **SMALL), gamut)
        start_head(model, np.array([0.5, 0.5]))
        torch.testing.assert_close(model.network.head.bias.detach(), torch.tensor(bias).float())
        assert not model.network.head.weight.any()


@pytest.mark.parametrize("method", METHODS)
def test_the_prior_must_be_there_to_start_at_it(method, images, tiny, tmp_path):
    config = TrainConfig(**tiny | METHODS[method] | {"head_init": "prior"})
    with pytest.raises(ValueError, match=r"^--head-init prior needs --prior, got none$"):
        fit(images, None, config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_model_to_begin_with_keeps_its_head(images, tiny, tmp_path):
    torch.manual_seed(7)
    initial = Colorizer(Architecture(method="regression", **SMALL), Gamut.srgb())
    still = {"method": "regression", "steps": 1, "lr": 1e-12, "weight_decay": 0.0}
    fit(images, None, TrainConfig(**tiny | still), tmp_path / "run", initial=initial)
    head = Colorizer.load(tmp_path / "run").network.head
    torch.testing.assert_close(head.weight, initial.network.head.weight, rtol=0, atol=1e-10)


@pytest.fixture
def lowered():
    """Features of a network in bfloat16, and what autocasts to it."""
    torch.manual_seed(0)
    features = torch.randn(2, 8, 16, 16).relu().bfloat16()
    return features, torch.autocast("cpu", torch.bfloat16)


def model_of(method):
    torch.manual_seed(1)
    values = {k: v for k, v in METHODS[method].items() if k != "rebalance"}
    model = Colorizer(Architecture(**{"method": "classification"} | SMALL | values), Gamut.srgb())
    model.network.head = torch.nn.Conv2d(8, len(model.gamut) if method[0] == "c" else 2, 1)
    return model


def steps_of_bfloat16(x):
    """The share of values that bfloat16 could hold."""
    return (x == x.bfloat16().to(x)).float().mean()


@pytest.mark.parametrize("method", ["regression", "tanh"])
def test_ab_of_a_regression_is_not_rounded_to_bfloat16(method, lowered):
    """Its steps there are 0.25 to 0.5 ab units from 32 on."""
    features, autocast = lowered
    model = model_of(method)
    with autocast:
        assert torch.nn.functional.conv2d(features, model.network.head.weight).dtype == (
            torch.bfloat16
        )
        ab = model.regressed(features)
    head = model.network.head
    out = torch.einsum("bchw,oc->bohw", features.double(), head.weight[..., 0, 0].double())
    out = out + head.bias.double()[:, None, None]
    exact = 110 * out.tanh() if method == "tanh" else 100 * out
    assert ab.dtype == torch.float32
    torch.testing.assert_close(ab.double(), exact, atol=1e-4, rtol=1e-5)  # float32's digits
    assert steps_of_bfloat16(ab) < 0.05


def test_nor_are_the_logits_of_a_classifier(lowered):
    features, autocast = lowered
    model = model_of("classification")
    truth = torch.randn(2, 2, 16, 16) * 30
    weight, bias = model.network.head.weight[..., 0, 0], model.network.head.bias
    logits = torch.einsum("bchw,qc->bqhw", features.double(), weight.double())
    logits = logits + bias.double()[:, None, None]
    target = soft_encode(truth.double(), model.gamut)
    expected = rebalanced_cross_entropy(logits, target)
    for fused in (True, False):
        module = TrainingModule(model, None, TrainConfig(**SMALL | {"crop": 32}), fused=fused)
        with autocast:
            loss = module.own_loss(features, truth)
            ab = model.annealed(features)
        assert loss.dtype == ab.dtype == torch.float32
        # In bfloat16, logits of about 1 are off by 2e-3 and the loss by 1e-4 and more.
        torch.testing.assert_close(loss.double(), expected, rtol=3e-6, atol=0)
    torch.testing.assert_close(
        ab.double(), annealed_mean(logits, model.gamut, 0.38), atol=1e-3, rtol=1e-5
    )


def test_in_float64_a_head_computes_in_float64():
    model = model_of("regression").double()
    features = torch.randn(1, 8, 4, 4, dtype=torch.float64)
    assert model.regressed(features).dtype == torch.float64
    assert model_of("classification").double().annealed(features).dtype == torch.float64


def test_a_loss_in_mixed_precision_is_that_of_unrounded_ab(images):
    """The whole step: the network in bfloat16, its head and the loss in float32."""
    (batch,) = center_loader(images, size=32, batch=8, workers=0)
    torch.manual_seed(0)
    model = Colorizer(Architecture(method="regression", **SMALL), Gamut.srgb())
    module = TrainingModule(
        model, None, TrainConfig(**SMALL | {"crop": 32, "method": "regression"})
    )
    with torch.autocast("cpu", torch.bfloat16), torch.no_grad():
        features = model.features(batch.L)
        loss = module.own_loss(features, batch.ab)
    assert features.dtype == torch.bfloat16
    ab = 100 * torch.nn.functional.conv2d(
        features.float(), model.network.head.weight, model.network.head.bias
    )
    torch.testing.assert_close(loss, l2(ab.detach(), batch.ab), rtol=1e-5, atol=0)


def test_a_gain_is_kept_with_the_model(tmp_path):
    torch.manual_seed(0)
    model = Colorizer(Architecture(method="regression", **SMALL), Gamut.srgb()).eval()
    L = torch.rand(1, 1, 16, 16) * 100
    with torch.inference_mode():
        before = model.ab(L)
        apply(model, Decoding(gain=1.7))
        model.save(tmp_path / "tuned", {})
        after = Colorizer.load(tmp_path / "tuned").ab(L)
    torch.testing.assert_close(after, 1.7 * before)


def test_a_model_of_an_earlier_version_has_a_gain_of_one_and_none_below_zero(tmp_path):
    model = Colorizer(Architecture(method="regression", **SMALL), Gamut.srgb())
    model.save(tmp_path / "model", {})
    path = tmp_path / "model/config.json"
    told = json.loads(path.read_text())
    assert told.pop("gain") == 1
    path.write_text(json.dumps(told))
    assert Colorizer.load(tmp_path / "model").gain == 1
    path.write_text(json.dumps(told | {"gain": -2}))
    with pytest.raises(ValueError, match=r"config.json: .* gain"):
        Colorizer.load(tmp_path / "model")
