"""The page for people at `/`: ask, read the answer, see each cited sentence where it stands."""
