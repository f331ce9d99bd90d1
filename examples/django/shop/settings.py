"""A Django site with its own log-in. "Forgot password?" leads to Latchkey where LATCHKEY_URL names it, else to Django's own."""
import json
import os
from pathlib import Path

FOLDER = Path(os.environ.get("SHOP_FOLDER", Path(__file__).resolve().parent.parent))
SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY", "only for this example, which nobody can reach from outside")
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
LATCHKEY_URL = os.environ.get("LATCHKEY_URL", "")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
ROOT_URLCONF = "shop.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).resolve().parent / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
DATABASES = {
    "default": json.loads(os.environ.get("SHOP_DATABASE", "null"))
    or {"ENGINE": "django.db.backends.sqlite3", "NAME": FOLDER / "shop.db"}
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TIME_ZONE = os.environ.get("SHOP_TIME_ZONE", "UTC")
USE_TZ = os.environ.get("SHOP_USE_TZ", "True") == "True"
LOGIN_REDIRECT_URL = "/"
EMAIL_HOST = "127.0.0.1"
EMAIL_PORT = int(os.environ.get("EMAIL_PORT", "1025"))
DEFAULT_FROM_EMAIL = "Shop <shop@example.org>"
