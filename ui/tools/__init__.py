"""Canvas tools, one class each: what mouse and keys mean on the picture."""
