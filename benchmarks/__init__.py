"""Ratios measured side by side: `python -m benchmarks`, or `python -m benchmarks.NAME` for one."""
