"""The corpora: what clips there are, who speaks in them, and which side each is on.

corpus                                      what every corpus is; errors, workspace: the floor
scan, folder, splits                        any folder of clips
download, archives, published               corpora that are fetched
speech_commands, fsdd, synthetic_voices     the corpora (espeak_worker: the synthesiser's process)
catalogue                                   all of them by name
task, noise                                 which words are classes, what is unknown, what is silence
"""
