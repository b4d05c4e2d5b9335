"""Everything HTTP: who may connect and ask, what is answered, and the web configuration that says so.

In come a worker, a publisher and a listening socket; out go bytes that somebody else made. Knows no pipelines.
"""
