"""Following: each line of a log is read once, whatever happens to its files."""
