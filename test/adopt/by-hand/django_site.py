"""A Django site of one file: its own log-in, its own sessions, and a page for who is logged in. SITE_DATABASE names its
database as DATABASES has it, in JSON. Commands: migrate, users FILE.json, serve (prints its port)."""
import json
import os
import sys
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="the site's own",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": json.loads(os.environ["SITE_DATABASE"])},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    PASSWORD_HASHERS=[
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.Argon2PasswordHasher",
        "django.contrib.auth.hashers.BCryptSHA256PasswordHasher",
    ],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
)
django.setup()

from django.contrib.auth import authenticate, login  # noqa: E402
from django.contrib.auth.hashers import make_password  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.urls import path  # noqa: E402


def log_in(request):
    user = authenticate(request, username=request.GET["username"], password=request.GET["password"])
    if user is None:
        return HttpResponse("no", status=403)
    login(request, user)
    return HttpResponse("yes")


def me(request):
    return HttpResponse(request.user.get_username() or "nobody")


urlpatterns = [path("login", log_in), path("me", me)]


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


if __name__ == "__main__":
    if sys.argv[1] == "migrate":
        call_command("migrate", verbosity=0)
    elif sys.argv[1] == "users":
        for user in json.loads(sys.argv[2]):
            hasher = user.pop("hasher")
            password = make_password(user.pop("password"), hasher=hasher)
            User.objects.create(password=password, **user)
    else:
        server = make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet)
        print(server.server_port, flush=True)
        server.serve_forever()
