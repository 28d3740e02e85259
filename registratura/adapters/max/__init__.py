"""The MAX messenger: messages go out over its Bot API, updates come in by webhook or polling."""
