"""The one place that picks adapters and hands them to the use cases."""
