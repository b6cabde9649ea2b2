"""Servers that run in a process of their own: waited for until they answer."""

import time

import requests


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "no answer"
        time.sleep(0.1)


def answers(url):
    try:
        return requests.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False
