"""Fine prototypes: a small network that looks at one instance's crop, so that hints are answered finely."""
