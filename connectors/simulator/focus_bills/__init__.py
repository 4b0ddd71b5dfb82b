"""Bills that come as FOCUS files: services by subscription and use (`saas`), and a GPU provider paid by credits ahead.

What is charged is in `saas` and `gpu_credits`, a row in FOCUS's columns in `rows`, the files in `files`. As everywhere
in the simulator, what is true is worked out from what was used and never read from the files.
"""
