"""What the numbers say, in sentences that claim no more than the tests do."""

import math
from collections.abc import Sequence

from photochrom.evaluation.inference import MIN_IMAGES, MIN_SEEDS
from photochrom.evaluation.results import Evaluation, Pair, Row
from photochrom.metrics import ONE_COLOR, Metric
from photochrom.report.formatting import (
    BY_KEY,
    about,
    between,
    joined,
    measured,
    p_value,
    plural,
    quoted,
    told,
    with_unit,
)
from photochrom.report.ranking import (
    Standing,
    baseline,
    compared,
    is_ahead,
    standing,
    trained,
)

_GRAY_WINS = ("auc_raw", "ciede2000", "psnr", "ssim")
"""Metrics in which no color may beat a wrong one."""
_UNEQUAL = 1.02  # ratio of images seen from which budgets are called unequal


def sentences(evaluation: Evaluation) -> list[str]:
    """Write the summary: leader, baselines, amount of color, and what the claims are about."""
    if not trained(evaluation):
        return ["No method was evaluated: all rows are baselines."]
    said = [
        _on_selection(evaluation),
        _on_leading(evaluation),
        _on_baseline(evaluation, "constant", "The best constant color"),
        _on_baseline(evaluation, "gray", "Gray"),
        _on_gray_wins(evaluation),
        _on_one_color(evaluation),
        _on_color(evaluation),
        _on_calibration(evaluation),
        _on_budget(evaluation),
        _on_clipping(evaluation),
        _on_seeds(evaluation),
        _on_limits(evaluation),
    ]
    return [sentence for sentence in said if sentence]


def _on_selection(evaluation: Evaluation) -> str:
    """Say where scores are no results, because these images chose something."""
    if not evaluation.selected:
        return ""
    names, plural_ = quoted(evaluation.selected), len(evaluation.selected) > 1
    return (
        f"Not a result: options or decoding parameters of {names} were chosen on these images, so "
        f"{'their' if plural_ else 'its'} scores here are too high. Report scores on other images."
    )


def _on_leading(evaluation: Evaluation) -> str:
    metric = BY_KEY[evaluation.primary]
    found = standing(evaluation, metric)
    if found is None:
        return f"No method has a {metric.title} that is a number."
    which = "highest" if metric.better == "higher" else "lowest"
    score = measured(found.score(found.best), metric)
    if len(trained(evaluation)) == 1:
        return f"{_names([found.best])}, the only method, has a {metric.title} of {score}."
    return (
        f"By {metric.title}, the primary metric, {_names([found.best])} has the {which} score of "
        f"the methods, {score}.{_on_lead(evaluation, found)}{_on_silent(evaluation, metric)}"
    )


def _on_lead(evaluation: Evaluation, found: Standing) -> str:
    """Say over whom the lead is significant, and over whom it is not."""
    said = ""
    if found.behind:
        nearest = found.behind[0]
        pair = compared(evaluation, found.metric, found.best, nearest)
        which = f"over {_names([nearest])} " if len(found.behind) > 1 else ""
        said += f" Its lead over {_names(found.behind)} is significant"
        said += f" ({which}{_difference(pair, found.metric)})." if pair else "."
    if rest := [*found.level, *found.untested]:
        nearest = rest[0]
        pair = compared(evaluation, found.metric, found.best, nearest)
        said += f" It is not significantly different from {_names(rest)}"
        if pair is not None:
            which = f"from {_names([nearest])} " if len(rest) > 1 else ""
            said += f" ({which}{_difference(pair, found.metric)}{_needed(pair)})"
        said += "."
    return said


def _difference(pair: Pair, metric: Metric) -> str:
    interval = between(pair.difference, metric.digits, signed=True)
    value = told(pair.difference.value, metric.digits, signed=True)
    return f"{value}{f' ({interval})' if interval else ''}, {p_value(pair.p_adjusted)}"


def _needed(pair: Pair) -> str:
    if pair.images_needed is None:
        return ""
    return f"; {about(pair.images_needed)} would be needed to find a difference of this size"


def _on_silent(evaluation: Evaluation, metric: Metric) -> str:
    """Name the methods whose score is not a number."""
    scores = [(row, row.scores.get(metric.key)) for row in trained(evaluation)]
    silent = [row for row, score in scores if score and math.isnan(score.value)]
    verb = "has" if len(silent) == 1 else "have"
    return f" {_names(silent)} {verb} no score that is a number." if silent else ""


def _on_baseline(evaluation: Evaluation, name: str, title: str) -> str:
    """Say which methods are significantly above a baseline in the primary metric."""
    metric, row = BY_KEY[evaluation.primary], baseline(evaluation, name)
    if row is None or metric.key not in row.scores:
        return ""
    score = with_unit(row.scores[metric.key].value, metric)
    return f"{title} has a {metric.title} of {score}. {_beside(evaluation, metric, row)}"


def _beside(evaluation: Evaluation, metric: Metric, other: Row) -> str:
    """Say which methods are significantly better than a baseline, and which are worse."""
    rows = [row for row in trained(evaluation) if metric.key in row.scores]
    above = [row for row in rows if is_ahead(evaluation, metric, row, other)]
    below = [row for row in rows if is_ahead(evaluation, metric, other, row)]
    level = [row for row in rows if row not in above and row not in below]
    groups = (
        ("significantly better", above),
        ("significantly worse", below),
        ("not significantly different", level),
    )
    clauses = [f"{_all(some, rows)} {_be(some)} {what}" for what, some in groups if some]
    return f"{_capital('; '.join(clauses))}." if clauses else ""


def _all(some: Sequence[Row], rows: Sequence[Row]) -> str:
    if len(some) < len(rows) or len(rows) == 1:
        return _names(some)
    return "both methods" if len(rows) == 2 else f"all {len(rows)} methods"


def _be(rows: Sequence[Row]) -> str:
    return "is" if len(rows) == 1 else "are"


def _capital(text: str) -> str:
    """Begin with a capital, unless a name in code does."""
    ordinary = text.startswith(("both ", "all "))
    return text[:1].upper() + text[1:] if ordinary else text


def _on_gray_wins(evaluation: Evaluation) -> str:
    """Say where painting nothing is significantly better than a method."""
    gray = baseline(evaluation, "gray")
    if gray is None:
        return ""
    clauses = []
    for key in _GRAY_WINS:
        beaten = [
            row for row in trained(evaluation) if is_ahead(evaluation, BY_KEY[key], gray, row)
        ]
        if beaten and key != evaluation.primary:
            clauses.append(f"{BY_KEY[key].title} ({_all(beaten, trained(evaluation))})")
    if not clauses:
        return ""
    return (
        f"Gray is significantly better in {joined(clauses)}: these metrics punish a wrong color "
        "more than a missing one."
    )


def _on_one_color(evaluation: Evaluation) -> str:
    """Name the methods that paint nearly one color."""
    known = [(row, row.scores.get("ab_spread")) for row in trained(evaluation)]
    flat = [(row, score.value) for row, score in known if score and score.value < ONE_COLOR]
    if not flat:
        return ""
    names = joined([f"{_names([row])} ({told(value, 0)} %)" for row, value in flat])
    verb = "paints" if len(flat) == 1 else "paint"
    return (
        f"{names} {verb} nearly one color: the standard deviation of ab is below "
        f"{ONE_COLOR:.0f} % of the true images'. A score near that of the best constant says "
        "nothing else."
    )


def _on_color(evaluation: Evaluation) -> str:
    """Say who is significantly more or less colorful than the true images, image by image."""
    key, metric = "colorfulness_difference", BY_KEY["colorfulness_difference"]
    truth = evaluation.truth.get("colorfulness", math.nan)
    rows = [row for row in trained(evaluation) if key in row.scores]
    if math.isnan(truth) or not rows:
        return ""
    less = [row for row in rows if row.scores[key].high < 0]
    more = [row for row in rows if row.scores[key].low > 0]
    other = [row for row in rows if row not in less and row not in more]
    clauses = [
        f"{_names([row])} is {what} colorful by {_magnitude(row, metric)}"
        for what, some in (("less", less), ("more", more))
        for row in some
    ]
    if other:
        clauses.append(f"{_names(other)} {_be(other)} not significantly different")
    return f"The true images have a colorfulness of {told(truth, 1)}. {'; '.join(clauses)}."


def _magnitude(row: Row, metric: Metric) -> str:
    score = row.scores[metric.key]
    low, high = sorted((abs(score.low), abs(score.high)))
    interval = f"{told(low, metric.digits)} to {told(high, metric.digits)}"
    return f"{told(abs(score.value), metric.digits)} ({interval})"


def _on_calibration(evaluation: Evaluation) -> str:
    metric = BY_KEY["calibration_error"]
    clauses = [
        f"{_names([row])} {measured(row.scores[metric.key], metric)}{_claimed(evaluation, row)}"
        for row in trained(evaluation)
        if metric.key in row.scores
    ]
    if not clauses:
        return ""
    return (
        "Calibration error, the gap between a classifier’s probability and how often it is right: "
        f"{'; '.join(clauses)}."
    )


def _claimed(evaluation: Evaluation, row: Row) -> str:
    """Write the mean probability of the most probable bin, beside how often it is right."""
    bins = [one for one in evaluation.calibration.get(row.name, []) if one.share > 0]
    share = math.fsum(one.share for one in bins)
    if not share:
        return ""
    claimed = 100 * math.fsum(one.share * one.confidence for one in bins) / share
    right = 100 * math.fsum(one.share * one.accuracy for one in bins) / share
    return f" (mean probability of the top bin {told(claimed, 0)} %, right {told(right, 0)} %)"


def _on_budget(evaluation: Evaluation) -> str:
    """Say whether the methods saw as many images, and that minutes compare speed as well."""
    seen = {row.name: row.images_seen for row in trained(evaluation) if row.images_seen}
    if len(seen) < 2:
        return ""
    least, most = min(seen.values()), max(seen.values())
    if most <= _UNEQUAL * least:
        return f"Every method saw {most:,} training images."
    return (
        f"The methods saw different numbers of training images, {least:,} to {most:,}: the "
        "comparison includes how fast each of them trains."
    )


def _on_clipping(evaluation: Evaluation) -> str:
    """Say how often gradients were clipped."""
    shares = [row.clipped for row in trained(evaluation) if row.clipped is not None]
    if not shares:
        return ""
    low, high = (told(100 * share, 0) for share in (min(shares), max(shares)))
    if max(shares) > max(3 * min(shares), 0.3):
        return (
            f"Gradients were clipped in {low} to {high} % of the training steps, depending on the "
            "method: the clipping threshold favors some of them."
        )
    span = low if low == high else f"{low} to {high}"
    return f"Gradients were clipped in {span} % of the training steps of every method."


def _on_seeds(evaluation: Evaluation) -> str:
    """Say what the intervals and tests are about."""
    seeds = {row.seeds for row in trained(evaluation)}
    if min(seeds) >= MIN_SEEDS:
        runs = f"{min(seeds)}" if len(seeds) == 1 else f"{min(seeds)} to {max(seeds)}"
        return (
            f"Each method was trained with {runs} seeds. Intervals and tests cover the choice of "
            "images and of seeds, so claims are about the methods under this protocol."
        )
    runs = "once" if seeds == {1} else f"with fewer than {MIN_SEEDS} seeds"
    if len(seeds) > 1:
        runs = f"{runs}, at least in part"
    return (
        f"Each method was trained {runs}. Intervals and tests cover the choice of images alone, so "
        "claims are about these trained networks; another training of the same method may rank "
        "differently."
    )


def _on_limits(evaluation: Evaluation) -> str:
    return (
        f"What this does not show: other collections of images, sizes, networks or lengths of "
        f"training, and what people would prefer. It rests on "
        f"{plural(evaluation.counted, 'image')} at {evaluation.size} pixels. A difference is "
        "called significant where its p-value, adjusted by Holm over the pairs of the same table, "
        f"is at most .05; metrics other than the primary one are exploratory.{_on_few(evaluation)}"
    )


def _on_few(evaluation: Evaluation) -> str:
    """Say what few images cannot show."""
    if evaluation.counted < MIN_IMAGES:
        return (
            f" With fewer than {MIN_IMAGES} images no interval holds its level, so none is given "
            "and no difference is called significant."
        )
    lacking = {metric.min_images for metric in BY_KEY.values()}
    lacking = {images for images in lacking if images > evaluation.counted}
    if lacking:
        return f" Scores of pooled pixels have intervals from {min(lacking)} images or more on."
    return ""


def _names(rows: Sequence[Row]) -> str:
    return quoted(row.name for row in rows)
