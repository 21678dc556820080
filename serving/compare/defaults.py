"""What a comparison goes by where nobody says otherwise."""

ROWS = 20_000  # of a file: they are held in memory, with what both versions answer
MAX_SLOWDOWN = 1.5
MARGIN = 0.0
TIMEOUT = 10.0  # seconds for one request
COME_BACK = 10.0  # seconds in which a server that was lost is asked for again
