"""The HTTP entrypoint: parse, call one use case, render."""
