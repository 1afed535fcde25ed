"""A network as a folder that runs without Echoic."""
