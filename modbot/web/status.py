"""/healthz for whoever watches the machine, /metrics for Prometheus.

Reasons and figures name pages and tell what fails, so they are for this machine and for who holds the token.
"""

from __future__ import annotations

import hmac
from ipaddress import ip_address
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from modbot import health, observe
from modbot.errors import StoreUnavailable
from modbot.web.desk import AtDesk, desk_of
from modbot.web.signed_in import address_of

router = APIRouter()


def _trusted(request: Request) -> bool:
    token = desk_of(request).settings.web.metrics_token.get_secret_value()
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if token and scheme.lower() == "bearer":
        return hmac.compare_digest(given.encode(), token.encode())
    return ip_address(address_of(request)).is_loopback


Trusted = Annotated[bool, Depends(_trusted)]


@router.get("/healthz")
def healthz(desk: AtDesk, trusted: Trusted) -> JSONResponse:
    """200 when all is well; 503 with the reasons when a person should look."""
    try:
        figures = health.measure(desk.store)
    except StoreUnavailable as error:
        reasons, told = [observe.redact_text(str(error))], {}
    else:
        reasons, told = health.complaints(figures, desk.settings, desk.ended), _figures(figures)
    status = {"status": "degraded" if reasons else "ok"}
    body = status | {"reasons": reasons} | told if trusted else status
    return JSONResponse(body, status_code=503 if reasons else 200)


def _figures(figures: health.Figures) -> dict[str, Any]:
    return {
        "pages": {page.key: {"lag_seconds": page.lag_seconds} for page in figures.pages},
        "actions": figures.actions,
        "stuck_actions": figures.stuck,
        "stuck_alerts": figures.alerts.stuck,
        "unanswered_calls": figures.alerts.unanswered,
        "cases": figures.cases,
        "unscored": figures.unscored,
        "not_scored": figures.not_scored,
    }


@router.get("/metrics")
def metrics(desk: AtDesk, trusted: Trusted) -> Response:
    if not trusted:
        return PlainTextResponse("Only for this machine, or with the metrics token.\n", status_code=403)
    try:
        _fill(health.measure(desk.store))
    except StoreUnavailable as error:
        # What this process counted is still true; only what is read from rows is not known now.
        observe.FAILURES.labels(type(error).__name__).inc()
    return Response(generate_latest(observe.REGISTRY), media_type=CONTENT_TYPE_LATEST)


def _fill(figures: health.Figures) -> None:
    for page in figures.pages:
        lag = page.known_seconds if page.lag_seconds is None else page.lag_seconds
        observe.LAG.labels(page.key).set(lag)
    for state, count in figures.actions.items():
        observe.ACTION_STATES.labels(state).set(count)
    for state, count in figures.cases.items():
        observe.CASES.labels(state).set(count)
    observe.WAITING.set(figures.unscored)
