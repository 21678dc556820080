"""Files of rows, read by Arrow in bounded blocks: what they hold, and how it becomes columns."""
