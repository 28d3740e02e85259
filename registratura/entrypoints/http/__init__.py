"""The HTTP runner: state portal, MIS, MAX webhook and people."""
