"""`python -m models.lite_export` where functions of the tests can be found.

TensorFlow adds a folder to the import path in which there are other `tests`.
"""

import sys

import tests.models.own_functions  # noqa: F401
from models.lite_export import main

sys.exit(main())
