import pytest
import torch
from torch.nn import functional as F

from photochrom.quantize import Gamut, annealed_mean, decode_features, mean, mode

TEMPERATURES = [0.01, 0.1, 0.38, 1.0, 10.0]


def world(shape, gamut, dtype=torch.float32):
    torch.manual_seed(0)
    features = torch.randn(shape, dtype=dtype)
    head = torch.randn(len(gamut), shape[1], dtype=dtype)
    return features, head, torch.randn(len(gamut), dtype=dtype)


def logits(features, head, bias):
    return F.conv2d(features, head[:, :, None, None], bias)


@pytest.mark.parametrize("shape", [(2, 8, 5, 7), (1, 3, 1, 1), (1, 32, 50, 60), (3, 16, 71, 31)])
@pytest.mark.parametrize("step", [10, 20, 60])
def test_every_temperature_is_the_annealed_mean(shape, step):
    gamut = Gamut.srgb(step)
    case = world(shape, gamut, torch.float64)
    ours = decode_features(*case, gamut, TEMPERATURES)
    for ab, temperature in zip(ours, TEMPERATURES, strict=True):
        torch.testing.assert_close(ab, annealed_mean(logits(*case), gamut, temperature))


def test_in_float32_the_error_is_that_of_the_definition():
    gamut = Gamut.srgb()
    features, head, bias = world((1, 32, 64, 64), gamut, torch.float64)
    exact = logits(features, head, bias)
    single = [x.float() for x in (features, head, bias)]
    for temperature in TEMPERATURES:
        truth = annealed_mean(exact, gamut, temperature)
        (ours,) = decode_features(*single, gamut, [temperature])
        plain = annealed_mean(logits(*single), gamut, temperature)
        error, plain_error = ((x - truth).square().mean().sqrt() for x in (ours, plain))
        # A half: the largest errors are single pixels near a tie, at 0.01 decided by rounding.
        assert error <= 1.5 * plain_error + 1e-5, temperature


def test_zero_is_the_mode_and_one_the_mean():
    gamut = Gamut.srgb()
    case = world((2, 8, 20, 30), gamut)
    likeliest, expected = decode_features(*case, gamut, [0, 1])
    assert torch.equal(likeliest, mode(logits(*case), gamut))
    # float32: 313 terms of up to 110.
    torch.testing.assert_close(expected, mean(logits(*case), gamut), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_features_that_are_no_number_have_a_color_at_no_temperature(wrong):
    gamut = Gamut.srgb()
    features, head, bias = world((1, 8, 3, 3), gamut)
    features[0, 0, 1, 2] = wrong
    ours = decode_features(features, head, bias, gamut, [0, *TEMPERATURES])
    finite = torch.ones(3, 3, dtype=torch.bool)
    finite[1, 2] = False
    assert torch.equal(ours.isfinite().all(dim=2)[:, 0], finite.expand(6, 3, 3))


def test_temperatures_together_are_temperatures_alone():
    gamut = Gamut.srgb()
    case = world((2, 8, 20, 30), gamut)
    together = decode_features(*case, gamut, TEMPERATURES)
    for ab, temperature in zip(together, TEMPERATURES, strict=True):
        assert torch.equal(ab, decode_features(*case, gamut, [temperature])[0])


@pytest.mark.parametrize("size", [1e3, 1e20])
def test_huge_logits_are_decoded(size):
    gamut = Gamut.srgb()
    features, head, bias = world((1, 8, 9, 9), gamut)
    ours = decode_features(features, size * head, bias, gamut, TEMPERATURES)
    # So far apart that each temperature gives the mode.
    expected = mode(logits(features, size * head, bias), gamut)
    agree = (ours[:3] - expected).abs().amax(dim=2) < 1e-3
    assert agree.float().mean() > (0.95 if size < 1e4 else 0.999)
    assert ours.isfinite().all()


def test_any_layout_in_memory_will_do():
    gamut = Gamut.srgb()
    features, head, bias = world((2, 8, 20, 30), gamut)
    expected = decode_features(features, head, bias, gamut, [0.38])
    for layout in (
        features.to(memory_format=torch.channels_last),
        F.pad(features, (1, 2, 3, 4))[..., 3:-4, 1:-2],
        features.mT.contiguous().mT,
    ):
        # float32: products may be made in another order
        ours = decode_features(layout, head, bias, gamut, [0.38])
        torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-3)


def test_autocast_loses_no_more_than_plain_autocast_does():
    gamut = Gamut.srgb()
    case = world((1, 32, 64, 64), gamut)
    truth = annealed_mean(logits(*(x.double() for x in case)), gamut, 0.38)
    with torch.autocast("cpu", torch.bfloat16):
        (ours,) = decode_features(*case, gamut, [0.38])
        rounded = logits(*case)
    assert (ours.dtype, rounded.dtype) == (torch.float32, torch.bfloat16)
    error, plain_error = (
        (x - truth).square().mean().sqrt()
        for x in (ours, annealed_mean(rounded.float(), gamut, 0.38))
    )
    assert error <= 1.1 * plain_error  # a tenth: the same roundings, of other draws


def test_no_images_give_no_images():
    features, head, bias = world((0, 8, 4, 5), Gamut.srgb())
    assert decode_features(features, head, bias, Gamut.srgb(), [0.38]).shape == (1, 0, 2, 4, 5)


@pytest.mark.parametrize("temperature", [-0.1, float("nan")])
def test_a_negative_temperature_is_refused(temperature):
    case = world((1, 8, 4, 5), Gamut.srgb())
    with pytest.raises(ValueError, match=r"temperatures must be 0 or more, got 1, (-0.1|nan)"):
        decode_features(*case, Gamut.srgb(), [1, temperature])
