from .dry_run import Cost as Cost, Forecast as Forecast, forecast as forecast
from .inputs import ImageSets as ImageSets, Reporter as Reporter, hold_out as hold_out
from .run import study as study
from .runs import Run as Run, runs_of as runs_of
