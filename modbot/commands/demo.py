"""modbot demo: a practice page in the browser."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from modbot import demo, observe
from modbot.commands.output import note
from modbot.service import Service
from modbot.web.app import create_app
from modbot.web.desk import Desk
from modbot.web.practice_page import Practice
from modbot.web.serving import address, listen, serve
from platforms.memory import memory_page

app = typer.Typer()


@app.command("demo")
def practise(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where settings, policy and log of the practice lie.")
    ] = Path("practice"),
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="The page's port on this machine.")
    ] = 8080,
) -> None:
    """Try modbot out: an invented district's page, with comments coming in and you deciding."""
    with listen(demo.HOST, port) as listening:
        settings = demo.prepare(folder, port)
        observe.configure(settings.log.level, settings.log.format)
        bot, feed = demo.build(settings)
        practice = Practice(demo.material(), memory_page(demo.PAGE), feed)
        service = Service(bot)
        app = create_app(Desk(settings, bot.store, service.ended), practice)
        password = demo.give_password(bot.store)
        note(f"Open {address(listening)} in your browser. Ctrl-C ends the practice.")
        note(f"All screens: {address(listening)}/sign-in, name {demo.PERSON}, password {password}")
        note(f"The same queue here: modbot case list --config {folder}")
        asyncio.run(serve(service, app, listening, feed.run()))
    note("Practice ended.")
