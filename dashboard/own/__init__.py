"""The sections of the page Your words: record, upload, curate, map, teach."""
