"""The marts of a publication, a file for each family: what is read, which model works it out, under which name."""
