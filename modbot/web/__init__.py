"""The pages that modbot serves: one file per screen, put together in `app.py`."""
