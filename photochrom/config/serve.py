"""How the colorizer is served over HTTP."""

from dataclasses import dataclass

from photochrom.config.checks import at_least, positive


@dataclass(frozen=True)
class ServeConfig:
    """How the colorizer is served over HTTP."""

    host: str = "127.0.0.1"
    """The address to listen at; 0.0.0.0 lets other machines in."""
    port: int = 8000
    """0 takes a free one."""
    workers: int = 4
    """Pictures that are decoded, colorized together and encoded at a time; they bound memory."""
    queue: int = 32
    """Pictures that wait besides; beyond that the answer is 429, come again later."""
    timeout: float = 60.0
    """Seconds after which a request is given up with 503."""
    most_megabytes: float = 32.0
    """A larger body is refused with 413."""
    most_megapixels: float = 50.0
    """A picture that declares more is refused with 413, before it is decoded."""

    gallery: str | None = None
    """A folder or URL (gs://bucket/gallery) to keep every picture in with its result and settings;
    whoever may ask for colours may then see them at GET /gallery. Without it nothing is kept."""

    def __post_init__(self) -> None:
        at_least("workers", self.workers, 1)
        at_least("queue", self.queue, 0)
        at_least("port", self.port, 0)
        positive("timeout", self.timeout)
        positive("most_megabytes", self.most_megabytes)
        positive("most_megapixels", self.most_megapixels)
