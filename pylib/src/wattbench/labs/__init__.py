"""The world outside the board and the judgements over it; each lab is given a bench."""
