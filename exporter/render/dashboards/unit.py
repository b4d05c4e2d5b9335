"""Units as Grafana names them."""

from exporter.indicator import Unit

UNITS = {
    Unit.RATIO: "percentunit",
    Unit.SECONDS: "s",
    Unit.BYTES: "bytes",
    Unit.BITS: "suffix: bits",
    Unit.PER_BATCH: "suffix: per batch",
    Unit.USD: "currencyUSD",
    Unit.USD_PER_HOUR: "currencyUSD",
    Unit.PER_SECOND: "suffix:/s",
    Unit.BYTES_PER_SECOND: "binBps",
    Unit.NUMBER: "short",
    Unit.FLAG: "bool_yes_no",
}
AGO = "dateTimeFromNow"
"""Milliseconds since the epoch, told as how long ago that is."""
