"""Distillation articles of several filters, as JSON and as text; session summaries and error dumps. Seed 002."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import count

from exporter.demo.stream import DemoStream, Record, Setting, naive, with_z

FILTERS = ("uplifting", "sustainability", "investment-risk")
PROVIDERS = {"gemini": 4.0, "gpt4": 11.0, "claude": 18.0}
"""Seconds that an attempt takes."""
SOURCES = ("github", "arxiv", "reuters", "ziarulnational")
ERRORS = {
    "timeout": "LLM call exceeded 60 s",
    "json_parse_error": "Expecting ',' delimiter: line 1 column 45",
    "json_extraction_failed": "no JSON object found in response",
    "llm_api_error": "429 Too Many Requests",
    "empty_response": "the response is empty",
    "unknown": "unexpected exception: KeyError('score')",
}
"""The six error types, each with a message."""
RESPONSES = {
    "json_parse_error": '{\n  "content_type": "solutions_story",\n  "agency": 8\n  "progress": 9,\n  ...\n',
    "json_extraction_failed": "I am sorry, but I cannot rate this article.\n",
    "unknown": '{"content_type": "solutions_story"}\n',
}
"""What the LLM answered, for the errors that come after an answer."""
SESSION_ARTICLES = 10
"""Articles between two summaries of one session."""


def articles(setting: Setting) -> Iterator[Record]:
    """Lines of metrics.jsonl; 4 % of the articles fail, in collapse up to 30 %."""
    for done in count():
        yield _failure(setting) if setting.chance(0.04 + 0.26 * setting.strain(done, 200)) else _success(setting)


def _success(setting: Setting) -> Record:
    tries = setting.rng.choices((1, 2, 3), (90, 8, 2))[0]
    return _article(setting, True, tries, setting.chance(0.05))


def _failure(setting: Setting) -> Record:
    error = setting.rng.choice(list(ERRORS))
    article = _article(setting, False, 3, error == "json_parse_error" and setting.chance(0.5))
    if error == "timeout":
        article["time_taken_seconds"] = setting.around(3 * 60.5, 0.005, 2)
    return article | {"error_type": error, "error_message": ERRORS[error]}


def _article(setting: Setting, success: bool, tries: int, repaired: bool) -> Record:
    rng = setting.rng
    provider = rng.choice(list(PROVIDERS))
    return {
        "timestamp": with_z(setting.now()),
        "article_id": f"{rng.choice(SOURCES)}_{rng.getrandbits(48):012x}",
        "filter_name": rng.choice(FILTERS),
        "llm_provider": provider,
        "success": success,
        "attempts_made": tries,
        "time_taken_seconds": setting.around(PROVIDERS[provider] * tries, 0.4, 2),
        "json_repaired": repaired,
    }


def text(article: Record) -> str:
    """The article as a line of distillation.log.

    >>> text({"timestamp": "2025-10-27T10:20:03.336184Z", "article_id": "article_123", "success": True,
    ...       "attempts_made": 1, "time_taken_seconds": 11.46, "json_repaired": False})
    '2025-10-27 10:20:03 | INFO     | SUCCESS | article_123 | attempts=1 | time=11.46s | repaired=False'
    """
    moment = article["timestamp"][:19].replace("T", " ")
    effort = f"attempts={article['attempts_made']} | time={article['time_taken_seconds']:.2f}s"
    if article["success"]:
        rest = f"INFO     | SUCCESS | {article['article_id']} | {effort} | repaired={article['json_repaired']}"
    else:
        rest = f"WARNING  | FAILED  | {article['article_id']} | error={article['error_type']} | {effort}"
    return f"{moment} | {rest}"


class Session:
    """What session_summary.json says of the articles added so far."""

    def __init__(self, started: datetime) -> None:
        self.started = started
        self.articles = 0
        self.retries = 0
        self.seconds = 0.0
        self.errors: Counter[str] = Counter()

    def add(self, article: Record) -> None:
        """Takes one more article into account."""
        self.articles += 1
        self.retries += article["attempts_made"] - 1
        self.seconds += article["time_taken_seconds"]
        if not article["success"]:
            self.errors[article["error_type"]] += 1

    def summary(self, ended: datetime) -> Record:
        """The document, for a session that ends now."""
        failed = self.errors.total()
        return {
            "started_at": naive(self.started),
            "ended_at": naive(ended),
            "duration_seconds": round((ended - self.started).total_seconds(), 2),
            "articles_attempted": self.articles,
            "articles_succeeded": self.articles - failed,
            "articles_failed": failed,
            "total_retries": self.retries,
            "errors_by_type": dict(self.errors),
            "total_processing_time": round(self.seconds, 2),
        }


def sessions(setting: Setting) -> Iterator[Record]:
    """Summaries of one growing session."""
    session = Session(setting.now())
    for article in articles(setting):
        session.add(article)
        if session.articles % SESSION_ARTICLES == 0:
            yield session.summary(setting.now())


def error_dump(article: Record, moment: datetime) -> tuple[str, str]:
    """The name and text of a failed article's file in error_logs/."""
    name = f"{article['article_id']}_attempt{article['attempts_made']}_{moment:%Y%m%d_%H%M%S}.txt"
    rule = "=" * 60
    head = (
        f"Article ID: {article['article_id']}\nAttempt: {article['attempts_made']}\n"
        f"Error: {article['error_message']}\nTimestamp: {naive(moment)}\n"
    )
    response = RESPONSES.get(article["error_type"], "")
    return name, f"{head}\n{rule}\nFull Response:\n{rule}\n{response}"


STREAMS = {
    "articles": DemoStream(records=articles, path="distillation/{filter_name}/metrics.jsonl", weight=(9, 9)),
    "log": DemoStream(records=articles, path="distillation/legacy/distillation.log", weight=(1, 1), render=text),
    "session": DemoStream(records=sessions, path=""),
}
