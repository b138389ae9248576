"""What a running process tells of itself; knows neither HTTP nor models."""
