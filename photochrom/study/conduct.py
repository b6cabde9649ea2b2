"""A whole study in one folder, stopped and continued at will.

STUDY/
├── study.json          what a resume must match: see `photochrom.study.settings`
├── prior.h5            of the training pictures
├── runs/               see `photochrom.study.runs`
└── report/             index.html, scores.json, scores.csv, pictures.csv
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from photochrom.config import PriorConfig, StudyConfig, ViewConfig
from photochrom.images import Skipped
from photochrom.models import Colorizer
from photochrom.prior import PriorFile, build_prior, view
from photochrom.quantize import Gamut
from photochrom.report import PAGE
from photochrom.study.given import Pictures, Reporter
from photochrom.study.reported import refuse_baselines, report
from photochrom.study.runs import Run, in_order, make_room, runs_of
from photochrom.study.settings import keep, refuse_other, settings_of
from photochrom.training import fit, refuse_unfit

PRIOR = PriorConfig()


def study(pictures: Pictures, config: StudyConfig, folder: Path, reporter: Reporter) -> Path:
    """Do what is missing in `folder`, and return the report's page.

    Runs that are there are not trained again, and a report that tells of all runs asked for is
    left as it is. `ValueError` where the study contradicts itself, or if the folder holds one
    with other settings or pictures.
    """
    runs, now, earlier = planned(pictures, config, folder)
    page = folder / "report" / PAGE
    keep(folder, now, earlier, page)
    make_room(runs)
    if page.exists():  # it is written last of all
        return page
    prior = _prior(folder / "prior.h5", pictures, reporter)
    folders = {run.name: run.folder for run in runs}
    for run in in_order(runs, config):
        left_out = fit(
            pictures.training,
            seen(prior, run.view),
            run.config,
            run.folder,
            initial=Colorizer.load(folders[run.start]) if run.start else None,
            origin=run.start,
            resume=True,
            on_progress=reporter.training(run.name, run.config),
        )
        reporter.skipped(left_out, f"training {run.name}")
    return report(runs, pictures, config.evaluation, page.parent, reporter)


def planned(
    pictures: Pictures, config: StudyConfig, folder: Path
) -> tuple[Sequence[Run], dict[str, Any], dict[str, Any] | None]:
    """The runs, the study's settings, and those that the folder began with; nothing is written.

    `ValueError` where they contradict themselves or each other.
    """
    refuse_baselines(config.methods)
    runs = runs_of(config, folder)
    for run in runs:
        refuse_unfit(run.config, Gamut.srgb(PRIOR.step if run.view.step is None else run.view.step))
    now = settings_of(runs, config, pictures, PRIOR)
    return runs, now, refuse_other(folder, now)


def seen(prior: PriorFile, change: ViewConfig) -> PriorFile:
    """The one count as a method sees it; the file itself where that is no change."""
    as_it_is = ViewConfig(
        step=prior.prior.gamut.step, k=prior.prior.k, sigma=prior.prior.sigma, uniform=prior.uniform
    )
    asked = {name: value for name, value in vars(change).items() if value is not None}
    same = all(getattr(as_it_is, name) == value for name, value in asked.items())
    return prior if same else view(prior, change)


def _prior(path: Path, pictures: Pictures, reporter: Reporter) -> PriorFile:
    if path.exists():
        return PriorFile.load(path)
    counted = reporter.track(pictures.training, len(pictures.training), "counting colours")
    prior = build_prior(counted, PRIOR, [pictures.source])
    failed = prior.histogram.failures.items()
    skipped = [Skipped(name, reason) for reason, (count, name) in failed for _ in range(count)]
    reporter.skipped(skipped, "counting colours")
    prior.save(path)
    return prior
