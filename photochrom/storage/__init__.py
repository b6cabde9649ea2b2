"""Places that bytes are read from and written to: local paths and URLs."""

from photochrom.storage.open import (
    StorageError as StorageError,
    exists as exists,
    is_folder as is_folder,
    is_special as is_special,
    is_url as is_url,
    matches as matches,
    names as names,
    open_binary as open_binary,
    put as put,
    read_end as read_end,
    read_range as read_range,
    read_whole as read_whole,
    refuse_credentials as refuse_credentials,
    size as size,
    walk as walk,
)
