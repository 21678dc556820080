"""The curated schema: shown, held against today's data or requests, and mended after a review."""
