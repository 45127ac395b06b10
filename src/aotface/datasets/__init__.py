"""Pictures of people for training and for measuring: lists, lamps, and what one face is in another's place."""
