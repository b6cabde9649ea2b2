"""How the colorizer is shown in a browser."""

from dataclasses import dataclass

from photochrom.config.checks import at_least, positive


@dataclass(frozen=True)
class AppConfig:
    """How the colorizer is shown in a browser."""

    host: str = "127.0.0.1"
    """The address to listen at; 0.0.0.0 lets other machines in."""
    port: int = 8501
    """Another, if this one is taken."""
    max_megabytes: int = 32
    """A larger file is refused."""
    max_megapixels: float = 50.0
    """An image that declares more is refused, before it is decoded."""
    concurrency: int = 2
    """Images that are decoded, colorized or encoded at a time, whoever waits; they bound
    memory."""

    gallery: str | None = None
    """A folder or URL (gs://bucket/gallery) in which people may keep an image with its result and
    settings, by a button; whoever can open the app sees what is kept. Without it nothing is."""

    def __post_init__(self) -> None:
        at_least("max_megabytes", self.max_megabytes, 1)
        positive("max_megapixels", self.max_megapixels)
        at_least("concurrency", self.concurrency, 1)
        at_least("port", self.port, 1)

    @property
    def at_home(self) -> bool:
        """Whether only this machine can reach it: then whoever asks may name its folders."""
        return self.host in ("127.0.0.1", "::1", "localhost")

    @property
    def most_pixels(self) -> int:
        """As a whole number."""
        return round(1e6 * self.max_megapixels)
