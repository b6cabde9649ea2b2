"""A whole study in one folder, stopped and continued at will.

STUDY/
├── study.json          what a resume must match: see `photochrom.study.state`
├── prior.h5            of the training images
├── sweep/              see `photochrom.study.selection`
├── runs/               see `photochrom.study.runs`
└── report/             index.html, scores.json, scores.csv, images.csv
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from photochrom.config import PriorConfig, StudyConfig, ViewConfig
from photochrom.errors import StudyError
from photochrom.image_io import Skipped
from photochrom.models import Colorizer
from photochrom.prior import PriorFile, build_prior, view
from photochrom.quantize import Gamut
from photochrom.report import PAGE
from photochrom.report.build import refuse_baselines
from photochrom.study.inputs import ImageSets, Reporter
from photochrom.study.methods import with_values
from photochrom.study.reported import report
from photochrom.study.runs import Run, in_order, make_room, runs_of
from photochrom.study.selection import choose, reported, trials_of, tuned_model
from photochrom.study.state import keep, refuse_other, settings_of
from photochrom.training import fit, refuse_unfit

PRIOR = PriorConfig()


def study(images: ImageSets, config: StudyConfig, folder: Path, reporter: Reporter) -> Path:
    """Do what is missing in `folder`, and return the report's page.

    Runs that are there are not trained again, and a report that tells of all runs asked for is
    left as it is. `ValueError` where the study contradicts itself, or if the folder holds one
    with other settings or images.
    """
    runs, now, earlier = planned(images, config, folder)
    page = folder / "report" / PAGE
    keep(folder, now, earlier, page)
    make_room(runs)
    if page.exists():  # it is written last of all
        return page
    prior = _prior(folder / "prior.h5", images, reporter)
    done = trained_runs(runs, prior, images, config, folder, reporter)
    models = {
        run.name: tuned_model(run, seen(prior, run.view), images, config, reporter) for run in done
    }
    trials = reported(runs, config, folder)
    return report(done, models, trials, prior, images, config, page.parent, reporter)


def trained_runs(
    runs: Sequence[Run],
    prior: PriorFile,
    images: ImageSets,
    config: StudyConfig,
    folder: Path,
    reporter: Reporter,
) -> list[Run]:
    """Train what is missing, and return the runs with the values that their sweeps chose.

    A method's sweep comes before its first run, which may follow the run of another method.
    """
    folders = {run.name: run.folder for run in runs}
    chosen: dict[str, Mapping[str, Any]] = {}

    def train(run: Run) -> PriorFile:
        file = seen(prior, run.view)
        left_out = fit(
            images.training,
            file,
            run.config,
            run.folder,
            initial=Colorizer.load(folders[run.start]) if run.start else None,
            origin=run.start,
            watched=images.val,
            resume=True,
            on_progress=reporter.training(run.name, run.config),
        )
        reporter.skipped(left_out, f"training {run.name}")
        return file

    done = {}
    for run in in_order(runs, config):
        if run.method not in chosen:
            trials = trials_of(run, config, folder, chosen)
            chosen[run.method] = choose(trials, train, images, config, reporter) if trials else {}
        done[run.name] = _with_choice(run, config, chosen)
        train(done[run.name])
    return [done[run.name] for run in runs]


def _with_choice(run: Run, config: StudyConfig, chosen: Mapping[str, Mapping[str, Any]]) -> Run:
    """Return a run with the values that its method's sweep chose."""
    method = with_values(config, run.method, chosen[run.method], chosen)
    return replace(run, config=replace(method.config, seed=run.seed), view=method.view)


def planned(
    images: ImageSets, config: StudyConfig, folder: Path
) -> tuple[Sequence[Run], dict[str, Any], dict[str, Any] | None]:
    """The runs, the study's settings, and those that the folder began with; nothing is written.

    `ValueError` where they contradict themselves or each other.
    """
    refuse_baselines(config.methods)
    if config.sweeps and not images.select:
        raise StudyError("--sweep needs images to choose on, got none: add --select")
    runs = runs_of(config, folder)
    trials = [trial.run for run in runs for trial in trials_of(run, config, folder)]
    for run in [*runs, *trials]:
        refuse_unfit(run.config, Gamut.srgb(PRIOR.step if run.view.step is None else run.view.step))
    now = settings_of(runs, config, images, PRIOR)
    return runs, now, refuse_other(folder, now)


def seen(prior: PriorFile, change: ViewConfig) -> PriorFile:
    """The one count as a method sees it; the file itself where that is no change."""
    as_it_is = ViewConfig(
        step=prior.prior.gamut.step, k=prior.prior.k, sigma=prior.prior.sigma, uniform=prior.uniform
    )
    asked = {name: value for name, value in vars(change).items() if value is not None}
    same = all(getattr(as_it_is, name) == value for name, value in asked.items())
    return prior if same else view(prior, change)


def _prior(path: Path, images: ImageSets, reporter: Reporter) -> PriorFile:
    if path.exists():
        return PriorFile.load(path)
    counted = reporter.track(images.training, len(images.training), "counting colors")
    prior = build_prior(counted, PRIOR, [images.source])
    failed = prior.histogram.failures.items()
    skipped = [Skipped(name, reason) for reason, (count, name) in failed for _ in range(count)]
    reporter.skipped(skipped, "counting colors")
    prior.save(path)
    return prior
