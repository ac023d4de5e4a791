"""Docked panels: each gets the session, shows one thing, sends intentions back."""
