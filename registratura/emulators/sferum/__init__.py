"""Emulator of the Sferum methods that make chats for telemedicine, with pages for people, over one SQLite database.

``create_app(SferumEmulatorConfig(...))`` gives a Starlette application for any prefix. The methods answer as VK's do:
``POST <name>`` and ``POST method/<name>``, a form with ``access_token`` in, ``{"response": ...}`` or ``{"error": ...}``
with HTTP 200 out. No public page of the vendor describes them; what real clients were seen to send is followed, and
where nothing is known the stricter reading is taken (``methods.py``).

======================== ===========================================================================================
``GET  /``               the page: chats, who is in them, switches of faults
``GET  join/{code}``     what an invitation link opens: the chat with its people and messages
``POST join/{code}``     a member writes: form with ``phone`` and ``text``
``GET  _emu/chats``      ``{"chats": [{"chat_id", "title", "link", "created", "members": [{"phone", "chat_role",
                         "member_role", "state"}]}]}``, the last 1000, oldest first; ``state`` is ``member`` or
                         ``queued``
``GET  _emu/calls``      ``{"calls": [{"at", "name", "path", "content_type", "fields", "answer"}]}``, the last 500,
                         oldest first; ``answer`` is null when none was sent in the form of the vendor
``GET, PUT _emu/faults`` see ``faults.Faults``, JSON; what a PUT does not name is off
``POST _emu/faults``     the same from the form of the page
======================== ===========================================================================================
"""

from registratura.emulators.sferum.app import create_app
from registratura.emulators.sferum.config import SferumEmulatorConfig

__all__ = ["SferumEmulatorConfig", "create_app"]
