"""Pictures of the dashboards, drawn from real data: what is committed in grafana/dashboards, asked of a Prometheus that
watched a demo run, and drawn by matplotlib in Grafana's dark look.

Not part of the installed exporter. What draws needs matplotlib, which `make pictures` installs; what reads, asks and
puts into words does not.
"""
