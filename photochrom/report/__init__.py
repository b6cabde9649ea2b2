"""An evaluation → a folder: one self-contained page, and the numbers as JSON and CSV."""

from photochrom.report.html import PAGE as PAGE, write_report as write_report
