"""The worker entrypoint: works off what came in, sends what waits, looks after the line to MAX."""
