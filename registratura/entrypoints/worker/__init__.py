"""The worker: outbox, reminders, chats, polls and queues."""
