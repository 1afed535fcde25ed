"""What several pages share: choosing a model, a corpus or a clip; charts; players; feedback; what a tab remembers."""
