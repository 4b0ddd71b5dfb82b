"""The clouds' bills of the make-believe company: what it runs there, what that costs, and the files that tell it.

Three clouds, each a module of its bill and one that writes it as the vendor does. Nothing here imports the real
connectors or the ledger, nor do the bills read the files: what is true is worked out from what was run.
"""
