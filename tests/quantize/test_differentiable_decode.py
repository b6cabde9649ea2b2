import pytest
import torch
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from photochrom.config import Architecture
from photochrom.models import Colorizer
from photochrom.quantize import Gamut, annealed_mean, decode_features
from photochrom.quantize.differentiable_decode import annealed_mean_of_features

TEMPERATURES = [0.1, 0.38, 1.0, 2.0]


def world(shape, gamut, dtype=torch.float32):
    """Features, head and bias of a random case, all of which ask for gradients."""
    torch.manual_seed(0)
    features = torch.randn(shape, dtype=dtype)
    head = torch.randn(len(gamut), shape[1], dtype=dtype)
    bias = torch.randn(len(gamut), dtype=dtype)
    return [x.requires_grad_() for x in (features, head, bias)]


def plain(features, head, bias, gamut, temperature):
    logits = F.conv2d(features, head[:, :, None, None], bias)
    with torch.autocast("cpu", enabled=False):
        exact = logits.float() if logits.dtype == torch.bfloat16 else logits
        return annealed_mean(exact, gamut, temperature)


def results(decode, case, gamut, temperature):
    """Colors, and the gradients of their sum by random weights."""
    ab = decode(*case, gamut, temperature)
    weights = torch.randn(ab.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return [ab, *torch.autograd.grad(ab, case, weights.to(ab))]


@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize("shape", [(2, 8, 5, 7), (1, 3, 1, 1), (1, 16, 50, 60), (3, 4, 71, 31)])
@pytest.mark.parametrize("step", [10, 60])
def test_colors_and_gradients_are_those_of_the_definition(shape, step, temperature):
    gamut = Gamut.srgb(step)
    case = world(shape, gamut, torch.float64)
    for ours, theirs in zip(
        results(annealed_mean_of_features, case, gamut, temperature),
        results(plain, case, gamut, temperature),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_gradients_are_those_of_finite_differences(temperature):
    gamut = Gamut.srgb(60)
    case = world((2, 3, 2, 3), gamut, torch.float64)
    assert torch.autograd.gradcheck(
        lambda *inputs: annealed_mean_of_features(*inputs, gamut, temperature), case
    )


def of_moderate_size(dtype):
    """What training sees: features after a ReLU, channels last, and a small head."""
    torch.manual_seed(1)
    features = F.relu(torch.randn(2, 32, 64, 64)).to(memory_format=torch.channels_last)
    inputs = features, torch.randn(313, 32) * 0.3, torch.randn(313) * 0.3
    return [x.to(dtype).requires_grad_() for x in inputs]


@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize("lowered", [False, True], ids=["float32", "bfloat16"])
def test_rounding_costs_no_more_than_it_costs_the_definition(lowered, temperature):
    gamut = Gamut.srgb()
    exact = results(plain, of_moderate_size(torch.float64), gamut, temperature)
    case = of_moderate_size(torch.float32)
    with torch.autocast("cpu", torch.bfloat16, enabled=lowered):
        ours, theirs = (
            results(decode, case, gamut, temperature)
            for decode in (annealed_mean_of_features, plain)
        )
    for name, one, other, true in zip(
        ("ab", "features", "head", "bias"), ours, theirs, exact, strict=True
    ):
        assert one.dtype == torch.float32
        error, plain_error = ((x.double() - true).norm() / true.norm() for x in (one, other))
        # A tenth: both round the same logits and gradients, but add them up in another order.
        # 1e-6: in float32 both errors are a few last digits.
        assert error <= 1.1 * plain_error + 1e-6, name


def layouts(features):
    yield features.contiguous(memory_format=torch.channels_last)
    yield F.pad(features, (0, 3, 0, 2))[..., : features.shape[2], : features.shape[3]]
    yield F.pad(features.contiguous(memory_format=torch.channels_last), (1, 2))[..., 1:-2]
    yield features.mT.contiguous().mT
    yield features[:, :1].expand_as(features)


def test_any_layout_in_memory_will_do():
    gamut = Gamut.srgb()
    features, *head = world((2, 8, 20, 30), gamut, torch.float64)
    for layout in layouts(features.detach()):
        case = [layout.requires_grad_(), *head]
        contiguous = [layout.detach().clone().contiguous().requires_grad_(), *head]
        for ours, theirs in zip(
            results(annealed_mean_of_features, case, gamut, 0.38),
            results(plain, contiguous, gamut, 0.38),
            strict=True,
        ):
            torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("temperature", [0.1, 2.0])
def test_huge_logits_have_finite_colors_and_gradients(temperature):
    gamut = Gamut.srgb()
    features, head, bias = world((1, 8, 9, 9), gamut)
    with torch.no_grad():
        bias.copy_(torch.linspace(-1e4, 1e4, len(gamut))[torch.randperm(len(gamut))])
    case = [features, head, bias]
    for ours in results(annealed_mean_of_features, case, gamut, temperature):
        assert ours.isfinite().all()
    ab = annealed_mean_of_features(*case, gamut, temperature)
    # The largest bias leads by 64, and so by e³² at a temperature of 2.
    torch.testing.assert_close(ab, gamut.bins[bias.argmax()].view(1, 2, 1, 1).expand_as(ab))


def test_the_colors_are_those_of_the_decoder_without_a_gradient():
    gamut = Gamut.srgb()
    case = world((2, 8, 20, 30), gamut)
    ours = annealed_mean_of_features(*case, gamut, 0.38)
    assert torch.equal(ours, decode_features(*case, gamut, [0.38])[0])
    with torch.no_grad():
        assert not annealed_mean_of_features(*case, gamut, 0.38).requires_grad


def products_of_backward(asked):
    """Floating point operations of products, with gradients asked for by some of the inputs."""
    gamut = Gamut.srgb(60)
    case = [x.requires_grad_(i in asked) for i, x in enumerate(world((1, 4, 8, 8), gamut))]
    ab = annealed_mean_of_features(*case, gamut, 0.38)
    with FlopCounterMode(display=False) as counter:
        ab.sum().backward()
    return counter.get_total_flops()


def test_only_gradients_that_are_asked_for_are_made():
    pixels, bins, channels = 64, len(Gamut.srgb(60)), 4
    product = 2 * pixels * bins * channels
    always = product + 2 * pixels * bins * 2  # logits, and g · bin
    assert products_of_backward({0}) == always + product
    assert products_of_backward({1}) == always + product
    assert products_of_backward({2}) == always  # a sum
    assert products_of_backward({0, 1, 2}) == always + 2 * product


@pytest.mark.parametrize("asked", [0, 1, 2])
def test_a_gradient_alone_is_the_gradient_among_others(asked):
    gamut = Gamut.srgb(20)
    together = world((2, 8, 20, 30), gamut)
    alone = [x.detach().requires_grad_(i == asked) for i, x in enumerate(together)]
    for case in (together, alone):
        annealed_mean_of_features(*case, gamut, 0.38).square().sum().backward()
    assert torch.equal(alone[asked].grad, together[asked].grad)


class Largest(TorchDispatchMode):
    """The number of values of the largest tensor that any operation gave."""

    values = 0

    def __torch_dispatch__(self, operation, types, inputs=(), options=None):
        out = operation(*inputs, **(options or {}))
        for tensor in torch.utils._pytree.tree_leaves(out):
            if isinstance(tensor, torch.Tensor):
                self.values = max(self.values, tensor.untyped_storage().nbytes() // 4)
        return out


def largest_and_kept(decode):
    """The largest tensor, and what is kept between forward and backward, in values."""
    gamut = Gamut.srgb()
    case = world((1, 8, 100, 100), gamut)
    kept = []
    with (
        torch.autograd.graph.saved_tensors_hooks(
            lambda x: kept.append(x.numel()) or x, lambda x: x
        ),
        Largest() as largest,
    ):
        decode(*case, gamut, 0.38).sum().backward()
    return largest.values, sum(kept)


def test_no_distribution_of_every_pixel_is_held():
    everything = 313 * 100 * 100
    largest, kept = largest_and_kept(plain)
    assert min(largest, kept) >= everything  # so this would be seen
    largest, kept = largest_and_kept(annealed_mean_of_features)
    assert largest < everything / 4  # a block is a fifth of these pixels
    assert kept == 8 * 100 * 100 + 313 * 8 + 313  # features, head, bias


def test_a_graph_that_is_kept_gives_the_same_gradients_again():
    gamut = Gamut.srgb(20)
    case = world((2, 8, 10, 10), gamut)
    loss = annealed_mean_of_features(*case, gamut, 0.38).square().sum()
    first = torch.autograd.grad(loss, case, retain_graph=True)
    assert all(map(torch.equal, first, torch.autograd.grad(loss, case)))


def test_a_second_derivative_is_refused():
    gamut = Gamut.srgb(60)
    case = world((1, 3, 2, 2), gamut)
    loss = annealed_mean_of_features(*case, gamut, 0.38).square().sum()
    (by_features,) = torch.autograd.grad(loss, case[0], create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        by_features.sum().backward()


def test_compiled_code_leaves_it_out_and_agrees():
    gamut = Gamut.srgb(20)
    case = world((2, 8, 6, 6), gamut)
    compiled = torch.compile(
        lambda f, w, b: annealed_mean_of_features(2 * f, w, b, gamut, 0.38), backend="aot_eager"
    )
    expected = annealed_mean_of_features(2 * case[0], *case[1:], gamut, 0.38)
    torch.testing.assert_close(compiled(*case), expected)


def test_no_images_give_no_images_and_no_gradient():
    gamut = Gamut.srgb()
    case = world((0, 8, 4, 5), gamut)
    ab, by_features, *by_head = results(annealed_mean_of_features, case, gamut, 0.38)
    assert (ab.shape, by_features.shape) == ((0, 2, 4, 5), (0, 8, 4, 5))
    assert not any(x.any() for x in by_head)


@pytest.mark.parametrize("temperature", [0, -0.1, float("nan")])
def test_a_temperature_that_is_not_positive_is_refused(temperature):
    gamut = Gamut.srgb()
    with pytest.raises(ValueError, match=r"temperature must be positive, got (0|-0.1|nan)"):
        annealed_mean_of_features(*world((1, 8, 4, 5), gamut), gamut, temperature)


def test_a_colorizer_decodes_at_its_own_temperature_with_a_gradient():
    colorizer = Colorizer(Architecture(width=2, size=32), Gamut.srgb(20), temperature=0.2).eval()
    L = torch.rand(1, 1, 32, 32) * 100
    ab = colorizer.annealed(colorizer.features(L))
    assert torch.equal(ab, colorizer.ab(L))
    ab.square().sum().backward()
    assert all(weight.grad.any() for weight in colorizer.network.parameters())
