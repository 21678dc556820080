"""What holds for all tests."""

from hypothesis import settings

# A busy machine is slow at times; what a test may take is for the whole suite to say.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")
