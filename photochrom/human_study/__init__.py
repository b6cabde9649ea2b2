"""Human judgment of colorizations: a two-alternative forced-choice page, and its answers.

Zhang, Isola and Efros, "Colorful Image Colorization", ECCV 2016, section 3.1: raters see a
photograph beside its colorization for one second and say which is which. A method's fooled rate is
the fraction of pairs in which the colorization was taken for the photograph; 50 % would be
indistinguishable.
"""

from photochrom.human_study.answers import (
    Answer as Answer,
    Answers as Answers,
    AnswersError as AnswersError,
    read_answers as read_answers,
)
from photochrom.human_study.page import write_human_study as write_human_study
from photochrom.human_study.rates import (
    PUBLISHED as PUBLISHED,
    FooledRate as FooledRate,
    Pairwise as Pairwise,
    compare as compare,
    judge as judge,
)
from photochrom.human_study.screening import (
    MAX_FAILED as MAX_FAILED,
    Excluded as Excluded,
    Screened as Screened,
    screen as screen,
)
