"""MAX Bot API emulator: the bot's HTTP methods, a person's side and a chat page, over one SQLite file.

``create_app(MaxEmulatorConfig(...))`` gives a Starlette application for any prefix. Bot methods speak as the vendor's
do (schema 0.0.32) with ``Authorization: <token>``. Below are the paths of the person's side; bodies and answers are
JSON, refusals are ``{"error": ...}`` with 400, 404 or 409.

=========================================== ========================================================================
``GET  _people``                            ``{"people": [card], "bot": {"name"}}``; a card has ``user_id``,
                                            ``first_name``, ``last_name``, ``phone``, ``note``, ``chat_id``, ``started``
``POST _people``                            add a person: ``first_name`` and optionally the rest of a card
``GET  _people/{id}/``                      the card
``POST _people/{id}/start``                 start or resume the bot; ``payload`` as from a deep link (128 characters)
``POST _people/{id}/stop``                  stop the bot
``POST _people/{id}/clear``, ``…/delete``   clear the history; delete the dialog (which stops the bot)
``POST _people/{id}/mute``                  ``until`` in ms; without it notifications are on again
``GET  _people/{id}/messages``              ``{"person": card, "messages": [Message]}``, oldest first; a message may
                                            also have ``edited`` (ms) and ``preview_url``
``POST _people/{id}/messages``              write ``text``; gives ``{"message": Message}``
``PUT, DELETE _people/{id}/messages/{mid}`` change or remove an own message
``POST _people/{id}/press``                 press the button with this ``payload`` and/or ``text`` in ``message_id``
                                            (default: the newest message with buttons); gives ``callback_id``, ``url``,
                                            ``clipboard``, ``message`` or ``web_app`` with ``init_data``
``GET  _people/{id}/callbacks/{id}``        ``answered`` and ``notification`` (the toast) of a press
``POST _people/{id}/contact``               share the own number with its hash, or ``phone`` and ``name`` of somebody
                                            else without
``POST _people/{id}/location``              ``latitude``, ``longitude``
``POST _people/{id}/init_data``             launch data of a mini-app for ``start_param``
``GET  _people/{id}/events``                server-sent events: ``message``, ``edited``, ``removed``, ``answered``,
                                            ``action``, ``dialog``, ``cleared``, ``hello``, ``ping`` in ``type``
``POST _groups``                            ``owner``, ``members``, ``title``, ``bot_permissions`` (null: no admin)
``GET, PUT _faults``                        see ``faults.Faults``; what a PUT does not name is off
``GET  _requests``                          the last 500 requests of the bot
``GET  _deliveries``                        the last 500 webhook calls and what is pending
=========================================== ========================================================================
"""

from registratura.emulators.max.app import create_app
from registratura.emulators.max.config import Bot, MaxEmulatorConfig, Person

__all__ = ["Bot", "MaxEmulatorConfig", "Person", "create_app"]
