"""PostgreSQL, RabbitMQ and Chromium for the tests: found, started and stopped by `python -m tests.services`."""
