"""Tables, twenty members of staff, one service of 20 minutes and as many signed-in people as asked for.

Prints the ids of the service and of the first member of staff; session keys follow from a person's number.
"""
# mypy: ignore-errors

import sys
from datetime import timedelta

import django

django.setup()

from appointment.models import Service, StaffMember  # noqa: E402  # models exist after the set-up only
from django.contrib.auth.models import User  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.contrib.sessions.models import Session  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402

# The peer is published without migrations of its tables.
call_command("makemigrations", "appointment", verbosity=0)
call_command("migrate", verbosity=0)
service = Service.objects.create(name="GP", duration=timedelta(minutes=20), price=0)
for number in range(20):
    user = User.objects.create_user(f"doctor{number}", f"doctor{number}@example.com")
    StaffMember.objects.create(user=user).services_offered.add(service)
people = User.objects.bulk_create(
    [
        User(username=f"person{number}", email=f"person{number}@example.com", first_name="A", password="!")  # noqa: S106  # nobody signs in with it
        for number in range(int(sys.argv[1]))
    ]
)
store, expires = SessionStore(), timezone.now() + timedelta(days=9)
backend = "django.contrib.auth.backends.ModelBackend"
Session.objects.bulk_create(
    [
        Session(
            session_key=f"benchsession{number:020d}",
            session_data=store.encode(
                {
                    "_auth_user_id": str(person.pk),
                    "_auth_user_backend": backend,
                    "_auth_user_hash": person.get_session_auth_hash(),
                }
            ),
            expire_date=expires,
        )
        for number, person in enumerate(people)
    ],
    batch_size=2000,
)
print(service.pk, StaffMember.objects.order_by("pk").first().pk)
