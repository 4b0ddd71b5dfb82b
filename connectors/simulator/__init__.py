"""A make-believe organisation served over loopback HTTP in the OpenAI and Anthropic wire formats, with its truth.

`simulation.Simulation` is the organisation, `server.Server` serves it. It shares no code with the real connectors and
none with the ledger: what the truth says was worked out here. README.md says who it is and what happens to it.
"""
