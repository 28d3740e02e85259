"""The Sferum methods that make chats for telemedicine consultations."""
