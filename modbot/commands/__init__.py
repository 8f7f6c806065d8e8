"""The commands of `modbot`, one file a group. A new one is one file and one line in `modbot/cli.py`."""
