"""The requirements as Gherkin: a folder for each dialect, a file for each family."""
