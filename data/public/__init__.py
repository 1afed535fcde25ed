"""Published corpora, one module each: DESCRIPTION (licence, citation, splits) and ARCHIVE (address, size, checksum).

`ArchiveCorpus` downloads, checks and reads them all. `synthetic_voices` has no archive: it makes its clips.
"""
