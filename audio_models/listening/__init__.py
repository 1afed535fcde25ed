"""Word spotting in continuous audio: a stream goes in, events come out."""
