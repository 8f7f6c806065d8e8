"""Telling people: who is told what, through which channel, until somebody has seen it."""
