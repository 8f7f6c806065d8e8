"""What `modbot doctor` looks at, one file an area."""
