"""Scores inside other libraries: a module for each, imported by nobody but you."""
