"""Which files there are, and one path as one endless log across rotation, truncation, deletion and return.

In come path patterns and a file system; out go chunks of whole lines, each read exactly once. Knows nothing of what is
in a line.
"""
