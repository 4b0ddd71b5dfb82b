"""What is coming, what is odd, and why it changed: from series and price × quantity frames, never from charges."""
