"""Sources in proportion to the root of their size."""

from collections import Counter
from pathlib import Path

import pytest

from photochrom.data import Order, read_sources
from photochrom.image_io import SourceImage

SOURCES = [*["large"] * 81, *["small"] * 9, *["one"] * 1]  # roots 9, 3, 1


def order(**changes):
    settings = {"chunk_size": 0, "chunk_epochs": 1, "seed": 0, "sources": SOURCES} | changes
    return Order(len(SOURCES), **settings)


def shown(order, first, last):
    return [next(order.candidates(order.locate(position))) for position in range(first, last)]


def test_a_pass_has_of_each_source_in_proportion_to_the_root_of_its_size():
    # 91 places by 9 : 3 : 1 are 63, 21 and 7.
    assert Counter(SOURCES[p] for p in shown(order(), 0, 91)) == {
        "large": 63,
        "small": 21,
        "one": 7,
    }


def test_every_image_of_a_source_is_seen_before_one_is_seen_again():
    large = [p for p in shown(order(), 0, 3 * 91) if SOURCES[p] == "large"]
    assert len(large) == 189
    assert Counter(large[:63] + large[63:126]).most_common(1)[0][1] <= 2
    times = Counter(large)
    assert len(times) == 81
    assert set(times.values()) == {2, 3}  # 189 uses of 81 images


def test_the_order_follows_from_the_seed_and_the_position():
    forth = shown(order(), 0, 200)
    fresh = order()
    assert [shown(fresh, p, p + 1)[0] for p in reversed(range(200))] == forth[::-1]
    assert shown(order(seed=1), 0, 91) != forth[:91]


def test_parts_keep_the_proportion_of_their_pass():
    parts = order(chunk_size=30, chunk_epochs=2)
    assert Counter(SOURCES[p] for p in shown(parts, 0, 182)) == {
        "large": 126,
        "small": 42,
        "one": 14,
    }


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "index.tsv"
    path.write_text("key\tshard\tsource\na/1\tx\tflowers\n2.b\tx\tscenes\n")
    return str(path)


def test_sources_are_found_by_name_whatever_the_suffix(table):
    images = [SourceImage("2.b.png", ""), SourceImage("a/1.jpg", "")]
    assert read_sources(table, images) == ["scenes", "flowers"]


def test_a_image_without_a_line_is_named(table):
    images = [SourceImage("a/1.jpg", ""), SourceImage("a/3.jpg", "")]
    with pytest.raises(ValueError, match=r"each of 2 images, got none for 1: the first is a/3"):
        read_sources(table, images)


def test_a_table_without_the_columns_is_refused(table, tmp_path):
    Path(table).write_text("key\tfrom\na\tb\n")
    with pytest.raises(ValueError, match=r"expected the columns key and source, got no source"):
        read_sources(table, [])
    with pytest.raises(ValueError, match=r"expected a table with the columns key and source"):
        read_sources(str(tmp_path / "none.tsv"), [])
