"""A small site with Django's own accounts and django-oauth-toolkit as its OpenID provider.

    python identity_site.py FOLDER PORT REDIRECT CLIENT SECRET PERSON...

A PERSON is name:password:address, followed by :verified where the address was verified.
"""

from __future__ import annotations

import sys
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.urls import include, path

LOGIN = '<form method="post">{% csrf_token %}{{ form.as_p }}<button>Sign in</button></form>'


def _key() -> str:
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem.decode()


def configure(folder: Path) -> None:
    settings.configure(
        SECRET_KEY="for tests alone",
        ALLOWED_HOSTS=["127.0.0.1", "localhost"],
        ROOT_URLCONF="identity_site",
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "oauth2_provider",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "identity.db"}},
        # Tables straight from the classes: the apps' histories of migrations take longer than all tests.
        MIGRATION_MODULES=dict.fromkeys(("auth", "contenttypes", "sessions", "oauth2_provider")),
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {
                    "loaders": [("django.template.loaders.locmem.Loader", {"registration/login.html": LOGIN})]
                },
            }
        ],
        LOGIN_URL="/login",
        OAUTH2_PROVIDER={
            "OIDC_ENABLED": True,
            "OIDC_RSA_PRIVATE_KEY": _key(),
            "PKCE_REQUIRED": True,
            "ALLOWED_REDIRECT_URI_SCHEMES": ["http"],
            "OAUTH2_VALIDATOR_CLASS": "identity_site.claims",
            "SCOPES": {"openid": "Who you are", "email": "Your address"},
            "ROTATE_REFRESH_TOKEN": True,
            "OAUTH_DEVICE_VERIFICATION_URI": "http://127.0.0.1/o/device/",
            "DEVICE_FLOW_INTERVAL": 1,
        },
    )
    django.setup()


def claims() -> Any:
    """The validator, made once Django is set up: address, and whether it was verified, go into the token."""
    from oauth2_provider.oauth2_validators import OAuth2Validator

    class Validator(OAuth2Validator):
        def get_additional_claims(self, request: Any) -> dict[str, Any]:
            return {"email": request.user.email, "email_verified": request.user.last_name == "verified"}

    return Validator()


def fill(redirect: str, client: str, secret: str, people: list[str]) -> None:
    from django.contrib.auth.models import User
    from oauth2_provider.models import Application

    for person in people:
        name, password, address, *verified = person.split(":")
        User.objects.create_user(name, address, password, last_name="".join(verified))
    Application.objects.create(
        name="modbot",
        client_id=client,
        client_secret=secret,
        redirect_uris=redirect,
        client_type="confidential",
        authorization_grant_type="authorization-code",
        algorithm="RS256",
        skip_authorization=True,
    )
    Application.objects.create(
        name="modbot on another device",
        client_id=f"{client}-device",
        client_type="public",
        authorization_grant_type="urn:ietf:params:oauth:grant-type:device_code",
    )


def __getattr__(name: str) -> Any:
    """Django looks the site's addresses up here, once it is set up."""
    if name != "urlpatterns":
        raise AttributeError(name)
    from django.contrib.auth.views import LoginView

    return [path("login", LoginView.as_view()), path("o/", include("oauth2_provider.urls"))]


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


if __name__ == "__main__":
    sys.modules["identity_site"] = sys.modules["__main__"]
    folder, port, redirect, client, secret, *people = sys.argv[1:]
    configure(Path(folder))
    call_command("migrate", run_syncdb=True, verbosity=0)
    fill(redirect, client, secret, people)
    with make_server("127.0.0.1", int(port), get_wsgi_application(), Server, WSGIRequestHandler) as server:
        server.serve_forever()
