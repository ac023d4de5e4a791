"""The picture: view transform, tiles, overlays."""
