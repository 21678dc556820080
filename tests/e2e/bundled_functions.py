"""Functions of a user's own, as dotted paths in the use cases of this folder name them."""


def ratio(columns):
    """Low- to high-density lipoproteins: s2 / s3, float32 [batch]."""
    return columns["s2"] / columns["s3"]
