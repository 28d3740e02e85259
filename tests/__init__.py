"""Tests of registratura; folders say what each asks and needs."""
