"""Alerts by mail: SMTP with TLS. The district's mail server may stand in its own network."""

from __future__ import annotations

import ssl
from email.message import EmailMessage
from email.utils import format_datetime

import aiosmtplib

from modbot.alerts.channels import SECONDS, Channel, ChannelFailed, ChannelRefused, Message, linked
from modbot.alerts.settings import Channel as ChannelSettings
from modbot.alerts.settings import Mail


class MailChannel(Channel):
    def __init__(self, settings: ChannelSettings, server: Mail) -> None:
        self.name = settings.name
        self._to = settings.to
        self._server = server

    async def send(self, message: Message) -> str:
        try:
            async with self._connection() as smtp:
                refused, answer = await smtp.send_message(
                    letter(message, self._server.sender, self._to), sender=self._server.sender
                )
        except (aiosmtplib.SMTPException, OSError) as error:
            raise failure(error) from None
        # The others have it, and would get it again. Nobody at all is an error of aiosmtplib's.
        missed = f"; refused {len(refused)} of {len(self._to)} addresses" if refused else ""
        return one_line(answer) + missed

    async def check(self) -> str:
        try:
            async with self._connection() as smtp:
                await smtp.noop()
        except (aiosmtplib.SMTPException, OSError) as error:
            raise failure(error) from None
        return f"{self._server.host} answers" + (" and takes the password" if self._server.user else "")

    def _connection(self) -> aiosmtplib.SMTP:
        """To be entered: connects, starts TLS and signs in. The certificate is always checked."""
        server = self._server
        return aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user or None,
            password=server.password.get_secret_value() or None,
            timeout=SECONDS,
            use_tls=server.tls == "from the start",
            start_tls=server.tls == "starttls",
            tls_context=None if server.tls == "none" else trusted(server),
        )


def trusted(server: Mail) -> ssl.SSLContext:
    """Raises ChannelRefused where the file of authorities cannot be read."""
    try:
        return ssl.create_default_context(cafile=server.authorities)
    except (OSError, ssl.SSLError) as error:
        raise ChannelRefused(f"[mail] ca_file cannot be used: {type(error).__name__}") from None


def failure(error: Exception) -> ChannelFailed:
    """By what helps: waiting, or a person. An answer may quote our letter, so only its code is kept."""
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return ChannelRefused(f"the mail server refused user and password ({error.code})")
    if isinstance(error, ssl.SSLCertVerificationError):
        return ChannelRefused("the mail server's certificate is not to be trusted: see [mail] ca_file")
    code = getattr(error, "code", None)
    if code is None and isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        code = max(each.code for each in error.recipients)
    if isinstance(code, int) and 500 <= code < 600:
        return ChannelRefused(f"the mail server refused the message ({code})")
    reached = code is None and not isinstance(error, aiosmtplib.SMTPConnectError | ConnectionRefusedError)
    problem = f"the mail server did not take it ({code or type(error).__name__})"
    return ChannelFailed(problem, in_doubt=reached)


def letter(message: Message, sender: str, to: tuple[str, ...]) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"] = sender, ", ".join(to)
    made["Subject"] = one_line(message.subject)
    made["Date"] = format_datetime(message.at)
    made["Message-ID"] = f"<{message.key}@{sender.rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"
    if message.urgent:
        made["Importance"], made["X-Priority"] = "high", "1"
    made.set_content(body(message))
    return made


def body(message: Message) -> str:
    parts = [f"{line}\n{link}" if link else line for line, link in linked(message)]
    if message.answer:
        parts.append(f"Answer here, so that nobody else is alerted:\n{message.answer}")
    if message.link:
        parts.append(f"Look at it in modbot:\n{message.link}")
    if message.words is not None:
        text = "\n".join(f"> {line}" for line in message.words.text.splitlines())
        parts.append(f"{one_line(message.words.author)} wrote:\n{text}")
    return "\n\n".join(parts) + "\n"


def one_line(text: str) -> str:
    return " ".join(text.split())
