"""The outside world as this service needs it; the adapters answer it."""
