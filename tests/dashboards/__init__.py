"""The committed dashboards: what a linter would say, and that they are what the tables say."""
