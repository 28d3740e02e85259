"""Measurements as ratios: a floor and ours in turn, in one run on one machine. Printed, never asserted."""
