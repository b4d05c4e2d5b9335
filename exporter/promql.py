"""PromQL that tables of indicators have in common. Sums over hosts, so that figures of one pipeline add up."""

Labels = tuple[str, ...]


def quotient(part: str, whole: str, *, without: Labels = (), besides: Labels = (), window: str = "1h") -> str:
    """How much of one counter there is for each of another within a window; nothing where the other stands still.

    Both are summed over the labels `without`, the whole also over those that it has `besides`.

    >>> print(quotient("hits_total", "lookups_total", without=("cache",)))
    sum without (instance, cache) (rate(hits_total[1h]))
    / (sum without (instance, cache) (rate(lookups_total[1h])) > 0)
    """
    return f"{_rate(part, without, window)}\n/ ({_rate(whole, without + besides, window)} > 0)"


def _rate(counter: str, without: Labels, window: str) -> str:
    return f"sum without ({', '.join(('instance', *without))}) (rate({counter}[{window}]))"
