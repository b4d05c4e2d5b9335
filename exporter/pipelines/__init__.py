"""The pipelines, one file each: add a file to add a pipeline."""
