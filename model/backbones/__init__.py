"""Feature extractors: each gives C3, C4, C5 at strides 8, 16, 32."""
