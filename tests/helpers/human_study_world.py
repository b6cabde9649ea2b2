"""Answers of raters, drawn; like conftest, it does not import photochrom."""

import json

import numpy as np
import pytest


def given(rater="anna", answers=(), **changes):
    return {
        "format": "photochrom human study answers",
        "version": 1,
        "study": "abc",
        "rater": rater,
        "session": f"session of {rater}",
        "complete": True,
        "answers": list(answers),
    } | changes


def answered(trial, fooled, *, kind="test", method="a", image=None, **changes):
    return {
        "trial": trial,
        "kind": kind,
        "image": image or f"{trial}.png",
        "method": None if kind == "attention" else method,
        "real": "left",
        "answer": "right" if fooled else "left",
        "shown_ms": 1000.2,
        "shown_px": 256,
        "answer_ms": 700,
    } | changes


@pytest.fixture
def saved(tmp_path):
    """Write what a rater downloads: its path."""

    def save(content, name="answers.json"):
        path = tmp_path / name
        text = content if isinstance(content, str) else json.dumps(content)
        path.write_text(text, encoding="utf-8")
        return path

    return save


def sessions(saved, raters=6, images=24, methods=("a", "b"), rates=(0.5, 0.25), seed=0):
    """Answers of raters who pass an attention check, drawn at given rates."""
    rng = np.random.default_rng(seed)
    paths = []
    for number in range(raters):
        order = rng.permutation(images) % len(methods)
        rows = [
            answered(n + 1, rng.random() < rates[m], method=methods[m], image=f"{n}.png")
            for n, m in enumerate(order.tolist())
        ]
        rows.append(answered(images + 1, False, kind="attention"))
        paths.append(saved(given(f"r{number}", rows), f"r{number}.json"))
    return paths
