"""The MQTT vocabulary: topics, messages, codec. No I/O."""
