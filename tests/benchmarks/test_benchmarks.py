"""Every benchmark runs at a tiny size and finds what it promises. How fast anything is, is not for tests to say."""

from benchmarks import catchup, cut, files, following, history, holdup, idle, memory, mtail, scrape
from benchmarks.figure import Figure, Found, Sizes, Table

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
    rests=1,
    idle_files=8,
    busy_files=4,
    samples=(200,),
    catchup_bytes=200_000,
    scrapes=1,
    cuts=2,
    naive_cuts=1,
    fresh_seconds=0,
    history_lines=1_000,
    history_demo_lines=100,
)


def whats(found: Found) -> list[str]:
    return [one.what for one in found if isinstance(one, Figure)]


def test_memory_is_measured_over_two_lengths(tmp_path):
    """The target is for the longer log."""
    long, short, difference = memory.run(tmp_path, TINY)
    assert (memory.PEAK_MIB, None) == (long.at_most, short.at_most)
    assert all(figure.value for figure in (long, short, difference))


def test_idle_measures_memory_and_cpu(tmp_path):
    """All five pipelines are served from demo logs."""
    assert ["resident memory", "CPU, no scrapes"] == whats(idle.run(tmp_path, TINY))[:2]


def test_following_appends_to_a_served_log(tmp_path):
    """At both rates, each without scrapes and with some, and beside mtail; what a target is for comes first."""
    figures = following.run(tmp_path, TINY)
    assert ["CPU at 1,000 lines/s", "CPU at 10,000 lines/s"] == whats(figures)[::5]
    assert [1.0, 5.0] == [figure.at_most for figure in figures if figure.at_most]
    assert all(
        (figure.value is None) == bool(figure.note == mtail.MISSING) for figure in figures if "÷" not in figure.what
    )


def test_many_files_are_followed_beside_mtail(tmp_path):
    """When nothing is written, and when something is."""
    figures = files.run(tmp_path, TINY)
    assert ["CPU with 8 idle files", "CPU with 4 busy files"] == whats(figures)[::3]


def test_scrape_fetches_every_format(tmp_path):
    """CPU time is told of what Prometheus asks for; a table has the other formats."""
    figure, table = scrape.run(tmp_path, TINY)
    assert isinstance(figure, Figure)
    assert isinstance(table, Table)
    assert ("CPU of a scrape of 200 series", True) == (figure.what, bool(figure.value))
    assert [*scrape.FORMATS, scrape.RESTING] == [form for _, form, *_ in table.rows]


def test_hold_up_scrapes_while_a_log_is_read(tmp_path):
    """What the target is for comes first."""
    assert "200 series: longest hold-up" == holdup.run(tmp_path, TINY)[0].what


def test_catch_up_is_measured_until_all_is_read(tmp_path):
    """Speed and memory have targets; the table has other ways beside."""
    speed, peak, table = catchup.run(tmp_path, TINY)
    assert isinstance(speed, Figure)
    assert isinstance(peak, Figure)
    assert isinstance(table, Table)
    assert (True, True) == (bool(speed.value), bool(peak.value))
    assert ["exporter", "bare decode"] == [way for way, *_ in table.rows][:2]


def test_cut_compares_the_exporter_with_the_naive_way(tmp_path):
    """Both ways write the same lines, whose number is told; every step of both is measured."""
    found = cut.run(tmp_path, TINY)
    for name in cut.SUBJECTS:
        what = f"{name}, 200 samples: "
        whole, ratio = (one for one in found if isinstance(one, Figure) and one.what.startswith(what))
        assert (True, True, "the same lines") == (bool(whole.value), bool(ratio.value), ratio.note)
    steps = {what for one in found if isinstance(one, Table) for what, *_ in one.rows}
    assert {*cut.PAGE, *cut.ODD, "sync", *(f"naive: {step}" for step in cut.NAIVE)} <= steps


def test_history_is_read_by_one_process_and_by_two(tmp_path):
    """Both print the same; logs as small as these are read by one process in any case."""
    figures = history.run(tmp_path, TINY)
    ours, machine, mixed = (figure for figure in figures if "÷" in figure.what)
    assert [1.7, None, None] == [figure.at_least for figure in (ours, machine, mixed)]
    assert all("the same bytes printed" in figure.note for figure in (ours, mixed))
    assert (machine.value or 0) > 0
