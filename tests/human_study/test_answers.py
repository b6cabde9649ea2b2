"""Files of answers: what is read, what is refused, and who is left out."""

import csv
import io
import math
import re

import pytest
from human_study_world import answered, given, saved as saved

from photochrom.human_study import (
    AnswersError,
    judge,
    read_answers,
    screen,
)


@pytest.fixture
def refusal(saved):
    """Read answers that must be refused: the error's text, without the file's path."""

    def refuse(content, name="answers.json"):
        path = saved(content, name)
        with pytest.raises(AnswersError) as caught:
            read_answers([path])
        assert "\n" not in str(caught.value)
        return str(caught.value).removeprefix(f"{path}: ")

    return refuse


def test_answers_are_read_from_json(saved):
    rows = [answered(1, True), answered(2, False, kind="attention")]
    (anna,) = read_answers([saved(given(answers=rows))])
    assert (anna.study, anna.rater, anna.session) == ("abc", "anna", "session of anna")
    assert [one.fooled for one in anna.answers] == [True, False]
    assert anna.answers[1].method is None


def as_csv(content):
    head = {key: content[key] for key in ("format", "version", "study", "rater", "session")}
    text = io.StringIO()
    rows = [head | row for row in content["answers"]]
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def test_csv_holds_what_json_holds(saved):
    content = given(
        answers=[
            answered(1, True, image='a,"b"\n.png', shown_ms=999.9),
            answered(2, False, kind="attention", shown_ms=None),
        ]
    )
    (one,) = read_answers([saved(content)])
    (other,) = read_answers([saved("\ufeff" + as_csv(content), "answers.csv")])
    assert one.answers == other.answers


def test_files_of_one_session_are_merged(saved):
    rows = [answered(1, True), answered(2, False), answered(3, True)]
    paths = [
        saved(given(answers=rows[:2]), "early.json"),
        saved(given(answers=rows), "late.json"),
        saved(as_csv(given(answers=rows)), "late.csv"),
    ]
    (anna,) = read_answers(paths)
    assert len(anna.answers) == 3
    assert anna.files == tuple(map(str, paths))


def test_two_sessions_of_one_rater_are_refused(saved):
    one = saved(given(answers=[answered(1, True)]), "one.json")
    other = saved(given(answers=[answered(1, True)], session="x"), "other.json")
    said = f"{other}: expected one session of rater anna, got another than in {one}: keep one file"
    with pytest.raises(AnswersError, match=f"^{re.escape(said)}$"):
        read_answers([one, other])


def test_a_session_that_says_two_things_is_refused(saved):
    one = saved(given(answers=[answered(1, True)]), "one.json")
    other = saved(given(answers=[answered(1, False)]), "other.json")
    with pytest.raises(AnswersError, match="expected one session of rater anna"):
        read_answers([one, other])


def test_answers_of_two_studies_are_not_mixed(saved):
    one, other = saved(given("anna"), "a.json"), saved(given("bert", study="xyz"), "b.json")
    said = f"{other}: expected study abc as in {one}, got xyz: judge one study at a time"
    with pytest.raises(AnswersError, match=f"^{re.escape(said)}$"):
        read_answers([one, other])


AGAIN = ": download the answers again"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": "x"}, "expected format photochrom human study answers, got x"),
        ({"version": 2}, "expected version 1, got 2"),
        ({"version": True}, "expected version 1, got True"),
        ({"study": 5}, "expected study as text, got 5"),
        ({"rater": ""}, "expected rater as text, got "),
        ({"session": "x" * 5000}, f"expected session as text, got {'x' * 59}…"),
        ({"answers": {}}, "expected a list of answers, got {}"),
        ({"answers": [1]}, "answer 1: expected an object, got 1"),
        ({"answers": [answered(1, True), answered(1, True)]}, "expected one answer to each trial"),
    ],
)
def test_a_file_of_another_form_is_refused(change, said, refusal):
    assert refusal(given(answers=[answered(1, True)]) | change).startswith(said)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"trial": 0}, "trial as a number from 1 on, got 0"),
        ({"trial": True}, "trial as a number from 1 on, got True"),
        ({"trial": 1.5}, "trial as a number from 1 on, got 1.5"),
        ({"kind": "x"}, "kind practice or test or attention, got x"),
        ({"kind": ["test"]}, "kind practice or test or attention, got ['test']"),
        ({"image": None}, "image as text, got None"),
        ({"method": None}, "method as text, got None"),
        ({"real": "up"}, "real left or right, got up"),
        ({"answer": None}, "answer left or right, got None"),
        ({"shown_ms": "x"}, "shown_ms in milliseconds, got x"),
        ({"shown_ms": -1}, "shown_ms in milliseconds, got -1"),
        ({"shown_ms": math.nan}, "shown_ms in milliseconds, got nan"),
        ({"shown_ms": math.inf}, "shown_ms in milliseconds, got inf"),
        ({"image": "\x1b[2J\n" * 2000}, "image as text, got \\x1b[2J\\n\\x1b[2J"),
    ],
)
def test_an_answer_of_another_form_is_refused(change, said, refusal):
    told = refusal(given(answers=[answered(1, True) | change]))
    assert told.startswith(f"answer 1: expected {said}")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"trial": 0}, "trial as a number from 1 on, got 0"),
        ({"trial": "1.5"}, "trial as a number from 1 on, got 1.5"),
        ({"kind": ""}, "kind practice or test or attention, got "),
        ({"method": ""}, "method as text, got None"),
        ({"shown_ms": "x"}, "shown_ms in milliseconds, got x"),
        ({"shown_ms": "nan"}, "shown_ms in milliseconds, got nan"),
        ({"shown_ms": "9" * 400}, "shown_ms in milliseconds, got inf"),
    ],
)
def test_a_row_of_another_form_is_refused(change, said, refusal):
    told = refusal(as_csv(given(answers=[answered(1, True) | change])), "answers.csv")
    assert told == f"answer 1: expected {said}{AGAIN}"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "expected answers of a human study, got text that is not JSON"),
        ('{"a":' * 100_000, "expected answers of a human study, got text that is not JSON"),
        (
            '{"format": ' + "9" * 5000 + "}",
            "expected answers of a human study, got text that is not",
        ),
        ("", "expected answers of a human study as JSON or CSV, got a file without them"),
        ("a,b\n1,2\n", "expected answers of a human study as JSON or CSV, got a file without them"),
        ('a,b\n"1', "expected answers of a human study as JSON or CSV, got text that is neither"),
        ("\0,\0\n", "expected answers of a human study as JSON or CSV, got "),
        (
            "a" * 200_000,
            "expected answers of a human study as JSON or CSV, got text that is neither",
        ),
    ],
)
def test_what_is_no_answers_file_is_refused(content, said, refusal):
    assert refusal(content).startswith(said)


def test_rows_of_several_sessions_in_one_csv_are_refused(refusal):
    one, other = (as_csv(given(rater, [answered(1, True)])) for rater in ("anna", "bert"))
    said = refusal(one + other.split("\r\n", 1)[1], "both.csv")
    assert said == f"expected one session, got rows of several{AGAIN}"


def test_a_file_that_is_not_text_is_refused(tmp_path):
    (tmp_path / "x.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(AnswersError, match="as JSON or CSV, got text that is neither"):
        read_answers([tmp_path / "x.json"])


def test_a_file_of_more_than_50_megabytes_is_refused(tmp_path):
    with open(tmp_path / "large.json", "wb") as file:
        file.truncate(50_000_001)
    said = r"large.json: expected at most 50 MB of answers, got more: check its name$"
    with pytest.raises(AnswersError, match=said):
        read_answers([tmp_path / "large.json"])


@pytest.mark.parametrize("name", ["missing.json", "."])
def test_what_is_no_file_is_refused(name, tmp_path):
    with pytest.raises(
        AnswersError, match="expected a file of answers, found none: check its name"
    ):
        read_answers([tmp_path / name])


def test_at_least_one_file_is_needed():
    with pytest.raises(AnswersError, match="expected at least one file of answers, got none"):
        read_answers([])


def test_a_rater_who_failed_more_than_a_fifth_of_the_checks_is_excluded(saved):
    paths = []
    for rater, failed in (("careful", 1), ("careless", 2)):
        checks = [answered(n + 1, n < failed, kind="attention") for n in range(5)]
        rows = [*checks, answered(6, True)]
        paths.append(saved(given(rater, rows), f"{rater}.json"))
    screened = screen(read_answers(paths))
    assert list(screened.raters) == ["careful"]
    assert screened.excluded == [("careless", "failed 2 of 5 attention checks, more than 20%")]
    assert list(screen(read_answers(paths), max_failed=0.4).raters) == ["careful", "careless"]


def test_a_rater_without_a_check_is_excluded_where_others_have_one(saved):
    stopped = saved(given("stopped", [answered(1, True)]), "stopped.json")
    finished = saved(
        given("finished", [answered(1, True), answered(2, False, kind="attention")]), "f.json"
    )
    assert screen(read_answers([stopped])).excluded == []
    excluded = screen(read_answers([stopped, finished])).excluded
    assert excluded == [("stopped", "answered no attention check")]


def test_pairs_not_shown_for_a_second_and_practice_do_not_count(saved):
    times = (None, 749, 750, 1500, 1501)
    rows = [answered(n + 1, True, shown_ms=ms) for n, ms in enumerate(times)]
    rows.append(answered(6, True, kind="practice"))
    screened = screen(read_answers([saved(given(answers=rows))]))
    assert [one.trial for one in screened.raters["anna"]] == [3, 4]
    assert screened.hidden == 3


@pytest.mark.parametrize("share", [-0.1, 1.1, math.nan])
def test_the_share_of_failed_checks_is_a_fraction(share):
    with pytest.raises(ValueError, match=f"max_failed must be from 0 to 1, got {share:g}"):
        screen([], max_failed=share)


def test_nothing_is_concluded_from_nothing(saved):
    failed = saved(given(answers=[answered(1, True, kind="attention"), answered(2, True)]))
    said = (
        "expected at least one answer that counts, got none: excluded raters 1 (first anna, who "
        "failed 1 of 1 attention checks, more than 20%), pairs not visible for one second 0: "
        "collect more answers"
    )
    with pytest.raises(AnswersError, match=f"^{re.escape(said)}$"):
        judge(read_answers([failed]))
