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
    """Images that are decoded, colorized together and encoded at a time; they bound memory."""
    queue: int = 32
    """Images that wait besides; beyond that the answer is 429, come again later."""
    timeout: float = 60.0
    """Seconds after which a request is given up with 503."""
    max_megabytes: float = 32.0
    """A larger body is refused with 413."""
    max_megapixels: float = 50.0
    """An image that declares more is refused with 413, before it is decoded."""

    gallery: str | None = None
    """A folder or URL (gs://bucket/gallery) to keep every image in with its result and settings;
    whoever may ask for colors may then see them at GET /gallery. Without it nothing is kept."""

    def __post_init__(self) -> None:
        at_least("workers", self.workers, 1)
        at_least("queue", self.queue, 0)
        at_least("port", self.port, 0)
        positive("timeout", self.timeout)
        positive("max_megabytes", self.max_megabytes)
        positive("max_megapixels", self.max_megapixels)
