"""The record copy of every comment: what came in, exactly as it came."""
