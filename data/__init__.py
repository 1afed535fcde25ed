"""The corpora: what clips there are, who speaks in them, and which side each is on.

corpus                                      what every corpus is; errors, workspace: the floor
scan, folder, splits                        any folder of clips
download, archives, published               corpora that are fetched
speech_commands, fsdd, synthetic_voices     the corpora (espeak_worker: the synthesiser's process)
own_corpus, own_store, new_clips, names     corpora of the user's own, and the text that is kept with them
deliveries, layouts, clip_lists, export     what is about to be added to one, and what is taken out of it
catalogue                                   all of them by name
task, noise                                 which words are classes, what is unknown, what is silence
"""
