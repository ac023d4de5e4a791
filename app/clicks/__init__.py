"""The click benchmark: an automatic clicker, the tools it is put to, and what is counted."""
