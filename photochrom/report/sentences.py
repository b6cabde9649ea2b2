"""What the numbers say, in words that claim no more than their intervals do."""

import math
from collections.abc import Sequence

from photochrom.metrics import Metric
from photochrom.report.standing import Standing, compared, is_ahead, standing, trained
from photochrom.report.wording import (
    BY_KEY,
    about,
    between,
    joined,
    measured,
    plural,
    quoted,
    told,
    with_unit,
)
from photochrom.results import Evaluation, Row

_FEW = 20
"""Pictures below which the interval of a mean is a tenth or more narrower than Student's."""


def sentences(evaluation: Evaluation) -> list[str]:
    """The summary: who leads, what grey scores, colourfulness, calibration, and the limits."""
    if not trained(evaluation):
        return ["No method was evaluated: the rows below are baselines."]
    said = [
        _on_leading(evaluation, "auc_rebalanced"),
        _on_leading(evaluation, "auc_raw"),
        _on_grey(
            evaluation, "auc_rebalanced", "Grey, which has no colour, has a rebalanced AuC of"
        ),
        _on_grey(evaluation, "auc_raw", "Raw AuC rewards caution: grey has"),
        _on_grey(evaluation, "psnr", "PSNR rewards caution: grey has"),
        _on_color(evaluation),
        _on_calibration(evaluation),
        _on_seeds(evaluation),
        _on_limits(evaluation),
    ]
    return [sentence for sentence in said if sentence]


def _on_leading(evaluation: Evaluation, key: str) -> str:
    metric = BY_KEY[key]
    found = standing(evaluation, metric)
    if found is None:
        return f"No method has a {metric.title} that is a number."
    score = measured(found.score(found.best), metric)
    if len(trained(evaluation)) == 1:
        return f"{_names([found.best])}, the one method, has a {metric.title} of {score}."
    return (
        f"{_names([found.best])} has the highest {metric.title} of the methods, {score}"
        f"{_on_lead(evaluation, found)}.{_on_silent(evaluation, metric)}"
    )


def _on_lead(evaluation: Evaluation, found: Standing) -> str:
    """Whether the data support that the best leads, and over whom."""
    said = ""
    if found.behind and not found.level and not found.open:
        said += f", and the data support its lead over {_names(found.behind)}"
        said += _on_margin(evaluation, found)
    elif found.behind:
        said += f"; the data support its lead over {_names(found.behind)}"
    if found.level:
        level = [f"{_names([row])} ({_score(row, found)})" for row in found.level]
        said += f", but {'' if found.behind else 'the data '}do not tell it from {joined(level)}"
        said += _on_size(evaluation, found)
    if found.open:
        said += f"; it was not compared with {_names(found.open)} on the same pictures"
    return said


def _on_silent(evaluation: Evaluation, metric: Metric) -> str:
    """Who has a score that is no number, as of colours that are none."""
    scores = [(row, row.scores.get(metric.key)) for row in trained(evaluation)]
    silent = [row for row, score in scores if score and math.isnan(score.value)]
    return f" {_names(silent)} {'has' if len(silent) == 1 else 'have'} none." if silent else ""


def _on_margin(evaluation: Evaluation, found: Standing) -> str:
    """How far behind the nearest is."""
    nearest, digits = found.behind[0], found.metric.digits
    pair = compared(evaluation, found.metric, found.best, nearest)
    if pair is None:
        return ""
    which = f", over {_names([nearest])}, the nearest," if len(found.behind) > 1 else ""
    margin = f"{told(pair.difference.value, digits)} ({between(pair.difference, digits)})"
    return f"{which} by {margin}"


def _on_size(evaluation: Evaluation, found: Standing) -> str:
    """How many pictures would tell the best from the nearest of those level with it."""
    nearest = found.level[0]
    pair = compared(evaluation, found.metric, found.best, nearest)
    if pair is None or pair.pictures_needed is None:
        return ""
    which = f"it from {_names([nearest])}" if len(found.level) > 1 else "them apart"
    return f": {about(pair.pictures_needed)} would tell {which}"


def _on_grey(evaluation: Evaluation, key: str, opening: str) -> str:
    """Which trained methods are above grey, and which below, where the data tell."""
    metric = BY_KEY[key]
    grey = next((row for row in evaluation.rows if row.name == "grey" and row.baseline), None)
    rows = [row for row in trained(evaluation) if key in row.scores]
    if grey is None or key not in grey.scores or not rows:
        return ""
    above = [row for row in rows if is_ahead(evaluation, metric, row, grey)]
    below = [row for row in rows if is_ahead(evaluation, metric, grey, row)]
    level = [row for row in rows if row not in above and row not in below]
    score = with_unit(grey.scores[key].value, metric)
    groups = {f"above it{_least(above, grey, metric)}": above, "below it": below}
    return f"{opening} {score}. {_sorted(groups, level, len(rows))}."


def _least(above: Sequence[Row], grey: Row, metric: Metric) -> str:
    """The smallest lead over grey."""
    if not above:
        return ""
    least = min(above, key=lambda row: row.scores[metric.key].value)
    lead = least.scores[metric.key].value - grey.scores[metric.key].value
    by = f"by {told(lead, metric.digits)}"
    return f" ({_names([least])} least, {by})" if len(above) > 1 else f" {by}"


def _sorted(groups: dict[str, list[Row]], level: Sequence[Row], total: int) -> str:
    """Which methods are what, and which the data leave open."""
    clauses = [
        f"{_all(rows, total)} {'is' if len(rows) == 1 else 'are'} {what}"
        for what, rows in groups.items()
        if rows
    ]
    if level:
        clauses.append(f"the data do not tell {_names(level)} from it")
    said = "; ".join(clauses)
    return said[:1].upper() + said[1:] if level and len(clauses) == 1 else said


def _all(rows: Sequence[Row], total: int) -> str:
    if len(rows) < total or total == 1:
        return _names(rows)
    return "Both methods" if total == 2 else f"All {total} methods"


def _on_color(evaluation: Evaluation) -> str:
    """Duller or more colourful than the truth, and who comes nearest."""
    metric = BY_KEY["colorfulness"]
    found = standing(evaluation, metric)
    if found is None:
        return ""
    truth = evaluation.truth[metric.key]
    rows = [found.best, *found.behind, *found.level, *found.open]
    duller = [row for row in rows if found.score(row).high < truth]
    brighter = [row for row in rows if found.score(row).low > truth]
    level = [row for row in rows if row not in duller and row not in brighter]
    groups = {"less colourful": duller, "more colourful": brighter}
    said = _sorted(groups, level, len(rows))
    nearest = ""
    if len(rows) > 1:
        nearest = f"; {_names([found.best])} comes nearest, at {_score(found.best, found)}"
        if found.level or found.open:
            nearest += f", but not measurably nearer than {_names([*found.level, *found.open])}"
    return f"The true pictures have a colourfulness of {told(truth, 1)}. {said}{nearest}."


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
    """The mean probability of the likeliest bin, beside how often it is right."""
    bins = [one for one in evaluation.calibration.get(row.name, []) if one.share > 0]
    share = math.fsum(one.share for one in bins)
    if not share:
        return ""
    claimed = 100 * math.fsum(one.share * one.confidence for one in bins) / share
    right = 100 * math.fsum(one.share * one.accuracy for one in bins) / share
    return (
        f", its likeliest bin given {told(claimed, 0)} % on average, and {told(right, 0)} % right"
    )


def _on_seeds(evaluation: Evaluation) -> str:
    """What the intervals cover."""
    if evaluation.counted == 1:
        return ""
    seeds = {row.seeds for row in trained(evaluation)}
    if seeds == {1}:
        return (
            "Each method is one run: the intervals cover the choice of pictures, "
            "not the luck of a training run."
        )
    runs = f"{min(seeds)}" if len(seeds) == 1 else f"{min(seeds)} to {max(seeds)}"
    return (
        f"Each method is the mean of {runs} runs with different seeds, and the intervals cover "
        "the choice of pictures and of seeds."
    )


def _on_limits(evaluation: Evaluation) -> str:
    return (
        "What this does not show: other photographs, sizes, networks or lengths of training, and "
        f"what people would prefer. It rests on {plural(evaluation.counted, 'photograph')} at "
        f"{evaluation.size} pixels; a lead is called one only where a 95 % interval leaves out 0, "
        f"and among twenty such intervals about one errs.{_on_few(evaluation)}"
    )


def _on_few(evaluation: Evaluation) -> str:
    """What the intervals of few pictures are not worth."""
    if evaluation.counted == 1:
        return " One photograph tells nothing of others, and so has no interval."
    if evaluation.counted < _FEW:
        return " Of so few photographs the intervals are too narrow, and more of them err."
    return ""


def _names(rows: Sequence[Row]) -> str:
    return quoted(row.name for row in rows)


def _score(row: Row, found: Standing) -> str:
    return with_unit(row.scores[found.metric.key].value, found.metric)
