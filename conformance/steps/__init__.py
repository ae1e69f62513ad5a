"""What the words of the features do."""
