"""Paths of the peer's site, and what gunicorn serves."""
# mypy: ignore-errors

from django.contrib import admin
from django.core.wsgi import get_wsgi_application
from django.urls import include, path

application = get_wsgi_application()
urlpatterns = [path("appointment/", include("appointment.urls")), path("admin/", admin.site.urls)]
