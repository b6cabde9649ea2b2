"""A server, images for it, and what the library makes of them: shared by tests of serving."""

import io
import threading
import time

import numpy as np
import requests
import uvicorn
from PIL import Image

from photochrom import image_io
from photochrom.config import ColorizeConfig
from photochrom.models import load_model
from photochrom.rendering.predict import paint, predicted
from photochrom.serve import create_app


class Client:
    """A server in a thread of its own, and what is asked of it."""

    def __init__(self, service):
        config = uvicorn.Config(create_app(service), port=0, log_level="critical")
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)
        port = self.server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"

    def get(self, path):
        return requests.get(self.url + path, timeout=30)

    def colorize(self, data, query=""):
        return requests.post(f"{self.url}/colorize{query}", data=data, timeout=30)

    def stop(self):
        self.server.should_exit = True
        self.thread.join()


def encoded(format="JPEG", size=(50, 40), seed=0, **options):
    noise = np.random.default_rng(seed).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    data = io.BytesIO()
    Image.fromarray(noise).resize(size).save(data, format, **options)
    return data.getvalue()


def colorized(data, place, **config):
    """What the library makes of the same file."""
    file, config = image_io.decode_original(data), ColorizeConfig(**config)
    for page, colors in zip(
        file.pages, predicted(file.pages, load_model(place), config), strict=True
    ):
        paint(page, colors)
    return image_io.encode_original(file, format=config.format, quality=config.quality).data
