"""Session-wide real peers, each started at most once and only when a test asks for it."""

from tests.peers.wordpress import wordpress

__all__ = ["wordpress"]
