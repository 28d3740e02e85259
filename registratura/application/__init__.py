"""Use cases: load, ask the domain, save, commit. Technology stays behind ports."""
