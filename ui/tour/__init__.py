"""The one-minute tour: steps that wait for the person to do the thing."""
