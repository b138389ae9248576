"""Bulk prediction: a file of rows in, the same rows with their answers out, chunk by chunk."""
