"""Images, tensors and weights: the YOLACT family. Knows no Qt, no project, no SQL, no user."""
