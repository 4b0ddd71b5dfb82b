"""A make-believe Slack on this machine: a workspace with channels and threads, over real HTTP, that fails as told."""
