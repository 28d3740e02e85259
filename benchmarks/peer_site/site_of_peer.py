"""The least site that django-appointment runs in: its own defaults, mail off, PostgreSQL by environment variables."""
# mypy: ignore-errors
# Runs in an environment of its own, where Django is installed and we are not.

import os

SECRET_KEY = "bench"  # noqa: S105  # of a site that lives for seconds
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "paths_of_peer"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "/static/"
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
APPOINTMENT_BASE_TEMPLATE = "base_templates/base.html"
LOGGING = {"version": 1, "disable_existing_loggers": True}
_CONTRIB = ("admin", "auth", "contenttypes", "sessions", "messages", "staticfiles")
INSTALLED_APPS = [*(f"django.contrib.{name}" for name in _CONTRIB), "phonenumber_field", "appointment"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
_PROCESSORS = ("template.context_processors.request", "contrib.auth.context_processors.auth")
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                *(f"django.{name}" for name in _PROCESSORS),
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": os.environ["PEER_DATABASE"],
        "USER": os.environ["PEER_USER"],
        "HOST": os.environ["PEER_HOST"],
        "PORT": os.environ["PEER_PORT"],
        "CONN_MAX_AGE": None,
    }
}
