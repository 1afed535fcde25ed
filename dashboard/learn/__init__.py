"""The course on recurrent networks: eight scenes, each one screen, drawn from networks that come with Echoic."""
