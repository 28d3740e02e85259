"""Pages for people: signing in, coming into a consultation, their bookings, words to support."""
