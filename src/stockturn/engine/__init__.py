"""Pure functions from canonical frames and settings to figures. No clock, no path, no print."""
