"""Every benchmark runs at a tiny size and finds what it promises. How fast anything is, is not for tests to say."""

from benchmarks import cut, files, history, holdup, memory, scrape, serving
from benchmarks.figure import Figure, Sizes

TINY = Sizes(
    lines=2_000,
    naive_lines=100,
    turns=1,
    memory_lines=2_000,
    repeats=1,
    demo_lines=200,
    settle_seconds=0,
    watch_seconds=0.1,
    scrape_every=0.05,
    turns_watched=1,
    idle_files=8,
    busy_files=4,
    runs=1,
    counters=50,
    scrapes=1,
    cuts=2,
    naive_cuts=1,
    fresh_seconds=0,
    history_lines=1_000,
    history_demo_lines=100,
)


def whats(figures: list[Figure]) -> list[str]:
    return [figure.what for figure in figures]


def test_memory_is_measured_over_two_lengths(tmp_path):
    """The target is for the longer log."""
    long, short, difference = memory.run(tmp_path, TINY)
    assert (memory.PEAK_MIB, None) == (long.at_most, short.at_most)
    assert all(figure.value for figure in (long, short, difference))


def test_idle_measures_memory_and_cpu(tmp_path):
    """All five pipelines are served from demo logs."""
    assert ["resident memory", "CPU, no scrapes"] == whats(serving.idle(tmp_path, TINY))[:2]


def test_following_appends_to_a_served_log(tmp_path):
    """At both rates, each without scrapes and with some; what a target is for comes first."""
    figures = serving.following(tmp_path, TINY)
    assert ["CPU at 1,000 lines/s", "CPU at 10,000 lines/s"] == whats(figures)[::2]
    assert [1.0, None, 5.0, None] == [figure.at_most for figure in figures]


def test_many_files_are_followed_beside_mtail(tmp_path):
    """When nothing is written, and when something is."""
    figures = files.run(tmp_path, TINY)
    assert ["CPU with 8 idle files", "CPU with 4 busy files"] == whats(figures)[::3]


def test_scrape_fetches_every_format(tmp_path):
    """The persona runs in four formats, the many counters in one."""
    assert [f"GET /metrics, {name}" for name in [*scrape.FORMATS, "classic"]] == whats(scrape.run(tmp_path, TINY))


def test_hold_up_scrapes_while_a_log_is_read(tmp_path):
    """What the target is for comes first."""
    assert "longest hold-up of following" == holdup.run(tmp_path, TINY)[0].what


def test_cut_compares_the_exporter_with_the_naive_way(tmp_path):
    """Both ways write the same lines, whose number is told; every step of both is measured."""
    figures = {figure.what: figure for figure in cut.run(tmp_path, TINY)}
    for name in ("mix", "labelled counters"):
        found = [figures[f"{name}: {step}"].value for step in (*cut.PAGE, *cut.NAIVE, "naive way ÷ exporter")]
        assert all(found)
        assert figures[f"{name}: the naive way"].note.startswith("the same lines, ")
        assert cut.LIMIT_MS == figures[f"{name}: snapshot and text"].at_most


def test_history_is_read_by_one_process_and_by_two(tmp_path):
    """Both print the same; logs as small as these are read by one process in any case."""
    figures = history.run(tmp_path, TINY)
    assert [1.7, None] == [figure.at_least for figure in figures if "÷" in figure.what]
    assert all("the same bytes printed" in figure.note for figure in figures if "÷" in figure.what)
