"""What a running modbot tells: structured logs with secrets removed, and counters for Prometheus."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from pydantic import SecretStr

REGISTRY = CollectorRegistry()
COMMENTS = Counter(
    "modbot_comments",
    "By page: what it handed over (seen), and what of that was new (archived, edited, deleted)",
    ["page", "step"],
    registry=REGISTRY,
)
PUSHED = Counter(
    "modbot_pushed",
    "Deliveries of platforms: new, sent again, or read and of an account elsewhere",
    ["page", "what"],
    registry=REGISTRY,
)
SCORED = Counter("modbot_scored", "Comments scored, queued, or not scored", ["outcome"], registry=REGISTRY)
ACTIONS = Counter("modbot_actions", "Actions settled on a platform", ["page", "kind"], registry=REGISTRY)
PLATFORM_ERRORS = Counter(
    "modbot_platform_errors", "Failed calls to a platform by class", ["page", "error"], registry=REGISTRY
)
FAILURES = Counter(
    "modbot_loop_failures", "Failures of the bot's loops by class", ["error"], registry=REGISTRY
)
LAG = Gauge(
    "modbot_page_lag_seconds",
    "Seconds since the page last answered; if it never did, since it was registered",
    ["page"],
    registry=REGISTRY,
)
ACTION_STATES = Gauge("modbot_actions_now", "Actions by state", ["state"], registry=REGISTRY)
CASES = Gauge("modbot_cases_now", "Cases by state", ["state"], registry=REGISTRY)
WAITING = Gauge("modbot_unscored_now", "Archived comments waiting for a score", registry=REGISTRY)
SCORING = Histogram("modbot_scoring_seconds", "Time to score one batch", registry=REGISTRY)

REDACTED = "[redacted]"
_SECRET_KEYS = re.compile(
    r"password|secret|token|authorization|api_?key|cookie|webhook_url|database_url", re.I
)
_SECRET_TEXT = re.compile(
    r"(?P<url>[a-z][a-z0-9+.-]*://[^\s:/@]*):[^\s@/]+@"
    r"|(?P<scheme>\b(?:Bearer|Basic|Ghost|Bot))\s+[A-Za-z0-9._~+/=:-]{8,}"
    r"|(?P<hook>https?://[^\s\"']*/api/webhooks/\d+/)[^\s\"'/?]+"
    r"|(?P<key>[\w-]*(?:token|secret|password|api_?key|proof)[\w-]*[\"']?\s*[=:]\s*[\"']?)[^\s&\"',}]+",
    re.I,
)


def configure(level: str, style: str) -> None:
    """Send every log line, ours and the libraries', through one chain to standard error."""
    json_lines = style == "json" or (style == "auto" and not sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    last = structlog.processors.JSONRenderer() if json_lines else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for chatty in ("httpx", "httpcore", "uvicorn.access", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def is_secret(key: str) -> bool:
    """Whether a setting of this name holds something that must not be shown."""
    return bool(_SECRET_KEYS.search(key))


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Replace secrets by name of the key and by shape of the text, at any depth."""
    return {key: _clean(key, value) for key, value in event.items()}


def _clean(key: str, value: Any) -> Any:
    if isinstance(value, SecretStr) or (is_secret(key) and not isinstance(value, bool | None)):
        return REDACTED
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, Mapping):
        return {name: _clean(str(name), each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_clean("", each) for each in value]
    if isinstance(value, BaseException):
        return redact_text(str(value))
    return value


def redact_text(text: str) -> str:
    """The text without passwords in addresses, authorisation values, webhook tokens and token parameters."""
    return _SECRET_TEXT.sub(_keep_name, text)


def _keep_name(match: re.Match[str]) -> str:
    if match["url"]:
        return f"{match['url']}:{REDACTED}@"
    if match["scheme"]:
        return f"{match['scheme']} {REDACTED}"
    return f"{match['hook'] or match['key']}{REDACTED}"
