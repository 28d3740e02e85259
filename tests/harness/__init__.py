"""Helpers of tests that run the product from outside: processes, an invented village, people with MAX."""
