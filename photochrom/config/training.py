"""How networks are trained."""

from dataclasses import dataclass
from typing import Literal

from photochrom.config.checks import at_least, goes_with, positive, share
from photochrom.config.network import Architecture, NetworkConfig, Norm
from photochrom.errors import ConfigError

Adversarial = Literal["bce", "hinge", "least-squares"]


@dataclass(frozen=True)
class ProtocolConfig(NetworkConfig):
    """What all methods of a comparison share. Give --steps or --minutes to end a run."""

    steps: int | None = None
    """Stop after this many steps."""
    minutes: float | None = None
    """Stop after this much training time."""
    crop: int = 112
    """Side of the square that is cut from an image; best a multiple of 16, or of 32 under vgg16
    and lite0: another is padded to one."""
    scale_min: int = 0
    """In training an image's short side is drawn from here on; 0: from --size on."""
    scale_max: int = 0
    """The same, up to here; 0: up to --size."""
    degrade: float = 0.0
    """Share of images whose L is given other contrast, grain and JPEG's blocks."""
    blur: float = 0.0
    """Share of the others whose L is made as soft as that of an image enlarged, up to twice."""
    batch_size: int = 16
    """Images a step, on all devices together."""
    chunk_size: int = 0
    """Images kept decoded in memory at a time, for data that are slow to read; 0 keeps none."""
    chunk_epochs: int = 1
    """How often each part is gone through before the next."""
    encoder_weights: str = "none"
    """A .pth file for the encoder, imagenet for the weights of extra [pretrained], or none."""
    encoder_lr: float = 1.0
    """The encoder's learning rate as a share of --lr; 0 freezes it."""
    drop_path: float = 0.0
    """Share of images that pass by lite0's last block in training; fewer by each one before."""
    init: Literal["default", "normal"] = "default"
    """First weights: PyTorch's, or from N(0, 0.02)."""
    head_init: Literal["uniform", "prior", "default"] = "uniform"
    """First weights of the head: zero, so that every method starts at the same constant color, the
    mean of the bins (uniform) or the mean of the prior (prior); or as --init says (default)."""
    lr: float = 1e-3
    """Peak learning rate."""
    schedule: Literal["cosine", "step", "plateau", "constant"] = "cosine"
    """cosine: warm-up over 2 % of the run, then to zero. step: a tenth from half of the run on,
    a hundredth from three quarters on. plateau: halved when the watched loss stays."""
    beta1: float = 0.9
    """Adam's β₁."""
    weight_decay: float = 1e-3
    """AdamW's weight decay; with 0 it is Adam."""
    gradient_clip: float = 0.0
    """Clip gradients to this norm, in place of --clip-percentile; 0 does not."""
    clip_percentile: float = 90.0
    """Clip gradients to this percentile of the norms of the last 1,000 steps (AutoClip); 0 does
    not."""
    checkpoint: Literal["last", "best"] = "last"
    """Weights that become the model: the last ones, or those of the best validation step."""
    ema_decay: float = 0.0
    """Decay a step of a running mean of the weights, which the model gets; 0: it gets the last."""
    k: int = 5
    """Bins a target is spread over; 1 is hard."""
    sigma: float = 5.0
    """Width in ab units of the Gaussian by which it is spread."""
    temperature: float = 0.38
    """Temperature of the annealed mean that the model decodes with by default."""
    seed: int = 0
    """Seeds weights, order of images, crops and flips."""
    workers: int = 1
    """Processes that load images; 0 loads them between the steps."""
    precision: Literal["auto", "32", "bf16"] = "auto"
    """Arithmetic of the network: bf16 where the machine has it, or as said."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("batch_size", "k", "crop", "chunk_epochs"):
            at_least(name, getattr(self, name), 1)
        for name in ("lr", "sigma", "temperature"):
            positive(name, getattr(self, name))
        for name in (
            "workers",
            "chunk_size",
            "gradient_clip",
            "encoder_lr",
            "weight_decay",
            "seed",
        ):
            at_least(name, getattr(self, name), 0)
        if not 0 <= self.clip_percentile <= 100:
            raise ConfigError(
                f"--clip-percentile must be within 0 and 100, got {self.clip_percentile:g}"
            )
        if self.ema_decay and self.checkpoint == "best":
            goes_with("checkpoint", "best", "--ema-decay 0", f"{self.ema_decay:g}")
        share("degrade", self.degrade)
        share("blur", self.blur)
        share("drop_path", self.drop_path)
        for name in ("beta1", "ema_decay"):
            value = getattr(self, name)
            if not 0 <= value < 1:
                raise ConfigError(
                    f"--{name.replace('_', '-')} must be 0 or more and below 1, got {value:g}"
                )
        self._check_sizes()
        if self.chunk_epochs > 1 and not self.chunk_size:
            goes_with("chunk_epochs", self.chunk_epochs, "--chunk-size", self.chunk_size)
        if self.steps is not None:
            at_least("steps", self.steps, 1)
        if self.minutes is not None:
            positive("minutes", self.minutes)
        if self.encoder == "unet" and self.encoder_weights != "none":
            goes_with("encoder_weights", self.encoder_weights, "--encoder vgg16 or lite0", "unet")
        if self.encoder == "unet" and self.encoder_lr != 1:
            goes_with("encoder_lr", self.encoder_lr, "--encoder vgg16 or lite0", "unet")
        if self.drop_path and self.encoder != "lite0":
            goes_with("drop_path", self.drop_path, "--encoder lite0", self.encoder)

    @property
    def sizes(self) -> tuple[int, int]:
        """The least and the greatest short side that an image is seen with in training."""
        return self.scale_min or self.size, self.scale_max or self.size

    def refuse_endless(self) -> None:
        """`ValueError` if nothing says when a run ends."""
        if self.steps is None and self.minutes is None:
            raise ConfigError(
                "expected --steps or --minutes to say when training ends, got neither"
            )

    def _check_sizes(self) -> None:
        least, most = self.sizes
        if not self.crop <= least <= most:
            raise ConfigError(
                f"expected --crop ≤ --scale-min ≤ --scale-max, of which each that is 0 is --size "
                f"({self.size}), got {self.crop}, {least} and {most}"
            )
        if self.crop % self.stride:
            raise ConfigError(
                f"--crop must be a multiple of --stride {self.stride}, got {self.crop}"
            )


@dataclass(frozen=True)
class GameConfig:
    """A discriminator that judges the colors, and what its judgment weighs."""

    discriminator: Literal["none", "patch", "pooled"] = "none"
    """none, one score a patch of 70 × 70, or one score an image."""
    discriminator_width: int = 64
    """Channels of the discriminator's first block."""
    discriminator_norm: Norm = "batch"
    """Its normalization."""
    discriminator_dropout: float = 0.0
    """Share of values dropped before its last layer."""
    discriminator_lr: float = 2e-4
    """Its own learning rate."""
    discriminator_interval: int = 1
    """It learns in every n-th step only."""
    adversarial: Adversarial = "bce"
    """The game's loss."""
    adversarial_weight: float = 1.0
    """What the discriminator's judgment weighs in the generator's loss."""
    adversarial_start: float = 0.0
    """Share of the run before the discriminator is there at all."""
    adversarial_warmup: float = 0.0
    """Share of the run over which its weight then grows from 0."""
    label_smoothing: float = 0.0
    """The discriminator is to call a true image real by 1 minus this."""

    def __post_init__(self) -> None:
        at_least("discriminator_width", self.discriminator_width, 1)
        at_least("discriminator_interval", self.discriminator_interval, 1)
        positive("discriminator_lr", self.discriminator_lr)
        at_least("adversarial_weight", self.adversarial_weight, 0)
        for name in ("discriminator_dropout", "adversarial_start", "adversarial_warmup"):
            share(name, getattr(self, name))
        share("label_smoothing", self.label_smoothing)
        if self.label_smoothing and self.adversarial == "hinge":
            goes_with(
                "label_smoothing",
                self.label_smoothing,
                "--adversarial bce or least-squares",
                "hinge",
            )


@dataclass(frozen=True)
class TrainConfig(GameConfig, ProtocolConfig, Architecture):
    """How one network is trained. Give --steps or --minutes to end the run."""

    rebalance: bool = True
    """Weigh each pixel by the rarity of its color (classification only)."""
    loss: Literal["l2", "smooth-l1", "l1"] = "l2"
    """The loss of a regression."""
    loss_weight: float = 1.0
    """What the method's own loss weighs."""
    l1_weight: float = 0.0
    """What L1 of a classifier's decoded colors weighs beside its cross-entropy."""
    devices: int = 1
    """Processes a machine that share each batch: on CPUs, or on as many GPUs."""
    nodes: int = 1
    """Machines that share each batch; see docs/scale.md."""

    def __post_init__(self) -> None:
        GameConfig.__post_init__(self)
        super(GameConfig, self).__post_init__()  # of the protocol, the network and its head
        for name in ("devices", "nodes"):
            at_least(name, getattr(self, name), 1)
        if self.batch_size % (self.devices * self.nodes):
            raise ConfigError(
                "--batch-size must be a multiple of --devices × --nodes "
                f"({self.devices * self.nodes}), got {self.batch_size}"
            )
        at_least("loss_weight", self.loss_weight, 0)
        at_least("l1_weight", self.l1_weight, 0)
        if self.ema_decay and self.discriminator != "none":
            goes_with("ema_decay", self.ema_decay, "--discriminator none", self.discriminator)
        if self.l1_weight and self.method != "classification":
            goes_with("l1_weight", self.l1_weight, "--method classification", self.method)

    @property
    def label(self) -> str:
        """The method in words, as reports name it."""
        if self.method == "regression":
            own = {"l2": "regression, L2", "smooth-l1": "regression, smooth L1"}
            said = own.get(self.loss, "regression, L1")
        else:
            said = "classification, rebalanced" if self.rebalance else "classification"
        return said if self.discriminator == "none" else f"{said}, {self.discriminator} GAN"
