"""Published corpora, one module each: how to download, check and read them."""
