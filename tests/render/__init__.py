"""What is rendered from the tables of indicators, and from what a user wants otherwise."""
