"""Icons, themes and starter weights that ship with the program."""
