"""The durable file: what comes back after a kill, a full disk and a damaged one."""

import errno
import os
import resource
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter import snapshot
from exporter.snapshot import StateError, Store
from tests.saving import copying, steps


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def saved(state: Path, *contents: bytes) -> None:
    store = Store(str(state))
    for content in contents:
        store.save(content)
    store.close()


def loaded(state: Path) -> tuple[bytes | None, int]:
    """What a start finds, and how many generations were damaged."""
    store = Store(str(state))
    try:
        return store.load(), store.damaged
    finally:
        store.close()


def damage(path: Path, how: Callable[[bytes], bytes]) -> None:
    path.write_bytes(how(path.read_bytes()))


# What comes back


def test_nothing_is_loaded_where_nothing_was_saved(state: Path) -> None:
    """A first start is no damage."""
    assert (None, 0) == loaded(state)


@pytest.mark.parametrize("content", [b"", b"x", bytes(range(256)) * 1000])
def test_what_was_saved_last_is_loaded(state: Path, content: bytes) -> None:
    """The bytes come back as they were."""
    saved(state, b"before", content)
    assert (content, 0) == loaded(state)


def test_the_directory_is_made_with_its_parents(tmp_path: Path) -> None:
    """Nobody has to prepare anything."""
    saved(tmp_path / "a" / "b", b"x")
    assert (b"x", 0) == loaded(tmp_path / "a" / "b")


def test_only_the_owner_may_read(state: Path) -> None:
    """Label values come from logs, so a snapshot is as private as these."""
    saved(state, b"one", b"two")
    assert {0o600} == {stat.S_IMODE(path.stat().st_mode) for path in state.iterdir()}


HOW = {
    "empty": lambda data: b"",
    "shorter than a header": lambda data: data[:10],
    "without content": lambda data: data[:52],
    "torn": lambda data: data[:-1],
    "longer": lambda data: data + b"x",
    "zeros": lambda data: bytes(len(data)),
}


@pytest.mark.invariant(5)
@pytest.mark.parametrize("how", HOW.values(), ids=HOW)
def test_a_damaged_snapshot_gives_way_to_the_one_before(state: Path, how: Callable[[bytes], bytes]) -> None:
    """One valid generation is always there."""
    saved(state, b"one", b"two")
    damage(state / "state.snapshot", how)
    assert (b"one", 1) == loaded(state)


@pytest.mark.invariant(5)
def test_no_flipped_bit_goes_unnoticed(state: Path) -> None:
    """Neither in the content nor in what says what it is: another schema is no reason to refuse to start."""
    saved(state, b"one", b"two")
    whole = (state / "state.snapshot").read_bytes()
    for at in range(len(whole)):
        (state / "state.snapshot").write_bytes(whole[:at] + bytes([whole[at] ^ 0x80]) + whole[at + 1 :])
        assert (b"one", 1) == loaded(state), at


@pytest.mark.invariant(5)
def test_no_missing_end_goes_unnoticed(state: Path) -> None:
    """Wherever a write stopped, what it left is not taken for a snapshot."""
    saved(state, b"one", b"two")
    whole = (state / "state.snapshot").read_bytes()
    for size in range(len(whole)):
        (state / "state.snapshot").write_bytes(whole[:size])
        assert (b"one", 1) == loaded(state), size


@pytest.mark.invariant(5)
@given(st.binary(max_size=80), st.data())
def test_no_change_of_a_generation_goes_unnoticed(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, data: st.DataObject
) -> None:
    """Whatever bytes a disk gives back instead of some of those that were written, they are not loaded."""
    state = tmp_path_factory.mktemp("state")
    saved(state, b"one", content)
    whole = (state / "state.snapshot").read_bytes()
    start, new = data.draw(st.integers(0, len(whole))), data.draw(st.binary(max_size=8))
    lost = data.draw(st.sampled_from([len(new), len(new), 0, 1, len(whole)]))
    changed = whole[:start] + new + whole[start + lost :]
    (state / "state.snapshot").write_bytes(changed)
    assert ((content, 0) if changed == whole else (b"one", 1)) == loaded(state)


@pytest.mark.invariant(5)
@pytest.mark.parametrize("size", range(0, 160, 13))
def test_a_kill_while_a_damaged_generation_is_replaced_keeps_the_good_one(
    state: Path, tmp_path: Path, size: int
) -> None:
    """The damaged generation never takes the place of the one before it, which is all that there is."""
    saved(state, b"one", bytes(100))
    damage(state / "state.snapshot", lambda data: data[:size] + b"!" + data[size + 1 :])
    copies: list[Path] = []
    store = Store(str(state), fsync=lambda file: os.fsync(file))
    assert (b"one", 1) == (store.load(), store.damaged)
    with steps(copying(state, tmp_path, copies)):
        store.save(b"three")
        store.save(b"four")
    store.close()
    assert {b"one", b"three", b"four"} == {loaded(copy)[0] for copy in copies}
    assert (b"four", 0) == loaded(state)
    (state / "state.snapshot").unlink()
    assert (b"three", 0) == loaded(state)


def test_a_lost_snapshot_gives_way_to_the_one_before(state: Path) -> None:
    """A file that somebody removed is not a fresh start."""
    saved(state, b"one", b"two")
    (state / "state.snapshot").unlink()
    assert (b"one", 0) == loaded(state)


@pytest.mark.invariant(5)
def test_nothing_is_loaded_where_both_are_damaged(state: Path) -> None:
    """Counting starts anew, and says why."""
    saved(state, b"one", b"two")
    for name in ("state.snapshot", "state.previous"):
        damage(state / name, lambda data: data[:-1])
    assert (None, 2) == loaded(state)


@pytest.mark.parametrize(("by", "version"), [(1, "a newer"), (-1, "an older")])
def test_another_versions_snapshot_is_refused(state: Path, by: int, version: str) -> None:
    """Going back to the generation before would count everything since then twice over."""
    saved(state, b"one")
    with pytest.MonkeyPatch.context() as other:
        other.setattr(snapshot, "SCHEMA", snapshot.SCHEMA + by)
        saved(state, b"two")
    before = (state / "state.snapshot").read_bytes()
    store = Store(str(state))
    with pytest.raises(StateError, match=f"by {version} version: its schema is {2 + by}, this program's 2"):
        store.load()
    store.close()
    assert before == (state / "state.snapshot").read_bytes()


# One writer


@pytest.mark.invariant(18)
def test_a_second_instance_is_refused_and_touches_nothing(state: Path) -> None:
    """Two writers would count one line twice."""
    store = Store(str(state))
    store.save(b"x")
    before = {path.name: path.stat().st_mtime_ns for path in state.iterdir()}
    with pytest.raises(StateError, match=r"state is in use by another pipeline-exporter$"):
        Store(str(state))
    assert before == {path.name: path.stat().st_mtime_ns for path in state.iterdir()}
    store.close()
    assert (b"x", 0) == loaded(state)


def test_a_path_that_is_a_file_is_refused(tmp_path: Path) -> None:
    """The text is one line that names the path."""
    (tmp_path / "state").write_text("")
    with pytest.raises(StateError, match=r"^state directory .*/state cannot be written: File exists$"):
        Store(str(tmp_path / "state"))


@pytest.mark.invariant(16)
def test_a_directory_that_cannot_be_written_is_refused(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Better said at the start than at the first scrape."""
    saved(state, b"x")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(StateError, match=r"cannot be written: Read-only file system$"):
        Store(str(state))
    monkeypatch.undo()
    assert (b"x", 0) == loaded(state)


# Kills and full disks


def fail_at(step: int) -> Callable[[int], None]:
    def fail(made: int) -> None:
        if made == step:
            raise OSError(errno.ENOSPC, "No space left on device")

    return fail


@pytest.mark.invariant(5)
def test_a_kill_at_any_step_leaves_the_last_generation_or_the_next(state: Path, tmp_path: Path) -> None:
    """Whenever the process ends, one of them is whole and is the one that is loaded."""
    saved(state, b"one", b"two")
    copies: list[Path] = []
    store = Store(str(state), fsync=lambda file: os.fsync(file))
    with steps(copying(state, tmp_path, copies)):
        store.save(b"three")
    store.close()
    found = [loaded(copy) for copy in copies]
    assert len(found) >= 7
    assert sorted(found, key=lambda one: one[0] == b"three") == found
    assert {(b"two", 0), (b"three", 0)} == set(found)


@pytest.mark.invariant(16)
@pytest.mark.parametrize("step", range(1, 8))
def test_a_failure_at_any_step_leaves_a_snapshot_and_no_scar(state: Path, step: int) -> None:
    """The good snapshot survives, and the next attempt succeeds without a restart."""
    store = Store(str(state), fsync=lambda file: os.fsync(file))
    store.save(b"one")
    store.save(b"two")
    descriptors = len(os.listdir("/proc/self/fd"))
    with steps(fail_at(step)), pytest.raises(OSError, match="No space left"):
        store.save(b"three")
    assert store.load() in (b"two", b"three")
    store.save(b"four")
    assert (b"four", 0) == (store.load(), store.damaged)
    assert descriptors == len(os.listdir("/proc/self/fd"))
    store.close()


@pytest.mark.invariant(16)
@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_failure_before_the_rename_keeps_the_last(state: Path, step: int) -> None:
    """What cannot be opened, written or synced does not take the place of what could."""
    store = Store(str(state), fsync=lambda file: os.fsync(file))
    store.save(b"one")
    with steps(fail_at(step)), pytest.raises(OSError, match="No space left"):
        store.save(b"two")
    assert b"one" == store.load()
    store.close()


@pytest.mark.invariant(5)
@contextmanager
def limited(size: int) -> Iterator[None]:
    """No file may grow beyond so many bytes: the kernel writes up to there and refuses the rest."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.invariant(5, 16)
@pytest.mark.parametrize("size", [0, 1, 19, 20, 51, 52, 53, 1000, 10_051])
def test_a_write_that_the_kernel_cuts_short_leaves_the_last(state: Path, size: int) -> None:
    """What fits is written, the rest is refused, and the next attempt succeeds without a restart."""
    store = Store(str(state))
    store.save(b"one")
    with limited(size), pytest.raises(OSError, match="File too large"):
        store.save(bytes(10_000))
    assert size == (state / "state.temporary").stat().st_size
    assert (b"one", 0) == (store.load(), store.damaged)
    with limited(10_052):
        store.save(bytes(10_000))
    assert bytes(10_000) == store.load()
    store.close()


@pytest.mark.invariant(16)
def test_a_disk_without_room_keeps_the_last(state: Path) -> None:
    """The device that is always full says what a full disk says."""
    store = Store(str(state))
    store.save(b"one")
    (state / "state.temporary").symlink_to("/dev/full")
    for _ in range(2):
        with pytest.raises(OSError, match="No space left"):
            store.save(b"two")
        assert b"one" == store.load()
    (state / "state.temporary").unlink()
    store.save(b"three")
    assert b"three" == store.load()
    store.close()


def test_a_file_system_without_hard_links_will_do(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FAT and many network file systems have none."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    saved(state, b"one", b"two")
    assert (b"two", 0) == loaded(state)


def test_short_writes_go_on_where_they_stopped(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel may take less than it is given."""
    content = bytes(range(256)) * 3
    write = os.write
    with monkeypatch.context() as short:
        short.setattr(os, "write", lambda file, data: write(file, data[:100]))
        saved(state, content)
    assert (content, 0) == loaded(state)


@pytest.mark.invariant(5)
def test_a_file_and_its_directory_are_synced(state: Path) -> None:
    """Without the second, a power cut may undo the rename."""
    synced: list[str] = []
    store = Store(str(state), fsync=lambda file: synced.append(str(Path(f"/proc/self/fd/{file}").readlink())))
    store.save(b"x")
    store.close()
    assert [str(state / "state.temporary"), str(state)] == synced


@pytest.mark.invariant(5)
def test_a_snapshot_is_synced_before_it_is_renamed(state: Path) -> None:
    """Else a power cut may leave a name without content."""
    saved(state, b"one")
    current: list[bytes] = []
    store = Store(str(state), fsync=lambda _: current.append((state / "state.snapshot").read_bytes()[52:]))
    store.save(b"two")
    store.close()
    assert [b"one", b"two"] == current
