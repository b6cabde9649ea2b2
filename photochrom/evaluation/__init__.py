"""Methods × images → scores with intervals and tests."""

from photochrom.evaluation.evaluate import evaluate as evaluate
from photochrom.evaluation.methods import (
    BASELINES as BASELINES,
    Contender as Contender,
    images_for_raters as images_for_raters,
    trained as trained,
)
from photochrom.evaluation.results import Estimate as Estimate, Evaluation as Evaluation
