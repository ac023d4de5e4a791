"""The Qt window. Asks `app`, shows what changed, and sends intentions back."""

import os

# Solving is many small products: numpy's threads, woken for each, cost more than they bring.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
