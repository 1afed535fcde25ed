"""The corpora: which clips there are, who speaks in them, and which split each belongs to.

errors, corpus, workspace, names                the parts of every corpus, and the workspace
audio_file, scan, archives, folder, splits      files, archives and folders of clips
public/                                         published corpora: one module each, and how they are downloaded
own/                                            corpora of the user's own: how clips come in and go out
catalogue                                       open any corpus by its name or path
task, noise                                     which words are classes, what is unknown, what is silence
"""
