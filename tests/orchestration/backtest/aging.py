"""A use case whose quality decays from one quarter to the next, made row by row."""

import datetime
import random

CONFIG = """
name: aging
data: {path: rows.csv}
schema: schema.pbtxt
features: {x: numeric, noise: numeric, city: categorical_string}
label: {name: clicked}
network: {hidden_units: [8], dropout: 0.0}
training: {batch_size: 64, max_epochs: 12, learning_rate: 0.02}
evaluation:
  metrics: [auc, accuracy, calibration]
  thresholds: [{metric: auc, min: 0.7}]
"""
SCHEMA = """
feature { name: "x" type: FLOAT }
feature { name: "noise" type: FLOAT }
feature { name: "city" type: BYTES }
feature { name: "clicked" type: INT }
"""
# How many labels are turned round, by quarter: at 0.5, nothing of what was learned holds.
FLIPPED = {20201: 0.05, 20202: 0.05, 20203: 0.05, 20204: 0.25, 20211: 0.4, 20212: 0.5}
ROWS = 200


def rows_of(quarter):
    """Yields the cells of a quarter's rows: when, x, noise, city, clicked."""
    random.seed(quarter)
    first = datetime.datetime(quarter // 10, quarter % 10 * 3 - 2, 1, tzinfo=datetime.timezone.utc)
    for _ in range(ROWS):
        when = first + datetime.timedelta(days=random.uniform(0, 89))
        x, noise = random.gauss(0, 1), random.gauss(0, 1)
        # The cities change for good, which no label says.
        city = random.choice("ab" if quarter < 20204 else "cde")
        clicked = (x > 0) != (random.random() < FLIPPED[quarter])
        yield int(when.timestamp()), f"{x:.4f}", f"{noise:.4f}", city, int(clicked)
