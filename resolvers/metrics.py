"""What operators count: every metric of this process, named once.

Labels are ids from the configuration and our own words. A vendor's words never become a label, for
they are without end; the log names them.
"""

from prometheus_client import Counter, Gauge, Histogram

from resolvers.vocabulary import PrecheckProblemCode

_ENDS = ("answered", "http_4xx", "http_5xx", "timeout", "unreachable", "unreadable_answer", "cancelled")
_OUTCOMES = ("answered", *(code.value.lower() for code in PrecheckProblemCode))
_RETRIED_CODES = ("rate_limited", "unreachable", "unreadable_answer")
_WORD_FIELDS = ("status", "item_state", "side", "role")
_ODDITIES = ("duplicate_key", "other_reference")

VENDOR_CALLS = Counter(
    "precheck_vendor_calls",
    "HTTP exchanges with a vendor by their end: `answered`, `http_4xx`, `http_5xx`, or why there was none.",
    ("provider", "end"),
)
READINGS = Counter(
    "precheck_readings",
    "Prechecks asked for at a vendor by what came of it: `answered`, or a problem's code in small letters.",
    ("provider", "outcome"),
)
VENDOR_CALL_SECONDS = Histogram(
    "precheck_vendor_call_seconds",
    "Seconds from the first byte sent to the last byte read, waiting for a turn not included.",
    ("provider",),
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0),
)
RETRIES = Counter(
    "precheck_vendor_retries",
    "Reads asked again, by the code of the trouble before in small letters.",
    ("provider", "code"),
)
RETRIES_DENIED = Counter(
    "precheck_vendor_retries_denied",
    "Retries not made because the connection's retry budget was used up.",
    ("provider",),
)
BREAKER_STATE = Gauge(
    "precheck_breaker_state", "0 closed, 1 open: the vendor is left alone, 0.5 one call tries it.", ("provider",)
)
BREAKER_OPENED = Counter("precheck_breaker_opened", "How often a breaker opened.", ("provider",))
BREAKER_REFUSED = Counter(
    "precheck_breaker_refused", "Reads answered without a call because the breaker was open.", ("provider",)
)
LIMITER_WAIT_SECONDS = Histogram(
    "precheck_limiter_wait_seconds",
    "Seconds a call waited for its turn, by rate limit and by concurrency.",
    ("provider",),
    buckets=(0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
LIMITER_REFUSED = Counter(
    "precheck_limiter_refused", "Reads refused at once because their turn would come too late.", ("provider",)
)
UNKNOWN_WORDS = Counter(
    "precheck_unknown_words",
    "Words of a vendor that no table knows, by where they stood: `status`, `item_state`, `side` or `role`.",
    ("provider", "field"),
)
WIRE_ODDITIES = Counter(
    "precheck_wire_oddities",
    "Answers that are not as documented: `duplicate_key` was read, `other_reference` was refused.",
    ("provider", "kind"),
)
POLLER_FAULTS = Counter(
    "precheck_poller_faults", "Faults of this server while it watched; the poller went on.", ("provider",)
)
POLLS = Counter("precheck_polls", "Readings made because somebody watches, whatever came of them.", ("provider",))
EVENTS_PUSHED = Counter("precheck_events_pushed", "Events given to streams to be sent.")
EVENTS_COLLAPSED = Counter(
    "precheck_events_collapsed",
    "Events that a stream was too slow for: a newer one of the same precheck was sent in their place.",
)
DELIVERY_SECONDS = Histogram(
    "precheck_delivery_seconds",
    "Seconds from a vendor's answer that brought a change until the last viewer had sent it.",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0),
)
EXECUTIONS = Counter(
    "precheck_executions",
    "Operations, and events of streams, by how they were executed: `compiled` where plain data was, `interpreted` "
    "field by field, `fell_back` where a plan met a value it could not show and was given up for it.",
    ("path",),
)
CONNECTIONS_CUT = Counter(
    "precheck_connections_cut",
    "Connections cut off because their client read nothing for a minute, or answered no ping with bytes unread.",
)
REQUESTS_REFUSED = Counter(
    "precheck_requests_refused",
    "Requests and connections that were refused before they were whole, by the status or close code that said so.",
    ("status",),
)
LOOP_LAG_SECONDS = Gauge("precheck_loop_lag_seconds", "How late the event loop woke its watchdog the last time.")
LOOP_BLOCKED = Counter("precheck_loop_blocked", "How often the event loop was blocked for too long.")


def introduce(provider_id: str) -> None:
    """Show every series of a provider that is connected: an alert sees an increase only from a value before.

    What was counted under its id goes on; its breaker is a new one, and closed.
    """
    for metric in (
        VENDOR_CALL_SECONDS,
        RETRIES_DENIED,
        BREAKER_OPENED,
        BREAKER_REFUSED,
        LIMITER_WAIT_SECONDS,
        LIMITER_REFUSED,
        POLLER_FAULTS,
        POLLS,
    ):
        metric.labels(provider_id)
    show_breaker(provider_id, is_open=False)
    for counter, words in (
        (VENDOR_CALLS, _ENDS),
        (READINGS, _OUTCOMES),
        (RETRIES, _RETRIED_CODES),
        (UNKNOWN_WORDS, _WORD_FIELDS),
        (WIRE_ODDITIES, _ODDITIES),
    ):
        for word in words:
            counter.labels(provider_id, word)


def show_breaker(provider_id: str, *, is_open: bool) -> None:
    """Say how the breaker is that this id has now, whatever one before it has said last."""
    BREAKER_STATE.labels(provider_id).set(float(is_open))
