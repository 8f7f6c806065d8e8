"""Models learned from the district's own decisions: made, checked, tried in shadow, adopted, taken back."""
