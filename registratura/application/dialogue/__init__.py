"""The patient's dialogue: what came in, what it means, what is shown next."""
