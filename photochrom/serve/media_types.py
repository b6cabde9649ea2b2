"""Media types of image files."""

from PIL import Image


def media_type(suffix: str) -> str:
    """`image/jpeg` of `.jpg`; what is no image's is only to be kept, never to be shown."""
    told = Image.MIME.get(Image.registered_extensions().get(suffix, ""), "")
    return told if told.startswith("image/") else "application/octet-stream"
