"""What `modbot run` does until it is stopped: the pages, the alerts and the review desk in one process."""

from __future__ import annotations

import asyncio

from modbot import accounts, wiring
from modbot.alerts.service import AlertService
from modbot.commands.output import note
from modbot.config import Settings
from modbot.garbage import settle
from modbot.service import Service
from modbot.web.app import create_app
from modbot.web.desk import Desk
from modbot.web.serving import address, listen, serve


def watch(settings: Settings) -> None:
    with listen(settings.web.host, settings.web.port) as listening:
        service = Service(wiring.build(settings))
        bot = service.bot
        where = settings.web.address or address(listening)
        note(f"Watching {', '.join(bot.pages)}. The queue: {where} Ctrl-C ends it.")
        alerts = AlertService(bot.store, settings, worker=bot.scorer.worker, ended=service.ended)
        if not accounts.anybody_can_sign_in(service.store):
            note('Nobody can sign in yet. Do: modbot user add NAME --full-name "…" --role administrator')
        app = create_app(Desk(settings, service.store, service.ended))
        settle()
        asyncio.run(serve(service, app, listening, alerts.run()))
