"""Each kind of panel under the name that Grafana has for it: what its queries answered, drawn into a place."""
