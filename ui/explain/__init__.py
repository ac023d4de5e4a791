"""Prototypes and coefficients on screen."""
