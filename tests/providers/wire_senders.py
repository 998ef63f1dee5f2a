"""
Independent clients of the services, which send the message of `wire_message`.

It is a program of its own, as they set up what is global and raise warnings that are not ours. Run with an address, it
sends by each of them to ``<address>/<name of the client>``.
"""

# ruff: noqa: PLC0415  # each client is imported where it is used, as they are large and only one is wanted at a time

from __future__ import annotations

import sys
import warnings
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import wire_message as wire

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "key-of-a-test"


def resend_sdk(url: str) -> None:
    """Send by Resend's own package."""
    import resend

    resend.api_url, resend.api_key = url, KEY
    messages: list[Any] = [
        {
            "from": f"{wire.SENDER_NAME} <{wire.SENDER}>",
            "to": [mailbox(name, email)],
            "reply_to": f"{wire.REPLY_NAME} <{wire.REPLY}>",
            "subject": wire.SUBJECT,
            "html": wire.HTML,
            "text": wire.TEXT,
            "headers": wire.headers(token),
            "tags": [{"name": "issue", "value": wire.TAG}],
        }
        for name, email, token in wire.READERS
    ]
    resend.Batch.send(messages, {"idempotency_key": "key-1", "batch_validation": "permissive"})


def sendgrid_sdk(url: str) -> None:
    """Send by SendGrid's own package."""
    from sendgrid import SendGridAPIClient
    from sendgrid.helpers import mail

    message = mail.Mail(
        from_email=mail.From(wire.SENDER, wire.SENDER_NAME),
        subject=wire.SUBJECT,
        plain_text_content=wire.TEXT,
        html_content=wire.HTML,
    )
    for name, email, token in reversed(wire.READERS):  # it puts each before the others
        personalization = mail.Personalization()
        personalization.add_to(mail.To(email, name))
        for field, value in wire.headers(token).items():
            personalization.add_header(mail.Header(field, value))
        message.add_personalization(personalization)
    message.reply_to = mail.ReplyTo(wire.REPLY, wire.REPLY_NAME)
    message.category = mail.Category(wire.TAG)
    message.tracking_settings = mail.TrackingSettings(
        mail.ClickTracking(enable=False, enable_text=False),
        mail.OpenTracking(enable=False),
        mail.SubscriptionTracking(enable=False),
    )
    SendGridAPIClient(KEY, host=url).send(message)


def mailersend_sdk(url: str) -> None:
    """Send by MailerSend's own package."""
    from mailersend import MailerSendClient
    from mailersend.models.email import EmailContact, EmailHeader, EmailRequest, EmailTrackingSettings

    messages = [
        EmailRequest(
            from_email=EmailContact(email=wire.SENDER, name=wire.SENDER_NAME),
            to=[EmailContact(email=email, name=name)],
            reply_to=EmailContact(email=wire.REPLY, name=wire.REPLY_NAME),
            subject=wire.SUBJECT,
            html=wire.HTML,
            text=wire.TEXT,
            tags=[wire.TAG],
            settings=EmailTrackingSettings(track_clicks=False, track_opens=False, track_content=False),
            headers=[EmailHeader(name=field, value=value) for field, value in wire.headers(token).items()],
        )
        for name, email, token in wire.READERS
    ]
    MailerSendClient(KEY, base_url=f"{url}/v1/", max_retries=0).emails.send_bulk(messages)


def mailtrap_sdk(url: str) -> None:
    """Send by Mailtrap's own package, whose client is kept from https."""
    from mailtrap import Address
    from mailtrap.api.sending import SendingApi
    from mailtrap.http import HttpClient
    from mailtrap.models.mail.batch_mail import BatchEmailRequest, BatchMail, BatchSendEmailParams

    class Plain(HttpClient):  # type: ignore[misc]  # it carries no types
        """The same over plain HTTP."""

        def _url(self, path: str) -> str:
            return f"{url}/{path.lstrip('/')}"

    base = BatchMail(
        sender=Address(email=wire.SENDER, name=wire.SENDER_NAME),
        reply_to=Address(email=wire.REPLY, name=wire.REPLY_NAME),
        subject=wire.SUBJECT,
        html=wire.HTML,
        text=wire.TEXT,
        category=wire.TAG,
    )
    requests = [
        BatchEmailRequest(to=[Address(email=email, name=name)], headers=wire.headers(token))
        for name, email, token in wire.READERS
    ]
    client = Plain(host="", headers={"Authorization": f"Bearer {KEY}"})
    SendingApi(client=client).batch_send(BatchSendEmailParams(base=base, requests=requests))


def sparkpost_sdk(url: str) -> None:
    """Send by SparkPost's own package, whose client is kept from https."""
    from sparkpost import SparkPost

    client = SparkPost(KEY)
    client.transmissions.base_uri = f"{url}/api/v1"
    client.transmissions.send(
        recipients=[
            {"address": {"email": email, "name": name}, "substitution_data": {"v0": token}}
            for name, email, token in wire.READERS
        ],
        from_email={"email": wire.SENDER, "name": wire.SENDER_NAME},
        reply_to=f"{wire.REPLY_NAME} <{wire.REPLY}>",
        subject=wire.SUBJECT,
        html=wire.HTML,
        text=wire.TEXT,
        campaign=wire.TAG,
        custom_headers=wire.headers("{{v0}}"),
        track_opens=False,
        track_clicks=False,
    )


ANYMAIL: dict[str, dict[str, str]] = {
    "brevo": {"api_key": KEY, "api_url": "{url}/v3/"},
    "mailersend": {"api_token": KEY, "api_url": "{url}/v1/", "batch_send_mode": "use-bulk-email"},
    "mailgun": {"api_key": KEY, "sender_domain": "example.org", "api_url": "{url}/v3/"},
    "mailjet": {"api_key": KEY, "secret_key": KEY, "api_url": "{url}/v3.1/"},
    "mailtrap": {"api_token": KEY, "api_url": "{url}/api/"},
    "postmark": {"server_token": KEY, "api_url": "{url}/"},
    "resend": {"api_key": KEY, "api_url": "{url}/"},
    "scaleway": {
        "secret_key": KEY,
        "project_id": wire.PROJECT,
        "region": "fr-par",
        "api_url": "{url}/transactional-email/v1alpha1/regions/{{region}}/",
    },
    "sendgrid": {"api_key": KEY, "api_url": "{url}/v3/"},
    "sparkpost": {"api_key": KEY, "api_url": "{url}/api/v1/"},
}
"""Settings of Anymail's backends; their addresses as the services' own have them."""


def by_anymail(name: str, url: str) -> None:
    """Send by Anymail, to each reader for oneself, where its backend can do that in one request."""
    from django.core.mail import EmailMultiAlternatives

    readers = wire.READERS[:1] if name == "scaleway" else wire.READERS  # it would show each reader the others
    facts = {key: value.format(url=url) for key, value in ANYMAIL[name].items()}
    backend = import_module(f"anymail.backends.{name}").EmailBackend(**facts)
    message: Any = EmailMultiAlternatives(
        wire.SUBJECT,
        wire.TEXT,
        f"{wire.SENDER_NAME} <{wire.SENDER}>",
        [mailbox(name, email) for name, email, _ in readers],
        reply_to=[f"{wire.REPLY_NAME} <{wire.REPLY}>"],
        headers={"List-Id": wire.LIST_ID, "List-Unsubscribe-Post": wire.ONE_CLICK},
        connection=backend,
    )
    message.attach_alternative(wire.HTML, "text/html")
    message.merge_headers = {email: {"List-Unsubscribe": wire.unsubscribe(token)} for _, email, token in readers}
    message.merge_metadata = {email: {"correlation_id": token} for _, email, token in readers}
    message.tags, message.track_opens, message.track_clicks = [wire.TAG], False, False
    message.send()


def mailbox(name: str, email: str) -> str:
    """Return a reader's mailbox, quoted."""
    return f'"{name}" <{email}>'


def senders() -> dict[str, Callable[[str], None]]:
    """Return all clients by name."""
    own = {
        sender.__name__: sender for sender in (resend_sdk, sendgrid_sdk, mailersend_sdk, mailtrap_sdk, sparkpost_sdk)
    }
    return {**own, **{f"{name}_anymail": partial(by_anymail, name) for name in ANYMAIL}}


def main() -> None:
    """Send by all of them; what they make of the answer is not asked."""
    import django
    from django.conf import settings

    settings.configure(ANYMAIL={"IGNORE_UNSUPPORTED_FEATURES": True}, USE_TZ=True)
    django.setup()
    url = sys.argv[1]
    assert urlsplit(url).hostname == "127.0.0.1"
    for name, send in senders().items():
        with suppress(Exception):
            send(f"{url}/{name}")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
