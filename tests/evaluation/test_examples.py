import numpy as np

from photochrom.evaluation.examples import chosen


def shown(errors, random):
    found = chosen(np.asarray(errors, dtype=np.float64), random)
    return {kind: [place for why, place in found if why == kind] for kind, _ in found}


def test_examples_by_hand():
    # Of seven images, means 1, 3, 6, 7/3, 7, unknown, 14/3; differences 0, 9, 10, 1, 3, -, 2.
    unknown = np.nan
    errors = [
        [1, 0, 1, 2, 8, unknown, 4],
        [1, 0, 6, 2, 8, unknown, 4],
        [1, 9, 11, 3, 5, unknown, 6],
    ]
    assert shown(errors, random=2) == {
        "random": [0, 1],
        "best": [0, 3, 1, 6],
        "worst": [5, 4, 2, 6],
        "disagree": [2, 1, 4, 6],
    }


def test_fewer_images_or_rows_give_fewer_examples():
    assert shown([[2, 1]], random=9) == {"random": [0, 1], "best": [1, 0], "worst": [0, 1]}
    assert shown(np.empty((0, 3)), random=2) == {"random": [0, 1]}
