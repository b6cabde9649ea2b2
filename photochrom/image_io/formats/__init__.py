"""What single file formats need beyond Pillow."""
