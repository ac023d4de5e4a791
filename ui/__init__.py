"""The Qt window. Asks `app`, shows what changed, and sends intentions back."""
