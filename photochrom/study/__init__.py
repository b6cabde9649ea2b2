"""Run a comparison: prior, training of each method with each seed, evaluation, report; resumable.

Names are loaded at first use, since the command line reads a study's definition without torch.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
