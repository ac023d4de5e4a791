"""Projects, images, annotations and versions. Knows no Qt and never imports torch."""
