"""The networks that come with Echoic, each a run folder, and the program that builds them."""
