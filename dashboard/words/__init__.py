"""The sections of the Your words page: record, upload, clips, map, teach."""
