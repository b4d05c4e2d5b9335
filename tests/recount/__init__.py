"""An independent recount of the pipelines' logs, written as the seeds write it; shares no code with the exporter."""
