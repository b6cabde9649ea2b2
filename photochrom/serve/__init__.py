"""The colorizer over HTTP: `web` speaks HTTP, `service` bounds the work, `batching` shares it."""

from photochrom.serve.service import Busy as Busy, Service as Service
from photochrom.serve.web import create_app as create_app
