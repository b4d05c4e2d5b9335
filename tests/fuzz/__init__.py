"""Bad and odd input: a corpus that people can read, what is made of it, round trips, and fuzz targets."""
