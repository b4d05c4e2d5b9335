"""The rules: what they fire at is typed here a second time, and promtool says whether they do."""
