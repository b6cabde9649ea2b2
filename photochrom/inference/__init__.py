"""Images in, color out: jobs, output paths, and what is written beside the outputs."""
