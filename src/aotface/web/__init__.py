"""The studio: a page and an HTTP API over `aotface.jobs`, served by `aotface serve` (extra ``web``)."""
